"""Raw profiles: time and memory of reading and filtering them, and the filters against a loop.

The texts of both sides of the comparison are the same, and so have to be the labels.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import pyarrow

from ml_headcount_assets.ingest import read_companies, read_profiles
from ml_headcount_assets.study import load_study
from ml_headcount_assets.text.filters import KeywordFilters, keyword_labels, reference_pattern
from ml_headcount_assets.warehouse.keyword_labels import label_profiles
from ml_headcount_assets.warehouse.records import label_rows
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.simulation import SimulatedWorld
from ml_headcount_assets.worlds.writing import write_world

from .measurements import Measurement, peak_gigabytes, seconds

_LOOPED = 20_000


def raw_profiles(work: Path, world: SimulatedWorld) -> list[Measurement]:
    """Write a world's raw profiles, then read, store and filter them in a process of its own."""
    directory, warehouse = work / "raw", work / "raw-warehouse"
    writing = seconds(lambda: write_world(world, directory, raw_profiles=True))
    command = [sys.executable, "-m", __name__, str(directory), str(warehouse)]
    told = subprocess.run(command, check=True, capture_output=True).stdout
    measured = json.loads(told)
    store, filters = TableStore(warehouse), load_study(directory).keyword_filters
    texts = store.query(f"SELECT text FROM profiles ORDER BY text_hash LIMIT {_LOOPED}")["text"]
    count, size = len(world.profiles), measured["characters"] / len(world.profiles) / 1000
    return [
        Measurement(f"{count:,} raw profiles of {size:.1f} kB: writing them", writing, "s"),
        Measurement("... reading and storing them", measured["ingest"], "s"),
        Measurement("... three keyword filters, labels stored", measured["filters"], "s"),
        Measurement("... both together", measured["ingest"] + measured["filters"], "s", 90.0),
        Measurement("... memory", measured["memory"], "GB", 2.0),
        *against_a_loop(texts.tolist(), filters),
    ]


def against_a_loop(texts: Sequence[str], filters: KeywordFilters) -> list[Measurement]:
    """Compare the matcher with compiled patterns of Python's `re`, text by text.

    The loop gets the same chance to stop early: a list that cannot change a label any more is not
    searched for.
    """
    column = pyarrow.array(texts, pyarrow.string())
    keyword_labels(column[:1], filters)  # builds the patterns
    by_loop: list[dict[str, bool]] = []
    slow = seconds(lambda: by_loop.extend(_loop(texts, filters)))
    fast = seconds(lambda: keyword_labels(column, filters), repeats=3)
    labels = keyword_labels(column, filters)
    if by_loop != [
        dict(zip(labels, row, strict=True)) for row in zip(*labels.values(), strict=True)
    ]:
        raise AssertionError("the keyword filters and the loop do not agree")
    what = f"keyword filters, {len(texts):,} of these texts"
    return [
        Measurement(f"{what}: compiled re, in a loop", slow, "s"),
        Measurement("... here", fast, "s"),
        Measurement("... times the speed of the loop, same labels", slow / fast, "x", 10.0, True),
    ]


def _loop(texts: Sequence[str], filters: KeywordFilters) -> list[dict[str, bool]]:
    patterns = {name: reference_pattern(terms) for name, terms in filters.terms.items()}
    labels = []
    for text in texts:
        known: dict[str, bool] = {}

        def has(name: str, text: str = text, known: dict[str, bool] = known) -> bool:
            if name not in known:
                known[name] = patterns[name].search(text) is not None
            return known[name]

        labels.append(
            {
                name: all(map(has, rule.all_of))
                and (not rule.any_of or any(map(has, rule.any_of)))
                and not any(map(has, rule.none_of))
                for name, rule in filters.rules.items()
            }
        )
    return labels


def _measure(directory: Path, warehouse: Path) -> dict[str, float]:
    study, store = load_study(directory), TableStore(warehouse)
    start = time.perf_counter()
    companies, _, _ = read_companies(study)
    keys = companies["company"].tolist()
    with store.transaction() as transaction:
        for table, group in groupby(read_profiles(study, companies), key=itemgetter(0)):
            if table == "profiles":
                frames = (frame for _, frame in group)
                transaction.replace(table, frames, keys)
    read = time.perf_counter()
    rows = label_profiles(store, study.keyword_filters, (), lambda done, total: None)
    store.write("keyword_labels", map(label_rows, rows), keys)
    labelled = time.perf_counter()
    characters = store.query("SELECT sum(length(text)) AS n FROM profiles")["n"][0]
    return {
        "ingest": read - start,
        "filters": labelled - read,
        "memory": peak_gigabytes(),
        "characters": float(characters),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(*map(Path, sys.argv[1:]))))

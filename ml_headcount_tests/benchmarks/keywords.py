"""Keyword discovery: its time, whether it finds what was planted, and the gap of optimism.

The CVs are the rated ones of a simulated study, 585 with some 500 words each, embedded by the
packaged model. Each timing is of a process of its own, start and imports included.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from ml_headcount_assets.text.keywords import (
    EmbeddingCache,
    KeywordDiscovery,
    KeywordSettings,
    discover_keywords,
)
from ml_headcount_assets.text.keywords.phrases import candidate_phrases
from ml_headcount_assets.text.recipe import profile_text
from ml_headcount_assets.worlds.profiles import phrases, simulated_cvs
from ml_headcount_assets.worlds.simulation import FILTERS, LLMS, SimulatedWorld

from .measurements import Measurement, seconds

_SEEDS = 10
#: The filter that fires most, and so has most to be optimistic about.
_SHOWN = "discovered_broad_yes"


def keywords(work: Path, world: SimulatedWorld, seeds: int = _SEEDS) -> list[Measurement]:
    """Time a discovery, first and unchanged, and look at what it finds."""
    rated, cache = rated_texts(world), work / "embeddings.sqlite"
    rated.to_parquet(work / "rated.parquet")
    command = [sys.executable, "-m", __name__, str(work / "rated.parquet"), str(cache)]
    first, told = _timed(command)
    again, told_again = _timed(command)
    if told != told_again:
        raise AssertionError("the same CVs gave other keywords")
    planted = planted_phrases()
    best = told["best"][:20]
    share = sum(phrase in planted for phrase in best) / 20
    same, honest = without_signal(rated, cache, range(seeds))
    what = f"keywords from {len(rated)} rated CVs"
    return [
        Measurement(f"{what}, packaged model", first, "s", 180.0),
        Measurement("... again, nothing changed", again, "s", 20.0),
        Measurement("... planted, of the best 20 that KeyBERT names", share, "", 0.8, True),
        Measurement("... truth shuffled: sens. + spec. − 1 on the same CVs", same, "", 0.1, True),
        Measurement("... cross-validated, distance from 0", abs(honest), "", 0.05),
    ]


def rated_texts(world: SimulatedWorld) -> pd.DataFrame:
    """Return the rated CVs of a world as texts, with the truth."""
    labels = world.validation[[*FILTERS, *LLMS]]
    employers = ['"company":"An employer"'] * len(labels)
    cvs = simulated_cvs(labels, employers, np.random.default_rng(0))
    return pd.DataFrame(
        {
            "rated_id": [f"cv-{number:04d}" for number in range(len(labels))],
            "text": [profile_text(json.loads(f"{{{cv}}}")).text for cv in cvs],
            "is_expert": world.validation["is_expert"].to_numpy(),
        }
    )


def planted_phrases() -> set[str]:
    """Return all phrases of the sentences that experts' CVs get, save those of everyday ones."""
    bank = phrases()
    lists = bank["keywords"]
    planted = _phrases_of([*bank["creating"], *lists["machine_learning"], *lists["research"]])
    return planted - _phrases_of([*bank["everyday"], *bank["applied"], *lists["business"]])


def without_signal(rated: pd.DataFrame, cache: Path, seeds: Iterable[int]) -> tuple[float, float]:
    """Return the mean Youden index, on the same CVs and cross-validated, with shuffled truth."""
    told = []
    for seed in seeds:
        shuffled = np.random.default_rng(seed).permutation(rated["is_expert"].to_numpy())
        optimism = _discover(rated.assign(is_expert=shuffled), cache).optimism
        rows = optimism[(optimism["filter"] == _SHOWN) & (optimism["measure"] == "youden")]
        told.append(rows[["same_cvs", "cross_validated"]].iloc[0].to_numpy(dtype=float))
    same, honest = np.mean(told, axis=0)
    return float(same), float(honest)


def _phrases_of(templates: Sequence[str]) -> set[str]:
    sentences = (sentence for template in templates for sentence in _filled(template))
    return set(candidate_phrases(list(sentences), KeywordSettings().longest, 1).phrases)


def _filled(template: str) -> Iterator[str]:
    """Yield a template with all that its slots can be filled with."""
    parts = re.split(r"\{(\w+)\}", template)
    choices = [phrases()[part] if place % 2 else [part] for place, part in enumerate(parts)]
    yield from map("".join, product(*choices))


def _discover(rated: pd.DataFrame, cache: Path) -> KeywordDiscovery:
    return discover_keywords(
        rated, rated[["rated_id"]], KeywordSettings(), embeddings=EmbeddingCache(cache)
    )


def _timed(command: Sequence[str]) -> tuple[float, dict[str, list[str]]]:
    told: list[str] = []
    spent = seconds(lambda: told.append(_output(command)))
    return spent, json.loads(told[0])


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _told(rated: Path, cache: Path) -> dict[str, list[str]]:
    found = _discover(pd.read_parquet(rated), cache)
    named = found.phrases.loc[found.phrases["keybert_experts"] > 0, "phrase"]
    return {"best": named.head(50).tolist(), **{k: list(v) for k, v in found.lists.items()}}


if __name__ == "__main__":
    print(json.dumps(_told(*map(Path, sys.argv[1:]))))

"""What phrases and filters would do to the profiles in the warehouse: how many, and where."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.text.filters import FilterRule, KeywordFilters, keyword_labels

from .store import Tables

__all__ = ["keyword_reach"]

_AT_ONCE = 5_000
_TOP = 5
_COLUMNS = ["profiles", "of_profiles", "share", "companies", "of_companies"]


def keyword_reach(
    tables: Tables,
    phrases: Sequence[str],
    filters: KeywordFilters,
    progress: Progress,
) -> pd.DataFrame:
    """Count the profiles and the companies on which phrases and filters fire.

    The texts are read a few thousand at a time, and only counts are kept.

    Parameters
    ----------
    tables
        Have table profiles.
    phrases
        Phrases, each of which is taken for a filter that fires where it occurs.
    filters
        The filters.
    progress
        Is told how many profiles are done, of how many.

    Returns
    -------
    DataFrame
        Columns of table keyword_reach, phrases before filters. Profiles without text do not
        count. No rows, if no profile has a text.
    """
    names = [*(("phrase", each) for each in phrases), *(("filter", each) for each in filters.rules)]
    rules = [*map(_rule_of, phrases), *(filters.only([name]) for name in filters.rules)]
    counted = _Counts(len(names))
    done = 0
    # The search is Arrow's, which lets other threads work meanwhile.
    with tables.snapshot() as snapshot, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        total = int(snapshot.query("SELECT count(*) FROM profiles WHERE text <> ''").iloc[0, 0])
        for batch in snapshot.stream(
            "SELECT company_id, text FROM profiles WHERE text <> ''", [], _AT_ONCE
        ):
            fired = pool.map(partial(_fires, batch.column("text")), rules)
            counted.add(batch.column("company_id"), fired)
            done += len(batch)
            progress(done, total)
    rows = [
        {"kind": kind, "name": name, **found}
        for (kind, name), found in zip(names, counted.rows(), strict=True)
        if counted.profiles
    ]
    return pd.DataFrame(rows, columns=["kind", "name", *_COLUMNS, "top_companies", "top_profiles"])


class _Counts:
    """Profiles by company, and by company those on which each of several rules fires."""

    def __init__(self, rules: int) -> None:
        self._place: dict[str, int] = {}
        self._fired = np.zeros((rules, 0), dtype=np.int64)
        self.profiles = 0

    def add(self, companies: pyarrow.Array, fired: Iterable[NDArray[np.bool_]]) -> None:
        """Add profiles of these companies; `fired` has an array for each rule."""
        encoded = companies.dictionary_encode()
        ids = encoded.dictionary.to_pylist()
        places = np.array([self._place.setdefault(each, len(self._place)) for each in ids])
        row = places[encoded.indices.to_numpy()]
        more = len(self._place) - self._fired.shape[1]
        self._fired = np.pad(self._fired, ((0, 0), (0, more)))
        for counts, labels in zip(self._fired, fired, strict=True):
            counts += np.bincount(row[labels], minlength=len(counts))
        self.profiles += len(row)

    def rows(self) -> Iterator[Mapping[str, object]]:
        """Yield what is known of each rule."""
        ids = np.array(list(self._place), dtype=object)
        for counts in self._fired:
            # Of companies with equally many, the first by name.
            order = np.lexsort((ids.astype("str"), -counts))[:_TOP].tolist()
            top = [place for place in order if counts[place]]
            profiles = int(counts.sum())
            yield {
                "profiles": profiles,
                "of_profiles": self.profiles,
                "share": profiles / self.profiles if self.profiles else 0.0,
                "companies": int((counts > 0).sum()),
                "of_companies": len(ids),
                "top_companies": [str(ids[place]) for place in top],
                "top_profiles": [int(counts[place]) for place in top],
            }


def _rule_of(phrase: str) -> KeywordFilters:
    """Return a filter that fires where a phrase is."""
    return KeywordFilters(terms={"it": (phrase,)}, rules={"it": FilterRule(all_of=("it",))})


def _fires(texts: pyarrow.Array, one: KeywordFilters) -> NDArray[np.bool_]:
    (labels,) = keyword_labels(texts, one).values()
    return labels

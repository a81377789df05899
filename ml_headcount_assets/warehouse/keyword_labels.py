"""Labelling the profiles in the warehouse by keyword, a few thousand texts at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.model.annotators import check_derived
from ml_headcount_assets.text.filters import KeywordFilters, keyword_labels

from .store import Tables

__all__ = ["label_profiles"]

_AT_ONCE = 10_000
_NO_TEXT = "the profile has no text"
_COLUMNS = ["company", "company_id", "profile_id", "recipe"]


def label_profiles(
    tables: Tables,
    filters: KeywordFilters,
    annotators: Sequence[Annotator],
    progress: Progress,
) -> Iterator[pd.DataFrame]:
    """Apply keyword filters to the texts of profiles.

    Parameters
    ----------
    tables
        Have table profiles.
    filters
        The filters.
    annotators
        Annotators of the study, of which some may follow from others.
    progress
        Is told how many profiles are done, of how many.

    Returns
    -------
    Iterator of DataFrame
        For each filter company, company_id, profile_id, annotator, label (Int8), missing,
        recipe, model (the rule's fingerprint): one row per profile, and a frame without rows
        before all others. An empty text has no label. The warehouse has been read by then.

    Raises
    ------
    InputError
        A filter that is declared to follow from others does not.
    """
    fired: dict[str, list[np.ndarray]] = {name: [np.empty(0, bool)] for name in filters.rules}
    parts = [pd.DataFrame(columns=[*_COLUMNS, "has_text"], dtype="str")]
    done = 0
    with tables.snapshot() as snapshot:
        total = int(snapshot.query("SELECT count(*) FROM profiles").iloc[0, 0])
        batches = snapshot.stream(
            f"SELECT {', '.join(_COLUMNS)}, text <> '' AS has_text, text FROM profiles",
            [],
            _AT_ONCE,
        )
        for batch in batches:
            for name, labels in keyword_labels(batch.column("text"), filters).items():
                fired[name].append(labels)
            parts.append(batch.drop_columns(["text"]).to_pandas())
            done += len(batch)
            progress(done, total)
    profiles = pd.concat(parts[1:] or parts, ignore_index=True)
    lacks_text = ~profiles.pop("has_text").to_numpy(dtype=bool)
    wide = pd.DataFrame({name: np.concatenate(fired[name]) for name in fired}, dtype="Int8")
    here = [each for each in annotators if {each.name, *each.derived} <= set(wide)]
    check_derived(wide, here, "the profiles")
    missing = pd.Series(_NO_TEXT, profiles.index, "str").where(lacks_text)
    by_filter = {name: wide[name].mask(lacks_text) for name in wide}
    return _frames(profiles.assign(missing=missing), by_filter, filters)


def _frames(
    profiles: pd.DataFrame, labels: Mapping[str, pd.Series], filters: KeywordFilters
) -> Iterator[pd.DataFrame]:
    yield profiles[:0].assign(annotator="", label=0, model="")
    for name, label in labels.items():
        yield profiles.assign(annotator=name, label=label, model=filters.fingerprint(name))

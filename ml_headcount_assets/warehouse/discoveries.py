"""Discovered keywords as rows of the warehouse's tables, and back."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.text.filters import FilterRule, KeywordFilters
from ml_headcount_assets.text.keywords import LISTS, KeywordDiscovery
from ml_headcount_assets.text.keywords.result import LearnedFilter

from .schemas import TABLES

__all__ = [
    "DISCOVERED",
    "discovery_rows",
    "learned_filter",
    "listed_phrases",
    "no_discovery",
    "stored_filters",
]

#: The discovery's frame that each table comes from.
_FRAME_OF: Mapping[str, str] = {
    "keyword_phrases": "phrases",
    "keyword_themes": "themes",
    "keyword_filters_found": "filters",
    "keyword_optimism": "optimism",
    "keyword_precision_recall": "precision_recall",
    "keyword_folds": "folds",
}

#: Tables that a discovery fills, in the order in which they follow from each other.
DISCOVERED: tuple[str, ...] = tuple(_FRAME_OF)


def discovery_rows(found: KeywordDiscovery) -> dict[str, pd.DataFrame]:
    """Return the rows of every table; a filter comes with the phrases that it is made of."""
    rules = found.filters_as_rules()
    terms = {
        name: [
            [term for each in rule.get(part, ()) for term in rules["terms"][each]]
            for part in ("all_of", "none_of")
        ]
        for name, rule in rules["rules"].items()
    }
    frames = {table: getattr(found, frame) for table, frame in _FRAME_OF.items()}
    filters = frames["keyword_filters_found"]
    made_of = [terms.get(name, [[], []]) for name in filters["filter"]]
    frames["keyword_filters_found"] = filters.assign(
        yes_terms=[yes for yes, _ in made_of], no_terms=[no for _, no in made_of]
    )
    return frames


def no_discovery() -> dict[str, pd.DataFrame]:
    """Return the tables of a study in which there is nothing to discover."""
    return {table: TABLES[table].empty() for table in DISCOVERED}


def listed_phrases(phrases: pd.DataFrame) -> list[str]:
    """Return the phrases of table keyword_phrases that are on a list."""
    return phrases.loc[phrases[list(LISTS)].any(axis=1), "phrase"].tolist()


def stored_filters(found: pd.DataFrame) -> KeywordFilters:
    """Return the filters of table keyword_filters_found; those without a rule are left out."""
    rows = [row for row in found.drop_duplicates("filter").itertuples() if len(row.yes_terms)]
    terms = {f"{row.filter}: yes": tuple(row.yes_terms) for row in rows}
    terms |= {f"{row.filter}: no": tuple(row.no_terms) for row in rows if len(row.no_terms)}
    return KeywordFilters(
        terms=terms,
        rules={
            row.filter: FilterRule(
                all_of=(f"{row.filter}: yes",),
                none_of=(f"{row.filter}: no",) if len(row.no_terms) else (),
            )
            for row in rows
        },
    )


def learned_filter(
    name: str, found: pd.DataFrame, folds: pd.DataFrame, texts: pd.DataFrame
) -> LearnedFilter:
    """Return a discovered filter as it is taken into a study.

    Parameters
    ----------
    name
        Name of the filter.
    found, folds
        Tables keyword_filters_found and keyword_folds.
    texts
        rated_id and text_hash of the rated CVs.

    Raises
    ------
    InputError
        There is no such filter, or it has no phrases.
    """
    filters = stored_filters(found)
    if name not in filters.rules:
        known = ", ".join(filters.rules) or "none"
        empty = name in set(found["filter"])
        why = "has too few phrases to be one" if empty else "is not a discovered filter"
        raise InputError(f"{name!r} {why}. Those that can be accepted: {known}.")
    (row,) = found[found["filter"] == name].head(1).itertuples()
    labels = folds.loc[folds["filter"] == name, ["rated_id", "label"]]
    labels = labels.merge(texts[["rated_id", "text_hash"]], on="rated_id")
    return LearnedFilter(tuple(row.yes_terms), tuple(row.no_terms), labels)

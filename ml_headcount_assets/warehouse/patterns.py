"""Counting label patterns inside DuckDB, so that millions of labels never leave it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .store import Tables

__all__ = ["count_patterns", "pattern_of"]


def count_patterns(tables: Tables, annotators: Sequence[str]) -> pd.DataFrame:
    """Count the label patterns of profiles.

    Parameters
    ----------
    tables
        Have table profile_labels.
    annotators
        Names of the annotators, in the order of the pattern's characters.

    Returns
    -------
    DataFrame
        Rows of table pattern_counts, as `model.count_patterns` would count them.
    """
    return tables.query(
        f"""
        SELECT company, company_id, pattern, count(*) AS n_profiles
        FROM (
            SELECT company, company_id, {pattern_of(annotators)} AS pattern
            FROM profile_labels
            GROUP BY company, company_id, profile_id
        )
        GROUP BY ALL ORDER BY ALL
        """,
        list(annotators),
    )


def pattern_of(annotators: Sequence[str]) -> str:
    """Return the expression that makes a profile's pattern of rows of profile_labels.

    Its parameters are the annotators, in their order.
    """
    characters = " || ".join(
        "coalesce(max(label) FILTER (annotator = ?)::VARCHAR, '-')" for _ in annotators
    )
    return characters or "''"

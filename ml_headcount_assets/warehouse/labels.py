"""All labels of the profiles in one long table, whoever gave them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .schemas import TABLES
from .store import Tables, among

__all__ = ["gather_labels"]


def gather_labels(
    tables: Tables, of_labels: Sequence[str], annotators: Sequence[str]
) -> pd.DataFrame:
    """Return the labels that some annotators gave to profiles.

    Parameters
    ----------
    tables
        Have the tables of labels.
    of_labels
        Names of these; no two of them have labels of the same annotator.
    annotators
        Names of the annotators that count.
    """
    columns = ", ".join(TABLES["profile_labels"].columns)
    union = " UNION ALL ".join(f"SELECT {columns} FROM {table}" for table in of_labels)
    return tables.query(
        f"SELECT {columns} FROM ({union}) WHERE {among('annotator')}",
        [list(annotators)],
    )

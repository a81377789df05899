"""All labels of the profiles in one long table, whoever gave them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from .schemas import TABLES
from .store import TableStore

__all__ = ["gather_labels"]


def gather_labels(
    store: TableStore, tables: Sequence[str], annotators: Sequence[str], companies: Sequence[str]
) -> pd.DataFrame:
    """Return the labels that some annotators gave to some companies' profiles.

    Parameters
    ----------
    tables
        Tables of labels; no two of them have labels of the same annotator.
    annotators
        Names of the annotators that count.
    companies
        Partition keys.
    """
    columns = ", ".join(TABLES["profile_labels"].columns)
    union = " UNION ALL ".join(f"SELECT {columns} FROM {table}" for table in tables)
    return store.query(
        f"SELECT {columns} FROM ({union}) WHERE company IN (SELECT unnest(?::VARCHAR[]))"
        " AND annotator IN (SELECT unnest(?::VARCHAR[]))",
        [list(companies), list(annotators)],
    )

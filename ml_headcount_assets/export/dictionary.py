"""What every column of the exported tables means: its unit, its type, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ml_headcount_assets.warehouse.meanings import ROWS, meaning, unit

__all__ = ["data_package", "dictionary"]

#: What exported tables have beside what the warehouse has of that name.
_ADDED = {
    "name": "Name of the company, or its id if it has none",
    "label": "Name of the company, or its id if it has none",
    "cohort": "Cohorts, separated by ';'",
    "size_band": "Band of the headcount",
    "country": "Country of the headquarters",
    "headcount_low": "Fewest employees, where only a band is known",
    "headcount_high": "Most employees, where only a band is known",
}
_TYPES = {"b": "boolean", "i": "integer", "u": "integer", "f": "number"}


def dictionary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return ``table, column, type, unit, meaning`` of exported tables.

    Parameters
    ----------
    tables
        The tables by name, as they are exported.
    """
    rows = []
    for name, table in tables.items():
        for column in table.columns:
            means = meaning(name, column) or _ADDED.get(column, "")
            kind = _TYPES.get(getattr(table[column].dtype, "kind", "O"), "text")
            rows.append((name, column, kind, unit(name, column), means))
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "meaning"])


def data_package(
    words: pd.DataFrame, about: Mapping[str, Any], files: Mapping[str, str]
) -> dict[str, Any]:
    """Return a description of exported files by the standard Data Package (v1).

    Parameters
    ----------
    words
        What `dictionary` returns.
    about
        Title and whatever else describes the whole.
    files
        Name of the file of each table.
    """
    return {
        "profile": "tabular-data-package",
        **about,
        "resources": [
            {
                "name": table,
                "description": ROWS[table],
                "path": files[table],
                "profile": "tabular-data-resource",
                "encoding": "utf-8",
                "schema": {
                    "fields": [
                        {
                            "name": row.column,
                            "type": "string" if row.type == "text" else row.type,
                            "description": f"{row.meaning} ({row.unit})"
                            if row.unit
                            else row.meaning,
                        }
                        for row in of_table.itertuples()
                    ],
                    "missingValues": [""],
                },
            }
            for table, of_table in words.groupby("table", sort=False)
        ],
    }

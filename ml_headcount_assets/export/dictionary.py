"""What every column of the exported tables means: its unit, its type, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pandera.pandas as pa

from ml_headcount_assets.warehouse.schemas import RUN_TABLES, TABLES
from ml_headcount_assets.warehouse.table import Table

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
#: Tables whose intervals are of people; those of others are shares, correlations, scales.
_OF_PEOPLE = {"headcount_intervals", "portfolio_intervals", "prior_sensitivity", "headcount_draws"}
_INTERVAL = {"mean", "sd", "low", "median", "high", "draws", "width_alone", "width_without"}
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
        spec = TABLES.get(name) or RUN_TABLES.get(name)
        for column in table.columns:
            known = spec.schema.columns.get(column) if spec else None
            meaning = known.description if known is not None else _ADDED.get(column, "")
            kind = _TYPES.get(getattr(table[column].dtype, "kind", "O"), "text")
            rows.append((name, column, kind, _unit(spec, column, known), meaning))
    return pd.DataFrame(rows, columns=["table", "column", "type", "unit", "meaning"])


def _unit(spec: Table | None, column: str, known: pa.Column | None) -> str:
    if (
        spec is not None
        and spec.name in _OF_PEOPLE | {"uncertainty_budget"}
        and column in _INTERVAL
    ):
        return "people"
    if column.startswith(("headcount", "n_profiles", "hits", "accepted", "labelled", "people")):
        return "people"
    checks = [] if known is None else known.checks
    limits = [check.statistics for check in checks if check.name == "in_range"]
    if any(each.get("min_value") == 0 and each.get("max_value") == 1 for each in limits):
        return "share, 0 to 1"
    return ""


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

"""How a check tells what it found.

What is looked for does not belong here.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

__all__ = ["FOUND", "check", "verdict"]

#: The rows that make a check fail, among its metadata.
FOUND = "found"


def check(
    asset: str, *, blocking: bool = False
) -> Callable[[Callable[..., dg.AssetCheckResult]], dg.AssetChecksDefinition]:
    """Declare a check of an asset; a blocking one stops the run."""
    return dg.asset_check(asset=asset, blocking=blocking)


def verdict(
    problem: str | None, *, warn: bool = False, found: pd.DataFrame | None = None, **metadata: Any
) -> dg.AssetCheckResult:
    """Return the result of a check that found a problem, or none."""
    if found is not None and len(found):
        metadata[FOUND] = _table(found)
    return dg.AssetCheckResult(
        passed=problem is None,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=problem,
        metadata=metadata,
    )


def _table(rows: pd.DataFrame) -> dg.TableMetadataValue:
    plain = rows.astype(object).where(rows.notna(), None)
    records = [
        dg.TableRecord({str(name): _plain(value) for name, value in record.items()})
        for record in plain.to_dict("records")
    ]
    columns = [dg.TableColumn(str(name), str(rows[name].dtype)) for name in rows]
    return dg.MetadataValue.table(records, schema=dg.TableSchema(columns))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):  # what DuckDB's sums of whole numbers become
        return int(value) if value == int(value) else float(value)
    return value.item() if isinstance(value, np.generic) else value

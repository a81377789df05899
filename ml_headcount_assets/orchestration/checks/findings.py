"""What all checks find in a warehouse as it is, for those who read results without Dagster.

What single checks look for does not belong here.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.schemas import RUN_TABLES
from ml_headcount_assets.warehouse.store import TableStore

from ..resources import StudyResource, WarehouseResource
from .verdict import FOUND

__all__ = ["findings"]


def findings(warehouse: Path, study: Study) -> pd.DataFrame:
    """Return what the checks find, as rows of table checks.

    They are asked here, and not looked up in Dagster's records: those may be of other tables, if
    a check has not run since, or be gone.

    Parameters
    ----------
    warehouse
        The folder. Checks of tables that it does not have are left out.
    study
        The configuration that its tables were made with.
    """
    with TableStore(warehouse).snapshot() as snapshot:
        asked = [each for each in _checks() if snapshot.has(each.check_key.asset_key.path[0])]
    resources = {
        "study": StudyResource.holding(study),
        "warehouse": WarehouseResource(path=str(warehouse)),
    }
    rows = [_row(each, resources) for each in asked]
    return pd.DataFrame(rows, columns=list(RUN_TABLES["checks"].columns))


@cache
def _checks() -> tuple[dg.AssetChecksDefinition, ...]:
    loaded = dg.load_asset_checks_from_package_module(importlib.import_module(__package__))
    return tuple(each for each in loaded if isinstance(each, dg.AssetChecksDefinition))


def _row(check: dg.AssetChecksDefinition, resources: dict[str, Any]) -> dict[str, Any]:
    key = check.check_key
    wanted = check.required_resource_keys & resources.keys()
    # Not through Dagster, which makes an instance for each call: that takes longer than the check.
    function: Any = check.op.compute_fn
    result = function.decorated_fn(**{name: resources[name] for name in wanted})
    return {
        "asset": key.asset_key.to_user_string(),
        "check": key.name,
        "looks_for": check.get_spec_for_check_key(key).description or "",
        "passed": result.passed,
        "severity": result.severity.value,
        "description": result.description,
        "numbers": json.dumps(dict(_numbers(result))),
    }


def _numbers(result: dg.AssetCheckResult) -> Iterator[tuple[str, Any]]:
    """Yield what was counted, and under `FOUND` the rows that make the check fail."""
    for name, value in (result.metadata or {}).items():
        if name == FOUND and isinstance(value, dg.TableMetadataValue):
            yield name, [record.data for record in value.records]
        else:
            yield name, value.value if isinstance(value, dg.MetadataValue) else value

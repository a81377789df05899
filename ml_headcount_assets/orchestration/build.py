"""Assembling the code location."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from ml_headcount_assets.warehouse.schemas import TABLES

from . import checks
from .assets import annotate, calibrate, estimate, ingest, keywords, llms, report
from .jobs import ALL_JOBS
from .resources import resources_from
from .schedules import ALL_SCHEDULES
from .sensors import ALL_SENSORS

_STAGES = (ingest, llms, annotate, calibrate, estimate, keywords, report)


def build_definitions(*, resources: Mapping[str, Any] | None = None) -> dg.Definitions:
    """Return all definitions.

    Parameters
    ----------
    resources
        Replace those that the environment describes, by name: study, warehouse, compute,
        progress, announce.
    """
    return dg.Definitions(
        assets=[assets.map_asset_specs(_with_columns) for assets in _assets()],
        asset_checks=dg.load_asset_checks_from_package_module(checks),
        jobs=ALL_JOBS,
        schedules=ALL_SCHEDULES,
        sensors=ALL_SENSORS,
        resources={**resources_from(), **(resources or {})},
        # DuckDB has one writer at a time.
        executor=dg.in_process_executor,
    )


def _assets() -> list[dg.AssetsDefinition]:
    found = [member for stage in _STAGES for member in vars(stage).values()]
    return [member for member in found if isinstance(member, dg.AssetsDefinition)]


def _with_columns(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Let the UI show the columns of the asset's table."""
    name = spec.key.to_user_string()
    if name not in TABLES:
        return spec
    columns = [
        dg.TableColumn(
            column,
            type=TABLES[name].sql_type(column),
            description=declared.description,
            constraints=dg.TableColumnConstraints(nullable=declared.nullable),
        )
        for column, declared in TABLES[name].schema.columns.items()
    ]
    return spec.merge_attributes(
        metadata={
            "dagster/table_name": name,
            "dagster/column_schema": dg.TableSchema(columns=columns),
        }
    )

"""Assembling the code location: all recipes become assets, and all else is found in its module.

Definitions do not belong here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from . import checks
from .alerts import ALL_ALERTS
from .assets import (
    annotate,
    calibrate,
    estimate,
    ingest,
    keywords,
    llms,
    ratings,
    report,
    trust,
    validity,
)
from .factory import asset_of
from .jobs import ALL_JOBS
from .owners import owned, owners_from
from .recipes import Recipe
from .resources import resources_from
from .schedules import ALL_SCHEDULES
from .sensors import ALL_SENSORS
from .sources import study_sources

__all__ = ["RECIPES", "build_definitions"]

_STAGES = (ingest, llms, annotate, ratings, calibrate, trust, estimate, keywords, validity, report)

#: Every recipe, in the order of the stages.
RECIPES: tuple[Recipe, ...] = tuple(
    member for stage in _STAGES for member in vars(stage).values() if isinstance(member, Recipe)
)


def build_definitions(
    *, resources: Mapping[str, Any] | None = None, owners: tuple[str, ...] | None = None
) -> dg.Definitions:
    """Return all definitions.

    Parameters
    ----------
    resources
        Replace those that the environment describes, by name: study, warehouse, compute,
        progress, announce.
    owners
        In place of those that the environment names.
    """
    readers = [recipe.asset for recipe in RECIPES if recipe.rejects]
    owners = owners_from() if owners is None else owners
    assets = (study_sources, *(asset_of(recipe, readers) for recipe in RECIPES))
    return dg.Definitions(
        assets=[owned(each, owners) for each in assets],
        asset_checks=dg.load_asset_checks_from_package_module(checks),
        jobs=ALL_JOBS,
        schedules=ALL_SCHEDULES,
        sensors=[*ALL_SENSORS, *ALL_ALERTS],
        resources={**resources_from(), **(resources or {})},
        # DuckDB has one writer at a time.
        executor=dg.in_process_executor,
    )

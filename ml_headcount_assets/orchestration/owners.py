"""Who answers for a study's assets, as whoever runs it says; nobody, if nothing is said."""

from __future__ import annotations

import os
from collections.abc import Mapping

import dagster as dg

from ml_headcount_assets.errors import InputError

__all__ = ["OWNERS_VARIABLE", "owned", "owners_from"]

OWNERS_VARIABLE = "ML_HEADCOUNT_OWNERS"


def owners_from(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Return the owners that the environment names, separated by commas.

    Raises
    ------
    InputError
        One of them is neither an address of email nor a team.
    """
    named = (each.strip() for each in environment.get(OWNERS_VARIABLE, "").split(","))
    owners = tuple(dict.fromkeys(filter(None, named)))
    try:
        dg.AssetSpec("any", owners=owners)
    except dg.DagsterInvalidDefinitionError as error:
        raise InputError(
            f"{OWNERS_VARIABLE}: owners are addresses of email, or teams written like"
            " team:statistics, separated by commas."
        ) from error
    return owners


def owned(assets: dg.AssetsDefinition, owners: tuple[str, ...]) -> dg.AssetsDefinition:
    """Return assets with their owners."""
    return assets.map_asset_specs(lambda spec: spec.replace_attributes(owners=owners))

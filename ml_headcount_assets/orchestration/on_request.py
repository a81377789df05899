"""What is made only when somebody asks for it, and how a run of everything leaves it.

Which stages these are does not belong here: see `stages`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
    INPUT_EVENT_POINTER_TAG_PREFIX,
)
from dagster._core.storage.tags import BACKFILL_ID_TAG

from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.store import TableStore

from .recipes import Recipe, compare_stored

__all__ = ["LEFT", "is_asked_for", "left_alone"]

#: What a materialization says of an asset that its run has left as it was.
LEFT = "left as it was"

#: A run that makes this one makes estimates: what is made on request is not what it is about.
_ESTIMATES = dg.AssetKey("headcount_draws")

#: The version of what has never been made, which the UI takes for that of other code.
_NEVER = "never made"
_VERSION_TAGS = (
    *(DATA_VERSION_TAG, CODE_VERSION_TAG),
    *(INPUT_DATA_VERSION_TAG_PREFIX, INPUT_EVENT_POINTER_TAG_PREFIX),
)


def is_asked_for(context: dg.AssetExecutionContext, recipe: Recipe, everything: bool) -> bool:
    """Whether a run is to make what is made on request.

    It is, if it is of the job that the stage names, if it makes no estimates (then somebody chose
    these assets among a few), or if the run's configuration says so.

    Parameters
    ----------
    context
        Of a step of the run.
    recipe
        What is to be made.
    everything
        What the run's configuration says.
    """
    job = recipe.stage.on_request
    if job is None or everything or context.run.job_name == job:
        return True
    return _ESTIMATES not in _chosen(context)


def _chosen(context: dg.AssetExecutionContext) -> set[dg.AssetKey]:
    """Return the assets that somebody chose, of which a run of a backfill may have a part."""
    chosen = set(context.job_def.asset_layer.selected_asset_keys)
    backfill = context.run.tags.get(BACKFILL_ID_TAG)
    record = context.instance.get_backfill(backfill) if backfill else None
    return chosen | set((record.asset_selection if record else None) or ())


def left_alone(
    context: dg.AssetExecutionContext, recipe: Recipe, study: Study, store: TableStore
) -> Iterator[dg.MaterializeResult] | None:
    """Return what is told of a recipe's assets if nothing is made; None, if they are current.

    A backfill counts an asset of which nothing is told as failed, and does not go on to what
    comes after it. So each is told of, with the versions that its last materialization had: what
    is stale stays so.
    """
    with store.snapshot() as snapshot:
        if not compare_stored(snapshot, recipe, study).misses:
            return None
        rows = {
            table: sum(snapshot.row_counts(table).values()) if snapshot.has(table) else 0
            for table in recipe.tables_made
        }
    why = (
        "This run is of the estimates, and this is made on request. To have it, start the job"
        f" {recipe.stage.on_request}, materialize these assets without the estimates, or set"
        " on_request of the resource study in the launchpad."
    )
    context.log.info(f"{recipe.asset}: {LEFT}. {why}")
    return (_as_it_was(context.instance, key, rows.get(key), why) for key in recipe.makes)


def _as_it_was(
    instance: dg.DagsterInstance, key: str, rows: int | None, why: str
) -> dg.MaterializeResult:
    former = instance.get_latest_materialization_event(dg.AssetKey(key))
    tags = former.asset_materialization.tags if former and former.asset_materialization else None
    counted = {} if rows is None else {"dagster/row_count": rows}
    versions = _versions(tags) if tags else {DATA_VERSION_TAG: _NEVER, CODE_VERSION_TAG: _NEVER}
    return dg.MaterializeResult(
        asset_key=key,
        metadata={LEFT: why, "unchanged": int(tags is not None), **counted},
        tags=versions,
    )


def _versions(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name.startswith(_VERSION_TAGS)}

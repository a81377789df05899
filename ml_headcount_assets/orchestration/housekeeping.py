"""Keeping a warehouse and Dagster's records of it small: old runs go, and free room is given back.

What a study's tables hold does not belong here: nothing of it is removed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import func, select

from ml_headcount_assets.warehouse.beside import home_of
from ml_headcount_assets.warehouse.compacting import (
    compact_sqlite,
    compact_warehouse,
    remove_unfinished,
)

from .instance import open_instance

__all__ = ["KEPT_DAYS", "Tidied", "keep_house", "remove_old_runs", "tidy"]

KEPT_DAYS = 90
_DAY_SECONDS = 86_400.0
_ENDED = [
    *(dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED),
]


@dataclass(frozen=True)
class Tidied:
    """What housekeeping did.

    Attributes
    ----------
    runs
        How many runs were removed from Dagster's records.
    freed
        By how many bytes the warehouse's folder has become smaller.
    in_use
        Names of files that another program had open, and that are as they were.
    """

    runs: int
    freed: int
    in_use: tuple[str, ...]


def keep_house(warehouse: Path, days: float = KEPT_DAYS) -> Tidied:
    """Do the housekeeping of a warehouse that is held by whoever calls this."""
    with open_instance(warehouse) as instance:
        return tidy(warehouse, instance, days)


def tidy(warehouse: Path, instance: dg.DagsterInstance, days: float = KEPT_DAYS) -> Tidied:
    """Remove old runs and unfinished files, and give back free room.

    Parameters
    ----------
    warehouse
        The folder; whoever calls this holds it.
    instance
        Of the warehouse.
    days
        How long a run stays on record after its end.
    """
    before = _size(warehouse)
    removed = remove_old_runs(instance, days)
    remove_unfinished(warehouse)
    in_use = compact_warehouse(warehouse)
    records = sorted(home_of(warehouse).rglob("*.db"))
    in_use += [path for path in records if not compact_sqlite(path)]
    names = tuple(path.name for path in in_use)
    return Tidied(removed, before - _size(warehouse), names)


def remove_old_runs(instance: dg.DagsterInstance, days: float) -> int:
    """Remove the runs that have ended long ago, but for those that tables still come from.

    The last event of each partition is in the run that made it, however old.
    """
    kept = _runs_that_tables_come_from(instance)
    oldest = time.time() - days * _DAY_SECONDS
    removed = 0
    for record in instance.get_run_records(dg.RunsFilter(statuses=_ENDED)):
        ended = record.end_time or record.create_timestamp.timestamp()
        if ended < oldest and record.dagster_run.run_id not in kept:
            instance.delete_run(record.dagster_run.run_id)
            removed += 1
    return removed


def _runs_that_tables_come_from(instance: dg.DagsterInstance) -> set[str]:
    storage, events = instance.event_log_storage, SqlEventLogStorageTable
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError("Records are kept neither in SQLite nor in PostgreSQL.")
    kinds = (
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    )
    last = (
        select(func.max(events.c.id))
        .where(events.c.dagster_event_type.in_([kind.value for kind in kinds]))
        .group_by(events.c.dagster_event_type, events.c.asset_key, events.c.partition)
    )
    with storage.index_connection() as connection:
        found = connection.execute(select(events.c.run_id).where(events.c.id.in_(last)).distinct())
        return {run for (run,) in found.fetchall()}


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

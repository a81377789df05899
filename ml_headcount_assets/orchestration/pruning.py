"""Removing from Dagster's records what is old and speaks for nothing any more.

Dagster deletes a run with its events; what it leaves behind grows with every run all the same:
each execution of a check, each event outside a run (what a source looked like), and in SQLite an
empty file for each run. What the interface shows as the present state stays, however old.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import dagster as dg
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection

from .event_log import BatchedSqliteEventLogStorage

__all__ = ["prune_records", "remove_old_runs"]

_DAY_SECONDS = 86_400.0
_EVENTS, _TAGS, _CHECKS = SqlEventLogStorageTable, AssetEventTagsTable, AssetCheckExecutionsTable
_ENDED = [
    *(dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED),
]


def prune_records(instance: dg.DagsterInstance, days: float) -> int:
    """Remove runs that ended longer ago than some days, and what else is as old.

    Returns
    -------
    int
        How many runs were removed.
    """
    removed = remove_old_runs(instance, days)
    storage = _storage(instance)
    oldest = datetime.fromtimestamp(time.time() - days * _DAY_SECONDS, tz=UTC).replace(tzinfo=None)
    with storage.index_connection() as connection:
        _remove_old_checks(connection, oldest)
        _remove_old_runless(connection, oldest)
    # In SQLite they are in a file of their own as well.
    with storage.run_connection(RUNLESS_RUN_ID) as connection:
        _remove_old_runless(connection, oldest)
    if isinstance(storage, BatchedSqliteEventLogStorage):
        for run_id in storage.runs_with_files():
            if not instance.has_run(run_id):
                storage.remove_file(run_id)
    return removed


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
    kinds = (
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    )
    last = (
        select(func.max(_EVENTS.c.id))
        .where(_EVENTS.c.dagster_event_type.in_([kind.value for kind in kinds]))
        .group_by(_EVENTS.c.dagster_event_type, _EVENTS.c.asset_key, _EVENTS.c.partition)
    )
    with _storage(instance).index_connection() as connection:
        found = connection.execute(
            select(_EVENTS.c.run_id).where(_EVENTS.c.id.in_(last)).distinct()
        )
        return {run for (run,) in found.fetchall()}


def _remove_old_checks(connection: Connection, oldest: datetime) -> None:
    """Remove executions of checks, but for the last one of each check."""
    last = select(func.max(_CHECKS.c.id)).group_by(
        _CHECKS.c.asset_key, _CHECKS.c.check_name, _CHECKS.c.partition
    )
    old = (_CHECKS.c.create_timestamp < oldest) & _CHECKS.c.id.not_in(last)
    connection.execute(delete(_CHECKS).where(old))


def _remove_old_runless(connection: Connection, oldest: datetime) -> None:
    """Remove events outside runs, but for the last one of each kind of an asset's partition."""
    runless = _EVENTS.c.run_id == RUNLESS_RUN_ID
    last = (
        select(func.max(_EVENTS.c.id))
        .where(runless)
        .group_by(_EVENTS.c.dagster_event_type, _EVENTS.c.asset_key, _EVENTS.c.partition)
    )
    old = runless & (_EVENTS.c.timestamp < oldest) & _EVENTS.c.id.not_in(last)
    connection.execute(delete(_TAGS).where(_TAGS.c.event_id.in_(select(_EVENTS.c.id).where(old))))
    connection.execute(delete(_EVENTS).where(old))


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise TypeError("Records are kept neither in SQLite nor in PostgreSQL.")
    return storage

"""Dagster's SQLite event log, writing the events of many partitions in one transaction.

Which events there are does not belong here.

A run over 400 companies stores one event a company and asset. The stock storage opens four
connections for each, which takes about a minute for four assets; in one transaction per shard
it takes seconds. Dagster's core already hands over such events in batches (when the environment
variable `BATCH_SIZE_VARIABLE` is set), but only its PostgreSQL storage makes use of it.

What a run took from the cache for every company would be told by thousands of events that repeat
the last ones, and cost tens of megabytes. They are not stored: the last ones go on to speak for
these partitions. For the same reason a run has one event, and not one a partition, for what it
plans to make; that it failed is told of the run, and of its partitions that they are as they were.

The files are those of the stock storage, so that switching back is a change of configuration.
This module leans on private parts of Dagster; `ml_headcount_tests/orchestration/test_event_log.py`
compares what the two storages answer.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from dagster import DagsterEventType, EventLogEntry
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    INPUT_DATA_VERSION_TAG_PREFIX,
)
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.instance import RUNLESS_RUN_ID
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.tags import BACKFILL_ID_TAG
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool

BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"

_EVENTS = SqlEventLogStorageTable
_INSERT = _EVENTS.insert()
#: What the UI goes by when it says whether something is stale.
_VERSION_TAGS = (DATA_VERSION_TAG, CODE_VERSION_TAG, INPUT_DATA_VERSION_TAG_PREFIX)


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` with batches in one transaction, and files that stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._open: dict[str, Connection] = {}
        # By asset: the run that was last asked about, and the versions of the partitions before it.
        self._known: dict[str, tuple[str, dict[str, dict[str, str]]]] = {}
        super().__init__(base_dir, inst_data)
        # Re-entrant, because a batch holds a run's shard and the index shard at once, and because
        # the parent's methods open the index shard again while they store an event in it.
        self._db_lock = threading.RLock()  # type: ignore[assignment]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Build the storage from dagster.yaml (the parent would build its own class)."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """Yield a connection in a transaction; within one, the same connection again."""
        with self._db_lock:
            if shard in self._open:
                yield self._open[shard]
                return
            with self._engine(shard).connect() as connection, connection.begin():
                self._open[shard] = connection
                try:
                    yield connection
                finally:
                    del self._open[shard]

    def _engine(self, shard: str) -> Engine:
        # Making an engine costs more than the statements that go through it, and so does opening a
        # file: whoever closes a write-ahead log last moves it into its file.
        if shard not in self._engines:
            self._close_former_runs()
            self._engines[shard] = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
        if shard not in self._initialized_dbs:
            self._initdb(self._engines[shard])
            self._initialized_dbs.add(shard)
        return self._engines[shard]

    def _close_former_runs(self) -> None:
        """Close the files of single runs: a server that goes on for months has seen many."""
        for shard in self._engines.keys() - self._open.keys() - {INDEX_SHARD_NAME}:
            self._engines.pop(shard).dispose()

    def dispose(self) -> None:
        """Close all files."""
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

    def delete_events(self, run_id: str) -> None:
        """Delete a run's events, and its file: one without events has 0.1 MB of tables."""
        super().delete_events(run_id)
        if run_id != RUNLESS_RUN_ID:
            self.remove_file(run_id)

    def remove_file(self, run_id: str) -> None:
        """Remove the file of a run, whose events are gone or belong to no run on record."""
        with self._db_lock:
            if run_id in self._engines:
                self._engines.pop(run_id).dispose()
            self._initialized_dbs.discard(run_id)
            for ending in ("", "-wal", "-shm"):
                Path(self.path_for_shard(run_id) + ending).unlink(missing_ok=True)

    def runs_with_files(self) -> list[str]:
        """Return the ids of all runs that have a file."""
        return [
            path.stem
            for path in sorted(Path(self._base_dir).glob("?*.db"))
            if path.stem != INDEX_SHARD_NAME
        ]

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction per shard: all of them, or none.

        Dagster stores the events one by one when this raises, so nothing may be left behind.
        """
        events = [event for event in events if not self._is_repeated(event)]
        rows = [self._event_to_row(event) for event in events]
        for run_id in dict.fromkeys(event.run_id for event in events):
            of_run = [
                (event, row)
                for event, row in zip(events, rows, strict=True)
                if event.run_id == run_id
            ]
            with self.run_connection(run_id) as connection, self._connect(INDEX_SHARD_NAME):
                connection.execute(_INSERT, [row for _, row in of_run])
                self._store_in_index(of_run)

    @property
    def supports_partition_subset_in_asset_materialization_planned_events(self) -> bool:
        """Whether a run says once which partitions of an asset it is to make."""
        return True

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event; the last of a batch comes this way if it is alone."""
        if not self._is_repeated(event):
            super().store_event(event)

    def _is_repeated(self, event: EventLogEntry) -> bool:
        """Whether an event tells of a partition what the last one of it does."""
        if _type_of(event) != DagsterEventType.ASSET_MATERIALIZATION:
            return False
        made = event.get_dagster_event().step_materialization_data.materialization
        # Without a version of its data nobody can say that it is the same.
        if made.partition is None or DATA_VERSION_TAG not in (made.tags or {}):
            return False
        asset = made.asset_key.to_string()
        run, known = self._known.get(asset, ("", {}))
        if run != event.run_id:
            # A backfill goes on to what comes next when it has been told of every partition.
            known = {} if self._is_of_a_backfill(event.run_id) else self._last_versions(asset)
            self._known[asset] = (event.run_id, known)
        return known.get(made.partition) == _versions(made.tags or {})

    def _is_of_a_backfill(self, run_id: str) -> bool:
        """Whether a run is of a backfill, or nobody is there to ask: then nothing is left out."""
        instance = self._instance_weakref() if self._instance_weakref else None
        run = instance.get_run_by_id(run_id) if instance else None
        return instance is None or (run is not None and BACKFILL_ID_TAG in run.tags)

    def _last_versions(self, asset: str) -> dict[str, dict[str, str]]:
        """Return what the last event of each partition of an asset says of versions."""
        of_asset = (
            (_EVENTS.c.asset_key == asset)
            & (_EVENTS.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value)
            & _EVENTS.c.partition.is_not(None)
        )
        last = select(func.max(_EVENTS.c.id)).where(of_asset).group_by(_EVENTS.c.partition)
        with self.index_connection() as connection:
            found = connection.execute(
                select(_EVENTS.c.partition, _EVENTS.c.event).where(_EVENTS.c.id.in_(last))
            ).fetchall()
        return {partition: _versions(_tags(event)) for partition, event in found}

    def _store_in_index(self, stored: Sequence[tuple[EventLogEntry, dict[str, Any]]]) -> None:
        """Mirror asset and check events in the cross-run index, inside the open transaction."""
        mirrored = [
            pair for pair in stored if _type_of(pair[0]) in ASSET_EVENTS | ASSET_CHECK_EVENTS
        ]
        with self.index_connection() as connection:
            numbered = [
                (event, connection.execute(_INSERT, row).lastrowid) for event, row in mirrored
            ]
            of_assets = [pair for pair in numbered if _type_of(pair[0]) in ASSET_EVENTS]
            self._store_asset_event_tags(
                connection, [event for event, _ in of_assets], [number for _, number in of_assets]
            )
            # The asset's own row keeps only the last event of each type.
            last = {
                (event.get_dagster_event().asset_key, _type_of(event)): (event, number)
                for event, number in of_assets
            }
            for event, number in last.values():
                self._store_asset_event(connection, event, number)
            for event, number in numbered:
                if _type_of(event) in ASSET_CHECK_EVENTS:
                    self.store_asset_check_event(event, number)


def _tags(event: str) -> Mapping[str, str]:
    """Return the tags of a stored materialization, without making all of its objects."""
    data = json.loads(event)["dagster_event"]["event_specific_data"]
    return data["materialization"].get("tags") or {}


def _versions(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in tags.items() if name.startswith(_VERSION_TAGS)}


def _type_of(event: EventLogEntry) -> Any:
    return event.dagster_event_type if event.is_dagster_event else None

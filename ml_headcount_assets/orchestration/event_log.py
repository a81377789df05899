"""Dagster's SQLite event log, writing the events of many partitions in one transaction.

Which events there are does not belong here.

A run over 400 companies stores one event a company and asset. The stock storage opens four
connections for each, which takes about a minute for four assets; in one transaction per shard
it takes seconds. Dagster's core already hands over such events in batches (when the environment
variable `BATCH_SIZE_VARIABLE` is set), but only its PostgreSQL storage makes use of it.

The files are those of the stock storage, so that switching back is a change of configuration.
This module leans on private parts of Dagster; `ml_headcount_tests/orchestration/test_event_log.py`
compares what the two storages answer.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from dagster import EventLogEntry
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import Connection
from sqlalchemy.pool import QueuePool

BATCH_SIZE_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"

_INSERT = SqlEventLogStorageTable.insert()


class BatchedSqliteEventLogStorage(SqliteEventLogStorage):
    """`SqliteEventLogStorage` with batches in one transaction, and files that stay open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: dict[str, Engine] = {}
        self._open: dict[str, Connection] = {}
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

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store events in one transaction per shard: all of them, or none.

        Dagster stores the events one by one when this raises, so nothing may be left behind.
        """
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


def _type_of(event: EventLogEntry) -> Any:
    return event.dagster_event_type if event.is_dagster_event else None

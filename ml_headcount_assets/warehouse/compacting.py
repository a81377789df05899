"""Giving back the room that deleted rows have left in a warehouse's files.

What is deleted does not belong here.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import duckdb

from ml_headcount_assets.compute.whole_file import UNFINISHED

from .beside import answers_path, embeddings_path, people_path, ratings_path, work_path
from .connections import opened
from .store import rewrite

__all__ = ["compact_sqlite", "compact_warehouse", "remove_unfinished"]

#: A file is written anew if so much of it is free: less is taken by the next run.
_WORTH_IT = 0.25
_DAY_SECONDS = 86_400.0
_PATIENCE_SECONDS = 5.0


def compact_warehouse(warehouse: Path) -> list[Path]:
    """Write the files of a warehouse anew that have much free room; return those in use.

    Whoever calls this holds the warehouse.
    """
    for path in (work_path(warehouse), people_path(warehouse)):
        if path.is_file() and _free_share(path) > _WORTH_IT:
            rewrite(path)
    sqlite = (answers_path(warehouse), embeddings_path(warehouse), ratings_path(warehouse))
    return [path for path in sqlite if path.is_file() and not compact_sqlite(path)]


def compact_sqlite(path: Path) -> bool:
    """Give back the free room of a SQLite file; return False if another program is at it.

    Raises
    ------
    sqlite3.DatabaseError
        It is damaged.
    """
    with closing(sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)) as file:
        try:
            file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (free,) = file.execute("PRAGMA freelist_count").fetchone()
            (pages,) = file.execute("PRAGMA page_count").fetchone()
            if free > _WORTH_IT * pages:
                file.execute("VACUUM")
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            return False
    return True


def remove_unfinished(folder: Path) -> None:
    """Remove what processes that were killed have left unfinished, a day ago or longer."""
    for path in folder.rglob(f"*{UNFINISHED}*"):
        if path.is_file() and time.time() - path.stat().st_mtime > _DAY_SECONDS:
            path.unlink(missing_ok=True)


def _free_share(path: Path) -> float:
    """Return which share of a DuckDB file's blocks is free."""
    with opened({"looked_at": path}, read_only=True) as connection:
        return _share(connection)


def _share(connection: duckdb.DuckDBPyConnection) -> float:
    total, free = connection.execute(
        "SELECT total_blocks, free_blocks FROM pragma_database_size()"
        " WHERE database_name = 'looked_at'"
    ).fetchall()[0]
    return float(free) / total if total else 0.0

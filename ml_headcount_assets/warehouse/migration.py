"""Taking over a warehouse of an earlier version, which was one file with others beside it."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb

from ml_headcount_assets.errors import InputError

from .beside import (
    answers_path,
    embeddings_path,
    extracts_path,
    home_of,
    people_path,
    ranges_path,
    work_path,
)
from .schemas import PEOPLE_TABLES, TABLES

__all__ = ["migrate_warehouse"]

_BOOKS = ("_digests", "_cache")


def migrate_warehouse(old: Path, warehouse: Path) -> None:
    """Make a warehouse of the present layout from one of the former; that one stays as it is.

    Parameters
    ----------
    old
        The DuckDB file of the former warehouse.
    warehouse
        The folder, which must not be there; it appears when it is complete.

    Raises
    ------
    InputError
        The file is no warehouse, or something is in the folder's place.
    """
    if warehouse.exists():
        raise InputError(
            f"{warehouse} is there already. Give the name of a folder that is not, with"
            " --warehouse, or move that one away."
        )
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    unfinished = warehouse.with_name(f"{warehouse.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    try:
        _take_tables(old, unfinished)
        _take_files(old, unfinished)
        unfinished.rename(warehouse)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _take_tables(old: Path, folder: Path) -> None:
    literals = [str(path).replace("'", "''") for path in (people_path(folder), old)]
    with duckdb.connect(str(work_path(folder))) as connection:
        try:
            connection.execute(f"ATTACH '{literals[1]}' AS former (READ_ONLY)")
            found = connection.execute(
                "SELECT table_name FROM duckdb_tables() WHERE database_name = 'former'"
            ).fetchall()
        except duckdb.Error as error:
            raise InputError(
                f"{old} cannot be read as a warehouse: it is damaged, no DuckDB file, or another"
                " program has it open."
            ) from error
        there = {name for (name,) in found}
        if not there.issuperset(_BOOKS):
            raise InputError(f"{old} is a DuckDB file, but no warehouse of this program.")
        connection.execute(f"ATTACH '{literals[0]}' AS people")
        for name in sorted(there & set(TABLES)):
            place = "people" if name in PEOPLE_TABLES else "work"
            connection.execute(f"CREATE TABLE {place}.{name} AS FROM former.{name}")
        connection.execute("CREATE TABLE work._cache AS FROM former._cache")
        people = ", ".join(f"'{name}'" for name in sorted(PEOPLE_TABLES))
        for place, condition in (("people", "IN"), ("work", "NOT IN")):
            connection.execute(
                f"CREATE TABLE {place}._digests AS FROM former._digests"
                f" WHERE table_name {condition} ({people})"
            )


def _take_files(old: Path, folder: Path) -> None:
    """Take over what lay beside the former file under its name."""
    for source, target in (
        (old.with_suffix(".answers.sqlite"), answers_path(folder)),
        (old.with_suffix(".embeddings"), embeddings_path(folder)),
    ):
        if source.is_file():
            # Not a copy of the file: what was written last may be in its log.
            with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as new:
                read.backup(new)
    for source, target in (
        (old.with_name(f"{old.name}.extracts"), extracts_path(folder)),
        (old.with_name(f"{old.name}.ranges"), ranges_path(folder)),
        (old.with_suffix(".dagster"), home_of(folder)),
    ):
        if source.is_dir():
            shutil.copytree(source, target)
    for path in (*folder.glob("*.duckdb"), *folder.glob("*.sqlite")):
        path.chmod(0o600)

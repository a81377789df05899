"""Backups of a warehouse: a folder with a copy of each file, and a list of their hashes.

The study's own files are not the warehouse's, and are in no backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from ml_headcount_assets.compute.whole_file import UNFINISHED
from ml_headcount_assets.errors import ComputeError, InputError

from .beside import extracts_path, lock_path, ranges_path, work_path
from .connections import read_through
from .forgetting import Forgotten, forget_again
from .migration import migrate_warehouse

__all__ = ["back_up", "bring_back"]

_LIST = "backup.json"
_DUCKDB, _SQLITE = ".duckdb", (".sqlite", ".db")
_ASIDE = ".before-restore"


def back_up(warehouse: Path, target: Path) -> int:
    """Copy a warehouse into a new folder, and return how many files are in it.

    What is read of files anew (extracts), and what other machines have done of an unfinished run,
    is left out. Whoever calls this holds the warehouse; readers and the interface go on.

    Parameters
    ----------
    warehouse
        The folder.
    target
        A folder that is not there; it appears when it is complete.

    Raises
    ------
    InputError
        Something is in the target's place, the target is in the warehouse, or a file is damaged:
        its copy would pass for a whole one.
    ComputeError
        There is no room.
    """
    if target.resolve().is_relative_to(warehouse.resolve()):
        raise InputError(
            f"{target} lies in the warehouse, and would be lost with it. Give a folder elsewhere."
        )
    if target.exists():
        raise InputError(f"{target} is there already. Give the name of a folder that is not.")
    unfinished = target.with_name(f"{target.name}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        unfinished.mkdir(mode=0o700, parents=True)
        files = {}
        for path in _backed_up(warehouse):
            name = path.relative_to(warehouse).as_posix()
            copy = unfinished / name
            copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.suffix == _DUCKDB:
                read_through(path)
            _copy(path, copy)
            files[name] = _hash(copy)
        about = {
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "package": metadata.version("ml-headcount-assets"),
            "files": files,
        }
        (unfinished / _LIST).write_text(json.dumps(about, indent=1), encoding="utf-8")
        unfinished.rename(target)
    except sqlite3.DatabaseError as error:
        if "disk I/O error" in str(error) or "full" in str(error):
            raise ComputeError(
                f"The backup {target} could not be written ({error}). Make room; the warehouse is"
                " as it was."
            ) from error
        raise InputError(
            f"A file of SQLite in {warehouse} is damaged ({error}). Restore or delete it first:"
            " docs/warehouse.md says what each holds."
        ) from error
    except OSError as error:
        raise ComputeError(
            f"The backup {target} could not be written ({os.strerror(error.errno or 0)}). The"
            " warehouse is as it was."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return len(files)


def bring_back(source: Path, warehouse: Path) -> int:
    """Make a warehouse of a backup, and return how many persons were forgotten since it was made.

    Parameters
    ----------
    source
        The folder of the backup, or the one file that warehouses of earlier versions were.
    warehouse
        The folder; one that is there is replaced, and whoever calls this holds it.

    Raises
    ------
    InputError
        It is no backup, or a file of it is damaged; a warehouse that is there stays.
    """
    warehouse = warehouse.resolve()
    unfinished = warehouse.with_name(f"{warehouse.name}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        if source.is_file():
            migrate_warehouse(source, unfinished)
        else:
            _copy_checked(source, unfinished)
        forgotten = forget_again(unfinished, Forgotten.of(warehouse)) if warehouse.is_dir() else 0
        aside = warehouse.with_name(f"{warehouse.name}{_ASIDE}")
        shutil.rmtree(aside, ignore_errors=True)
        if warehouse.exists():
            warehouse.rename(aside)
        unfinished.rename(warehouse)
        shutil.rmtree(aside, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return forgotten


def _backed_up(warehouse: Path) -> Iterator[Path]:
    left_out = (extracts_path(warehouse), ranges_path(warehouse), lock_path(warehouse))
    for path in sorted(warehouse.rglob("*")):
        of_sqlite = path.name.endswith(("-wal", "-shm"))  # which a copy has in itself
        if not path.is_file() or of_sqlite or UNFINISHED in path.name:
            continue
        if not any(path.is_relative_to(each) for each in left_out):
            yield path


def _copy(path: Path, copy: Path) -> None:
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
    if path.name.endswith(_SQLITE):
        with closing(sqlite3.connect(path)) as read, closing(sqlite3.connect(copy)) as new:
            read.backup(new)
    else:
        shutil.copyfile(path, copy)


def _copy_checked(source: Path, target: Path) -> None:
    try:
        files = json.loads((source / _LIST).read_text(encoding="utf-8"))["files"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{source} is no backup of a warehouse: it has no {_LIST} that can be read."
        ) from error
    target.mkdir(mode=0o700, parents=True)
    for name, digest in files.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise InputError(f"{source / _LIST} names a file outside the backup; it is not used.")
        path = source / name
        if not path.is_file() or _hash(path) != digest:
            raise InputError(
                f"{path} is not as it was when the backup was made. Take another backup; nothing"
                " was changed."
            )
        copy = target / name
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT, 0o600))
        shutil.copyfile(path, copy)
    if not work_path(target).is_file():
        raise InputError(
            f"{source} is no backup of a warehouse: it has no {work_path(target).name}."
        )


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

"""Whether Dagster's records of a warehouse can be used, told in words.

They hold what has run and when, and no result: whoever deletes them loses the history alone.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy.exc

from ml_headcount_assets.errors import ComputeError, InputError

__all__ = ["HISTORY", "SCHEDULES", "check_history", "history_told"]

HISTORY, SCHEDULES = "history", "schedules"
#: Those that every run opens; each run has one more of its own.
_FILES = (f"{HISTORY}/runs.db", f"{HISTORY}/runs/index.db", f"{SCHEDULES}/schedules.db")


def check_history(home: Path) -> None:
    """Look through Dagster's files; those that are missing are made by Dagster.

    Parameters
    ----------
    home
        Folder of Dagster's files.

    Raises
    ------
    InputError
        One of them is damaged, or not for this user.
    """
    for path in (home / name for name in _FILES):
        if path.is_dir():
            raise _damaged(path, "it is a folder")
        if not path.is_file():
            continue
        if not os.access(path, os.R_OK | os.W_OK):
            raise InputError(
                f"{path}, a record of what has run, cannot be read or written by you. Make the"
                f" folder {home} and all that is in it your own and writable."
            )
        if not path.stat().st_size:
            raise _damaged(path, "it is empty")
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
                (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                continue  # another program of this warehouse reads or writes it
            raise _damaged(path, str(error)) from error
        if found != "ok":
            raise _damaged(path, "a part of it is not as it was written")


@contextmanager
def history_told(home: Path) -> Iterator[None]:
    """Raise what Dagster's files make fail in the block as one of the package's errors."""
    try:
        yield
    except (sqlalchemy.exc.DatabaseError, sqlite3.DatabaseError) as error:
        why = str(getattr(error, "orig", None) or error)
        if "full" in why:
            raise ComputeError(
                f"{home}: the records of runs could not be written, since the disk is full. Make"
                " room, then run again: what was stored before is as it was."
            ) from error
        if "disk I/O error" in why:
            raise ComputeError(
                f"{home}: the records of runs could not be written ({why}). Make room, and look"
                " whether the size of files is limited (ulimit -f) or the disk fails; then run"
                " again: what was stored before is as it was."
            ) from error
        raise _damaged(home / HISTORY, why) from error


def _damaged(path: Path, why: str) -> InputError:
    home = next(each.parent for each in (path, *path.parents) if each.name in (HISTORY, SCHEDULES))
    return InputError(
        f"{path} is damaged ({why}). It is a record of what has run, and holds no result. Delete"
        f" the folders {home / HISTORY} and {home / SCHEDULES}, or restore them from a backup; the"
        " next run makes new ones."
    )

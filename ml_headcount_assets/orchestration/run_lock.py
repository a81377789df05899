"""One run at a time per warehouse, whoever starts it.

Readers do not belong here: they never wait for a run.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.warehouse.beside import lock_path, make_folder

__all__ = ["WarehouseHeldError", "only_run"]

_held: set[Path] = set()


class WarehouseHeldError(ComputeError):
    """Another process runs on this warehouse."""


@contextmanager
def _private_files() -> Iterator[None]:
    """Let nobody but the owner read the files that are made meanwhile."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _opened(warehouse: Path) -> TextIO:
    path = lock_path(warehouse)
    try:
        return path.open("a+", errors="replace")
    except OSError as error:
        raise InputError(
            f"The warehouse {warehouse} cannot be written ({path.name}:"
            f" {os.strerror(error.errno or 0)}). Move that away, if it is no file; make the folder"
            " and all that is in it your own and writable, or give another one with --warehouse."
            " What is published can be read as it is: ml-headcount export, ml-headcount history."
        ) from error


@contextmanager
def only_run(warehouse: Path) -> Iterator[None]:
    """Hold the warehouse for one run; within this process, for all that the run calls.

    The operating system lets go of the lock when the process ends, however it ends.

    Raises
    ------
    WarehouseHeldError
        Another process runs on this warehouse.
    InputError
        This user cannot write to it.
    """
    warehouse = warehouse.resolve()
    if warehouse in _held:
        yield
        return
    make_folder(warehouse)
    with _private_files(), _opened(warehouse) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise WarehouseHeldError(
                f"Another run is at work on the warehouse {warehouse} (process "
                f"{file.read().strip() or 'unknown'}). Wait until it has ended, or use another "
                "warehouse."
            ) from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        _held.add(warehouse)
        try:
            yield
        finally:
            _held.discard(warehouse)

"""Opening DuckDB files, for as long as a block lasts.

DuckDB takes some 20 ms to start an engine and as long again to make its internal views, and a run
opens files hundreds of times. So engines are kept: a file is attached to one for the length of a
block, and nothing of it stays open afterwards. What went wrong with a file may have left its engine
in any state; such an engine is closed.

A process that writes a file has it alone. DuckDB sees to that, between the engines of one process
as between processes.
"""

from __future__ import annotations

import atexit
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.errors import ComputeError, InputError

from .damage import HISTORY, DamagedFileError, told_in_words

__all__ = ["attach", "literal", "new_file", "opened", "read_through", "search"]

_LOCKED = "Could not set lock on file"
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
#: What DuckDB may use. Left alone it takes most of the machine's memory for what it has read.
_MEMORY = "1GB"
#: How many engines wait for the next block. Blocks within blocks are rare.
_KEPT = 2
#: After how many blocks an engine is closed: each that writes leaves some 20 kB in it for ever.
_MOST_BLOCKS = 100

#: Engines, each with how many blocks it has served.
_idle: list[tuple[duckdb.DuckDBPyConnection, int]] = []
#: Engines of the process that this one was forked from. Their threads are not here, so that they
#: can neither be used nor closed.
_of_the_parent: list[tuple[duckdb.DuckDBPyConnection, int]] = []


@contextmanager
def opened(files: Mapping[str, Path], *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open files by their names in SQL; tables go by their names alone, those of the first first.

    Raises
    ------
    InputError
        A file is damaged, or none of DuckDB's.
    ComputeError
        Another process is writing one of them, also after a few seconds; or the disk is full.
    """
    engine, blocks = _idle.pop() if _idle else (_start(), 0)
    connection = engine.cursor()
    try:
        for name, path in files.items():
            attach(connection, path, name, read_only=read_only)
        search(connection, *files)
        with told_in_words(next(iter(files.values()))):
            yield connection
            connection.close()
            for name in files:
                engine.execute(f"DETACH {name}")
    except BaseException as error:
        connection.close()
        engine.close()
        if isinstance(error, DamagedFileError) and len(files) > 1:
            # DuckDB often does not say in which file: whoever deletes the wrong one is not helped.
            for path in files.values():
                read_through(path)
        raise
    if len(_idle) < _KEPT and blocks + 1 < _MOST_BLOCKS:
        _idle.append((engine, blocks + 1))
    else:
        engine.close()


@contextmanager
def _engine_of_its_own(beside: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Start an engine for what may not fit into memory; errors as in `opened`.

    Parameters
    ----------
    beside
        The file that is written: what does not fit goes where that is, and not where somebody is.
    """
    engine = _start()
    try:
        engine.execute(f"SET temp_directory = {literal(beside.with_suffix('.tmp'))}")
        with told_in_words(beside):
            yield engine
    finally:
        engine.close()


@contextmanager
def new_file(path: Path, name: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a new file under its name in SQL, which takes the place of another when all is in it.

    If the block fails, or not everything could be written, the former file stays.

    Raises
    ------
    InputError, ComputeError
        As in `opened`.
    """
    with whole_file(path) as unfinished:
        log = unfinished.with_name(f"{unfinished.name}.wal")
        try:
            with _engine_of_its_own(unfinished) as connection:
                connection.execute(f"ATTACH {literal(unfinished)} AS {name}")
                yield connection
                # An engine that is closed does this as well, and says nothing when it cannot: what
                # is in its log alone would be lost with the log's name.
                connection.execute(f"CHECKPOINT {name}")
                connection.execute(f"DETACH {name}")
            if log.exists():
                raise ComputeError(
                    f"{path} could not be written whole, and is as it was. Run again."
                )
        finally:
            log.unlink(missing_ok=True)
        unfinished.chmod(0o600)


def read_through(path: Path) -> None:
    """Read every value of a file, so that damage anywhere in it is found; errors as in `opened`."""
    with opened({"read_through": path}, read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = 'read_through'"
        ).fetchall()
        for (table,) in tables:
            connection.execute(f'SELECT bit_xor(hash(t)) FROM read_through."{table}" t').fetchall()


def attach(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, read_only: bool
) -> None:
    """Open a further file over a connection; errors as in `opened`."""
    how = " (READ_ONLY)" if read_only else ""
    _patiently(path, lambda: connection.execute(f"ATTACH {literal(path)} AS {name}{how}"))


def search(connection: duckdb.DuckDBPyConnection, *databases: str) -> None:
    """Say in which files tables are looked for, and in which order."""
    paths = ",".join(f"{database}.main" for database in databases)
    connection.execute(f"SET search_path = '{paths}'")


def literal(text: Path | str) -> str:
    """Return a path, or a text, as SQL has it."""
    escaped = str(text).replace("'", "''")
    return f"'{escaped}'"


def _start() -> duckdb.DuckDBPyConnection:
    engine = duckdb.connect(":memory:")
    engine.execute(f"SET memory_limit = '{_MEMORY}'")
    return engine


# Python ends before DuckDB's threads otherwise, and its bindings tell of leaks.
@atexit.register
def _close_idle() -> None:
    while _idle:
        engine, _ = _idle.pop()
        engine.close()


def _leave_to_the_parent() -> None:
    _of_the_parent.extend(_idle)
    _idle.clear()


os.register_at_fork(after_in_child=_leave_to_the_parent)


def _patiently(path: Path, opening: Callable[[], Any]) -> Any:
    """Open a file, waiting a little for another process that has it open."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return opening()
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise InputError(_why_not(path, str(error))) from error
            if time.monotonic() > deadline:
                raise ComputeError(_who_holds(path, str(error))) from error
        time.sleep(_PAUSE_SECONDS)


def _why_not(path: Path, message: str) -> str:
    if "Permission denied" in message or "Read-only file system" in message:
        return (
            f"{path} cannot be opened, since you may not read or write it. Make it and its folder"
            " your own and writable, or give another --warehouse."
        )
    if path.is_dir() or (path.is_symlink() and not path.exists()):
        what = "a folder" if path.is_dir() else "a link that leads nowhere"
        return (
            f"{path} cannot be opened: it is {what}, and should be a file of DuckDB's. Move it"
            " away; the next run makes a new one."
        )
    return (
        f"The warehouse {path} cannot be opened: it is damaged, or not a DuckDB file. Restore it"
        " from a backup; or move it away, and run the study again, which makes a new one"
        f" ({HISTORY})."
    )


def _who_holds(path: Path, message: str) -> str:
    process = re.search(r"PID (\d+)", message)
    holder = f"another process ({process[0]})" if process else "another process"
    return (
        f"The warehouse {path} is in use by {holder}. Close the program that has it open, a "
        "notebook or the DuckDB shell for example, or wait until its run has ended; then try again."
    )

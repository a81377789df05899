"""SQLite files of a layout: one is made when it is not there, and refused when it is another's.

What is kept in them does not belong here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from ..errors import ComputeError, InputError

__all__ = ["Layout", "together"]


@dataclass(frozen=True)
class Layout:
    """What a kind of file holds.

    Attributes
    ----------
    number
        Raised with any change of the tables.
    tables
        The statements that make them, separated by ``;``.
    what
        What files of this kind hold, for messages: "answers".
    busy
        What is said if another process has the file open, and what to do.
    mend
        What to do with a file that is none of this kind.
    patience_seconds
        How long to wait for another process.
    exclusive
        Whether one process at a time may have the file open.
    """

    number: int
    tables: str
    what: str
    busy: str
    mend: str
    patience_seconds: float
    exclusive: bool = False

    def open(self, path: Path) -> sqlite3.Connection:
        """Open a file; every statement is its own transaction, unless one is begun.

        Raises
        ------
        InputError
            It is not a file of this layout.
        ComputeError
            Another process has it open.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(
                path,
                timeout=self.patience_seconds,
                isolation_level=None,
                factory=_Connection,
            )
        except sqlite3.DatabaseError as error:
            raise self._explain(error, path) from error
        connection.explain = partial(self._explain, path=path)
        try:
            self._prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, path: Path) -> None:
        if self.exclusive:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        elif self._number_of(connection) == self.number:
            return  # nobody has to wait for a look
        with together(connection):
            (objects,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            number = self._number_of(connection)
            if number == 0 and not objects:
                for statement in self.tables.split(";"):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {self.number}")
            elif number != self.number:
                raise InputError(
                    f"{path.name}: is not a file of {self.what} of this version. {self.mend}"
                )

    def _number_of(self, connection: sqlite3.Connection) -> int:
        return connection.execute("PRAGMA user_version").fetchone()[0]

    def _explain(self, error: sqlite3.DatabaseError, path: Path) -> Exception:
        if "locked" in str(error):
            return ComputeError(f"{path.name}: {self.busy}")
        if "full" in str(error):
            return ComputeError(
                f"{path.name}: could not be written, since the disk is full. Make room, then run"
                " again: what has been stored is kept."
            )
        return InputError(
            f"{path.name}: cannot be used as a file of {self.what} ({error}). {self.mend} If that"
            " is not it, make its folder writable."
        )


class _Connection(sqlite3.Connection):
    """A connection whose statements tell what is wrong with the file, whenever that is found."""

    explain: Callable[[sqlite3.DatabaseError], Exception]

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Execute one statement with a cursor of its own."""
        return self._telling().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """Execute one statement several times with a cursor of its own."""
        return self._telling().executemany(*arguments)

    def _telling(self) -> _Cursor:
        cursor = self.cursor(_Cursor)
        cursor.explain = self.explain
        return cursor


class _Cursor(sqlite3.Cursor):
    explain: Callable[[sqlite3.DatabaseError], Exception]

    def execute(self, *arguments: Any) -> Self:
        with self._told():
            return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> Self:
        with self._told():
            return super().executemany(*arguments)

    def fetchone(self) -> Any:
        with self._told():
            return super().fetchone()

    def fetchmany(self, *arguments: Any, **options: Any) -> list[Any]:
        with self._told():
            return super().fetchmany(*arguments, **options)

    def fetchall(self) -> list[Any]:
        with self._told():
            return super().fetchall()

    def __next__(self) -> Any:
        with self._told():
            return super().__next__()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
            raise  # a mistake of the caller, not of the file
        except sqlite3.DatabaseError as error:
            raise self.explain(error) from error


@contextmanager
def together(connection: sqlite3.Connection) -> Iterator[None]:
    """Store what is done in the block as a whole, or not at all."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with suppress(InputError, ComputeError):  # what ended the block is told, not what follows
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")

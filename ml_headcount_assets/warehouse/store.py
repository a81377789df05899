"""Reading and writing the tables of one DuckDB file.

DuckDB lets one process write at a time, so every connection is short and always closed; all
changes that belong together are made in one transaction, which is either stored whole or not at
all. Frames are validated before the first row is touched.

Beside the tables the file has two of its own: `_digests`, a hash of the rows of every table by
part, kept up to date with every change, and `_cache`, which input each result was made from.
"""

from __future__ import annotations

import contextlib
import re
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow

from ml_headcount_assets.errors import ComputeError, InputError

from .cache import WHOLE, CacheEntry, Comparison
from .damage import told_in_words
from .schemas import TABLES
from .table import Table

__all__ = ["Snapshot", "TableStore", "Tables", "Transaction", "among"]

_LOCKED = "Could not set lock on file"
_PATIENCE_SECONDS = 5.0
_PAUSE_SECONDS = 0.1
#: What DuckDB may use. Left alone it takes most of the machine's memory for what it has read.
_MEMORY = "1GB"

_BOOKS = {
    "_digests": "(table_name VARCHAR, part VARCHAR, row_count BIGINT, digest VARCHAR)",
    "_cache": "(asset VARCHAR, company VARCHAR, input_hash VARCHAR, code_version VARCHAR,"
    " data_version VARCHAR)",
}


def among(column: str, name: str = "?") -> str:
    """Return the condition that a column has one of the values of a parameter."""
    return f"{column} IN (SELECT unnest({name}::VARCHAR[]))"


_PANDAS_INTEGERS = {
    pyarrow.int8(): pd.Int8Dtype(),
    pyarrow.int32(): pd.Int32Dtype(),
    pyarrow.int64(): pd.Int64Dtype(),
    pyarrow.bool_(): pd.BooleanDtype(),
}


class Tables(ABC):
    """Tables that can be read: all of a warehouse's, or some of them (see `view.TableView`)."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open the tables for reading."""

    def read(
        self,
        table: str,
        companies: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return a table's rows; see `Snapshot.read`."""
        with self.snapshot() as snapshot:
            return snapshot.read(table, companies, columns)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Return what a SELECT finds; see `Snapshot.query`."""
        with self.snapshot() as snapshot:
            return snapshot.query(sql, parameters)


class TableStore(Tables):
    """The tables of one warehouse file.

    Parameters
    ----------
    path
        The DuckDB file. It and its folder are made by the first transaction.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the warehouse for reading.

        Raises
        ------
        InputError
            There is no warehouse, or the file is not one.
        ComputeError
            Another process is writing to it, also after a few seconds.
        """
        with self.connection() as connection:
            yield Snapshot(connection)

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Open the file itself for reading; errors as in `snapshot`."""
        if not self.path.is_file():
            raise InputError(
                f"There is no warehouse at {self.path}. Run the study first, or give the path "
                "of the warehouse you mean."
            )
        with _connection(self.path, read_only=True) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Make changes that are stored together when the block ends, or not at all.

        Raises
        ------
        InputError, ComputeError
            As `snapshot`; a file that is not there is made.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with _connection(self.path, read_only=False) as connection:
            connection.execute("BEGIN")
            for name, columns in _BOOKS.items():
                connection.execute(f"CREATE TABLE IF NOT EXISTS {name} {columns}")
            try:
                yield Transaction(connection)
            except BaseException:
                with contextlib.suppress(duckdb.Error):  # a damaged file has nothing to roll back
                    connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def write(
        self, table: str, frame: pd.DataFrame, companies: Sequence[str] | None = None
    ) -> None:
        """Replace a whole table, or its rows of some companies; see `Transaction.replace`."""
        with self.transaction() as transaction:
            transaction.replace(table, frame, companies)


class Snapshot:
    """The warehouse as it is while a connection is open."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def has(self, table: str) -> bool:
        """Whether a table has been made."""
        try:
            self._connection.execute("SELECT 1 FROM pragma_table_info(?)", [table]).fetchall()
        except duckdb.CatalogException:
            return False
        return True

    def read(
        self,
        table: str,
        companies: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        """Return a table's rows, sorted by its key.

        Parameters
        ----------
        table
            Name of the table.
        companies
            Partition keys of the companies wanted; None for all.
        columns
            Columns wanted; None for all.

        Raises
        ------
        InputError
            The table has not been made.
        """
        spec = TABLES[table]
        if not self.has(table):
            raise InputError(
                f"The warehouse has no table {table!r} yet. Run the stages before this one first."
            )
        names = spec.columns if columns is None else tuple(columns)
        where = "" if companies is None else f"WHERE {among('company')}"
        rows = self._connection.sql(
            f"SELECT {_quoted(names)} FROM {table} {where} ORDER BY {_quoted(spec.key) or 'ALL'}",
            params=[] if companies is None else [list(companies)],
        ).to_arrow_table()
        frame = rows.to_pandas(types_mapper=_PANDAS_INTEGERS.get)
        return frame.astype(spec.pandas_types(names))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Return what a SELECT finds. What it reads on the way never leaves DuckDB."""
        rows = self._connection.sql(sql, params=list(parameters)).to_arrow_table()
        return rows.to_pandas(types_mapper=_PANDAS_INTEGERS.get)

    def stream(
        self, sql: str, parameters: Sequence[object], rows: int
    ) -> Iterator[pyarrow.RecordBatch]:
        """Yield what a SELECT finds, about so many rows at a time."""
        yield from self._connection.sql(sql, params=list(parameters)).to_arrow_reader(rows)

    def digests(self, table: str) -> dict[str, str]:
        """Return a hash of the rows of every part of a table (under `WHOLE`, if it has none)."""
        if not self.has("_digests"):
            return {}
        found = self._connection.execute(
            "SELECT part, digest FROM _digests WHERE table_name = ? ORDER BY part", [table]
        )
        return dict(found.fetchall())

    def digest_of(self, table: str, columns: Sequence[str]) -> str:
        """Return a hash of some columns of a table; "" if it has not been made."""
        if not self.has(table):
            return ""
        found = self._connection.execute(
            f"SELECT {_DIGEST} FROM (SELECT {_row_text(columns)} AS row FROM {table})"
        ).fetchone()
        return str(found[0]) if found else ""

    def row_counts(self, table: str) -> dict[str, int]:
        """Return how many rows every part of a table has (all of them under `WHOLE`)."""
        if not self.has("_digests"):
            return {}
        found = self._connection.execute(
            "SELECT part, row_count FROM _digests WHERE table_name = ? ORDER BY part", [table]
        )
        return dict(found.fetchall())

    def cached(self, asset: str) -> dict[str, CacheEntry]:
        """Return what each company's stored result was made from (`WHOLE`, if of the cohort)."""
        if not self.has("_cache"):
            return {}
        found = self._connection.execute(
            "SELECT company, input_hash, code_version, data_version FROM _cache WHERE asset = ?",
            [asset],
        )
        return {company: CacheEntry(*rest) for company, *rest in found.fetchall()}


class Transaction(Snapshot):
    """Changes to a warehouse that are stored together."""

    def has(self, table: str) -> bool:
        """Whether a table has been made."""
        # An error, which is how a snapshot finds out, would end the transaction.
        return bool(self._columns_of(table))

    def replace(
        self,
        table: str,
        frames: pd.DataFrame | Iterable[pd.DataFrame],
        parts: Sequence[str] | None = None,
    ) -> None:
        """Replace a whole table, or some of its parts.

        Parameters
        ----------
        table
            Name of the table.
        frames
            The new rows, in one frame or several of which only one is held at a time; columns
            are matched by name.
        parts
            The values of the table's part column that are replaced (partition keys of
            companies, for most tables). A part without rows in `frames` becomes empty. None
            replaces everything.

        Raises
        ------
        ComputeError
            A frame does not fit the table's schema, or has rows of other parts.
        """
        spec = TABLES[table]
        whole = isinstance(frames, pd.DataFrame)
        self._make(spec)
        self._delete(spec, parts)
        for frame in [frames] if whole else frames:
            rows = _to_arrow(spec, spec.validate(frame))
            if parts is not None:
                _refuse_strays(spec, rows, parts)
            # What is registered is kept until the transaction ends: so hand over what is used up.
            batches = pyarrow.RecordBatchReader.from_batches(rows.schema, iter(rows.to_batches()))
            self._connection.register("_incoming", batches)
            self._connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM _incoming")
            self._connection.unregister("_incoming")
        if not whole:  # a single frame has been found to have no repeats
            self._refuse_repeats(spec)
        self._digest(spec, parts)

    def keep_companies(self, companies: Sequence[str]) -> None:
        """Delete all rows and cache entries of companies that are not among these."""
        kept = [WHOLE, *companies]
        for spec in TABLES.values():
            if spec.part == "company" and self.has(spec.name):
                self._delete(spec, [p for p in self.digests(spec.name) if p not in kept])
        self._connection.execute(f"DELETE FROM _cache WHERE NOT ({among('company')})", [kept])

    def remember(self, comparison: Comparison, data_version: str) -> None:
        """Note what the results of an asset's companies have been made from."""
        companies = list(comparison.inputs)
        self._connection.execute(
            f"DELETE FROM _cache WHERE asset = ? AND {among('company')}",
            [comparison.asset, companies],
        )
        self._connection.execute(
            "INSERT INTO _cache SELECT ?, unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), ?, ?",
            [
                comparison.asset,
                companies,
                list(comparison.inputs.values()),
                comparison.code_version,
                data_version,
            ],
        )

    def forget(self, asset: str) -> None:
        """Forget what an asset's results were made from, so that they are made anew."""
        self._connection.execute("DELETE FROM _cache WHERE asset = ?", [asset])

    def _columns_of(self, table: str) -> Mapping[str, str]:
        # In a connection that has just been opened this is as slow as opening it: DuckDB then
        # makes all its internal views.
        found = self._connection.execute(
            "SELECT column_name, data_type FROM duckdb_columns() "
            "WHERE table_name = ? AND NOT internal ORDER BY column_index",
            [table],
        )
        return dict(found.fetchall())

    def _make(self, spec: Table) -> None:
        """Create the table; one with other columns, of an earlier version, is made anew."""
        wanted = {name: spec.sql_type(name) for name in spec.columns}
        if self._columns_of(spec.name) not in ({}, wanted):
            self._delete(spec, None)
            self._connection.execute(f"DROP TABLE {spec.name}")
        self._connection.execute(spec.ddl())

    def _delete(self, spec: Table, parts: Sequence[str] | None) -> None:
        if parts is None:
            self._connection.execute(f"DELETE FROM {spec.name}")
            self._connection.execute("DELETE FROM _digests WHERE table_name = ?", [spec.name])
            return
        self._connection.execute(
            f"DELETE FROM {spec.name} WHERE {among(str(spec.part))}", [list(parts)]
        )
        self._connection.execute(
            f"DELETE FROM _digests WHERE table_name = ? AND {among('part')}",
            [spec.name, list(parts)],
        )

    def _refuse_repeats(self, spec: Table) -> None:
        """Raise a `ComputeError` if a row's key is that of another, which frames cannot tell."""
        if not spec.key:
            return
        keys = _quoted(spec.key)
        repeated = f"SELECT 1 FROM {spec.name} GROUP BY {keys} HAVING count(*) > 1"
        found = self._connection.execute(f"SELECT count(*) FROM ({repeated})").fetchone()
        if found and found[0]:
            raise ComputeError(
                f"Table {spec.name}: {found[0]} keys ({', '.join(spec.key)}) occur more than once. "
                "Nothing was stored."
            )

    def _digest(self, spec: Table, parts: Sequence[str] | None) -> None:
        """Store a hash of the new rows by part."""
        part = spec.part or f"'{WHOLE}'"
        where = "" if parts is None else f"WHERE {among(part, '$parts')}"
        self._connection.execute(
            f"""
            INSERT INTO _digests
            SELECT $table, part, count(row), {_DIGEST}
            FROM (SELECT {part} AS part, {_row_text(spec.columns)} AS row FROM {spec.name} {where}
                  UNION ALL SELECT unnest($empty::VARCHAR[]), NULL)
            GROUP BY part
            """,
            {
                "table": spec.name,
                # An empty part has a digest too: "no rows" is a result like any other.
                "empty": list(parts or []) if spec.part else [WHOLE],
                **({} if parts is None else {"parts": list(parts)}),
            },
        )


@contextmanager
def _connection(path: Path, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = _connect(path, read_only=read_only)
    try:
        with told_in_words(path):
            yield connection
    finally:
        connection.close()


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file, waiting a little for another process that has it open."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            connection = duckdb.connect(str(path), read_only=read_only)
            connection.execute(f"SET memory_limit = '{_MEMORY}'")
            return connection
        except duckdb.IOException as error:
            if _LOCKED not in str(error):
                raise InputError(
                    f"The warehouse {path} cannot be opened: it is damaged, not a DuckDB file, or "
                    "its folder cannot be written. Give another path, or move the file away: the "
                    "next run makes a new one."
                ) from error
            if time.monotonic() > deadline:
                raise ComputeError(_who_holds(path, str(error))) from error
        time.sleep(_PAUSE_SECONDS)


def _who_holds(path: Path, message: str) -> str:
    process = re.search(r"PID (\d+)", message)
    holder = f"another process ({process[0]})" if process else "another process"
    return (
        f"The warehouse {path} is in use by {holder}. Close the program that has it open, a "
        "notebook or the DuckDB shell for example, or wait until its run has ended; then try again."
    )


#: A hash of rows as text. It is of a sum, so that their order is no matter.
_DIGEST = "md5(concat_ws(':', count(row), sum(md5_number_lower(row)), sum(md5_number_upper(row))))"


def _row_text(columns: Sequence[str]) -> str:
    """Return the expression that gives a row as one text."""
    # Separators that no text has keep ("ab", "c") and ("a", "bc"), "" and NULL apart.
    row = ", ".join(f"coalesce({_quoted([name])}::VARCHAR, chr(30))" for name in columns)
    return f"concat_ws(chr(31), {row})"


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _to_arrow(spec: Table, frame: pd.DataFrame) -> pyarrow.Table:
    try:
        return pyarrow.Table.from_pandas(
            frame[list(spec.columns)], schema=spec.arrow_schema(), preserve_index=False
        )
    except (pyarrow.ArrowInvalid, pyarrow.ArrowTypeError) as error:
        raise ComputeError(
            f"Table {spec.name}: a value does not fit its column's type. Nothing was stored."
        ) from error


def _refuse_strays(spec: Table, rows: pyarrow.Table, parts: Sequence[str]) -> None:
    strays = set(rows.column(spec.part).unique().to_pylist()) - set(parts)
    if strays:
        raise ComputeError(
            f"Table {spec.name}: there are rows of {len(strays)} values of {spec.part!r} that are "
            "not being replaced. Nothing was stored."
        )

"""Reading and writing the tables of one warehouse, which lie in two DuckDB files.

What tells of single persons is in a file of its own, all else in another; both are open together,
and whoever reads need not know which table is where. Published results are no matter of this
module (see `publish`).

DuckDB lets one process write at a time, so files are open for short (see `connections`). All
changes that belong together are made in one transaction, which is stored whole or not at all.
There is one exception, since DuckDB has no transaction over two files: a process that is killed
between storing people and storing the rest leaves new rows of people, and whatever was made from
the former ones is found to be out of date by their digests. What the rows of people themselves
were made from has to be forgotten beforehand (see `Transaction.forget`).

Frames are validated before the first row is touched.

Beside the tables each file has `_digests`, a hash of the rows of every table by part, kept up to
date with every change; that of results in the making has `_cache`, too: from which input each
result was made.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow

from ml_headcount_assets.compute.whole_file import UNFINISHED
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.wording import how_many

from .beside import make_folder, people_path, refuse_single_file, work_path
from .cache import WHOLE, CacheEntry, Comparison
from .connections import attach, new_file, opened, search
from .schemas import PEOPLE_TABLES, RUN_TABLES, TABLES
from .table import Table

__all__ = [
    "Snapshot",
    "TableStore",
    "Tables",
    "Transaction",
    "among",
    "attached",
    "database_of",
    "reading",
    "rewrite",
]

#: What the two files are called in SQL.
_WORK, _PEOPLE = "work", "people"

_DIGESTS = "_digests (table_name VARCHAR, part VARCHAR, row_count BIGINT, digest VARCHAR)"
_CACHE = (
    "_cache (asset VARCHAR, company VARCHAR, input_hash VARCHAR, code_version VARCHAR,"
    " data_version VARCHAR)"
)


def database_of(table: str) -> str:
    """Return in which of the files a table is, as SQL calls it."""
    return _PEOPLE if table in PEOPLE_TABLES else _WORK


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
    """The tables of one warehouse, as they are in the making.

    Parameters
    ----------
    path
        The warehouse's folder. It and its files are made by the first transaction.
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
        """Open the files themselves for reading; errors as in `snapshot`."""
        refuse_single_file(self.path)
        if not work_path(self.path).is_file():
            raise InputError(
                f"There is no warehouse at {self.path}. Run the study first, or give the path "
                "of the warehouse you mean."
            )
        files = {_WORK: work_path(self.path)}
        if people_path(self.path).is_file():  # nobody has been read yet, otherwise
            files[_PEOPLE] = people_path(self.path)
        with opened(files, read_only=True) as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Make changes that are stored together when the block ends, or not at all.

        Rows of people are stored first; see the module for what that means.

        Raises
        ------
        InputError, ComputeError
            As `snapshot`; files that are not there are made.
        """
        make_folder(self.path)
        files = {_WORK: work_path(self.path), _PEOPLE: people_path(self.path)}
        with opened(files, read_only=False) as work, work.cursor() as people:
            for path in files.values():
                path.chmod(0o600)
            search(people, _PEOPLE, _WORK)
            both = (people, work)
            for connection, database in zip(both, (_PEOPLE, _WORK), strict=True):
                connection.execute("BEGIN")
                connection.execute(f"CREATE TABLE IF NOT EXISTS {database}.{_DIGESTS}")
            work.execute(f"CREATE TABLE IF NOT EXISTS {_WORK}.{_CACHE}")
            try:
                yield Transaction(work, people)
            except BaseException:
                for connection in both:
                    with contextlib.suppress(duckdb.Error):  # a damaged file has nothing to undo
                        connection.execute("ROLLBACK")
                raise
            _store(people, work)

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
        spec = TABLES.get(table) or RUN_TABLES[table]
        if not self.has(table):
            raise InputError(
                f"The warehouse has no table {table!r} yet. Run the stages before this one first."
            )
        names = spec.columns if columns is None else tuple(columns)
        where = "" if companies is None else f"WHERE {among('company')}"
        order = _quoted(spec.key) or "ALL"
        rows = (
            self._on(table)
            .sql(
                f"SELECT {_quoted(names)} FROM {table} {where} ORDER BY {order}",
                params=[] if companies is None else [list(companies)],
            )
            .to_arrow_table()
        )
        frame = rows.to_pandas(types_mapper=_PANDAS_INTEGERS.get)
        return frame.astype(spec.pandas_types(names))

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Return what a SELECT finds. What it reads on the way never leaves DuckDB."""
        return _frame(self._connection, sql, parameters)

    def stream(
        self, sql: str, parameters: Sequence[object], rows: int
    ) -> Iterator[pyarrow.RecordBatch]:
        """Yield what a SELECT finds, about so many rows at a time."""
        yield from self._connection.sql(sql, params=list(parameters)).to_arrow_reader(rows)

    def digests(self, table: str) -> dict[str, str]:
        """Return a hash of the rows of every part of a table (under `WHOLE`, if it has none)."""
        return {part: digest for part, _, digest in self._digested(table)}

    def digest_of(self, table: str, columns: Sequence[str]) -> str:
        """Return a hash of some columns of a table; "" if it has not been made."""
        if not self.has(table):
            return ""
        found = (
            self._on(table)
            .execute(f"SELECT {_DIGEST} FROM (SELECT {_row_text(columns)} AS row FROM {table})")
            .fetchone()
        )
        return str(found[0]) if found else ""

    def row_counts(self, table: str) -> dict[str, int]:
        """Return how many rows every part of a table has (all of them under `WHOLE`)."""
        return {part: rows for part, rows, _ in self._digested(table)}

    def cached(self, asset: str) -> dict[str, CacheEntry]:
        """Return what each company's stored result was made from (`WHOLE`, if of the cohort)."""
        if not self.has("_cache"):
            return {}
        found = self._connection.execute(
            f"SELECT company, input_hash, code_version, data_version FROM {_WORK}._cache"
            " WHERE asset = ?",
            [asset],
        )
        return {company: CacheEntry(*rest) for company, *rest in found.fetchall()}

    def _digested(self, table: str) -> list[tuple[str, int, str]]:
        """Return part, number of rows and hash of a table's parts."""
        # A table that is there has been written, and so has its digest.
        if not self.has(table):
            return []
        return (
            self._on(table)
            .execute(
                f"SELECT part, row_count, digest FROM {database_of(table)}._digests"
                " WHERE table_name = ? ORDER BY part",
                [table],
            )
            .fetchall()
        )

    def _on(self, table: str) -> duckdb.DuckDBPyConnection:
        """Return the connection over which a table is reached."""
        return self._connection


class Transaction(Snapshot):
    """Changes to a warehouse that are stored together.

    A SELECT over tables of both files sees rows of people as they were when the transaction
    began.
    """

    def __init__(self, work: duckdb.DuckDBPyConnection, people: duckdb.DuckDBPyConnection) -> None:
        super().__init__(work)
        self._people = people
        self._columns = _columns_in(work)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        """Return what a SELECT finds."""
        named = self._connection.get_table_names(sql.replace("?", "NULL"))
        connection = self._people if named and named <= PEOPLE_TABLES else self._connection
        return _frame(connection, sql, parameters)

    def has(self, table: str) -> bool:
        """Whether a table has been made."""
        # An error, which is how a snapshot finds out, would end the transaction.
        return table in self._columns

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
            connection = self._on(table)
            connection.register("_incoming", batches)
            connection.execute(f"INSERT INTO {_placed(table)} BY NAME SELECT * FROM _incoming")
            connection.unregister("_incoming")
        if not whole:  # a single frame has been found to have no repeats
            self._refuse_repeats(spec)
        self._digest(spec, parts)

    def erase(self, table: str, column: str, values: Sequence[str]) -> int:
        """Delete the rows that have one of some values in a column; return how many."""
        spec = TABLES[table]
        if not values or not self.has(table):
            return 0
        connection, where = self._on(table), f"WHERE {among(column)}"
        part = spec.part or f"'{WHOLE}'"
        parts = [
            each
            for (each,) in connection.execute(
                f"SELECT DISTINCT {part} FROM {_placed(table)} {where}", [list(values)]
            ).fetchall()
        ]
        found = connection.execute(f"DELETE FROM {_placed(table)} {where}", [list(values)])
        (number,) = found.fetchone() or (0,)
        connection.execute(
            f"DELETE FROM {database_of(table)}._digests WHERE table_name = ? AND {among('part')}",
            [table, parts],
        )
        if parts:
            self._digest(spec, parts if spec.part else None)
        return int(number)

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

    def forget(self, asset: str, companies: Sequence[str] | None = None) -> None:
        """Forget what an asset's results were made from, so that they are made anew.

        Parameters
        ----------
        asset
            Name of the asset.
        companies
            Of these companies' results only; None for all.
        """
        where, which = ("", []) if companies is None else (f"AND {among('company')}", [companies])
        self._connection.execute(
            f"DELETE FROM _cache WHERE asset = ? {where}", [asset, *map(list, which)]
        )

    def _on(self, table: str) -> duckdb.DuckDBPyConnection:
        return self._people if table in PEOPLE_TABLES else self._connection

    def _make(self, spec: Table) -> None:
        """Create the table; one with other columns, of an earlier version, is made anew."""
        wanted = {name: spec.sql_type(name) for name in spec.columns}
        if self._columns.get(spec.name, wanted) != wanted:
            self._delete(spec, None)
            self._on(spec.name).execute(f"DROP TABLE {_placed(spec.name)}")
        self._on(spec.name).execute(spec.ddl(database_of(spec.name)))
        self._columns[spec.name] = wanted

    def _delete(self, spec: Table, parts: Sequence[str] | None) -> None:
        connection, digests = self._on(spec.name), f"{database_of(spec.name)}._digests"
        if parts is None:
            connection.execute(f"DELETE FROM {_placed(spec.name)}")
            connection.execute(f"DELETE FROM {digests} WHERE table_name = ?", [spec.name])
            return
        connection.execute(
            f"DELETE FROM {_placed(spec.name)} WHERE {among(str(spec.part))}", [list(parts)]
        )
        connection.execute(
            f"DELETE FROM {digests} WHERE table_name = ? AND {among('part')}",
            [spec.name, list(parts)],
        )

    def _refuse_repeats(self, spec: Table) -> None:
        """Raise a `ComputeError` if a row's key is that of another, which frames cannot tell."""
        if not spec.key:
            return
        keys = _quoted(spec.key)
        repeated = f"SELECT 1 FROM {_placed(spec.name)} GROUP BY {keys} HAVING count(*) > 1"
        found = self._on(spec.name).execute(f"SELECT count(*) FROM ({repeated})").fetchone()
        if found and found[0]:
            raise ComputeError(
                f"Table {spec.name}: {found[0]} keys ({', '.join(spec.key)}) occur more than once. "
                "Nothing was stored."
            )

    def _digest(self, spec: Table, parts: Sequence[str] | None) -> None:
        """Store a hash of the new rows by part."""
        part = spec.part or f"'{WHOLE}'"
        where = "" if parts is None else f"WHERE {among(part, '$parts')}"
        self._on(spec.name).execute(
            f"""
            INSERT INTO {database_of(spec.name)}._digests
            SELECT $table, part, count(row), {_DIGEST}
            FROM (SELECT {part} AS part, {_row_text(spec.columns)} AS row
                  FROM {_placed(spec.name)} {where}
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


def _columns_in(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Return the columns of each table, with their types, in their order."""
    columns: dict[str, dict[str, str]] = {}
    for database, table, column, kind in connection.execute(
        "SELECT database_name, table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE NOT internal ORDER BY column_index"
    ).fetchall():
        if database == database_of(table):
            columns.setdefault(table, {})[column] = kind
    return columns


def _placed(table: str) -> str:
    """Return a table's name with the file that it is in."""
    return f"{database_of(table)}.main.{table}"


def _frame(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object]
) -> pd.DataFrame:
    rows = connection.sql(sql, params=list(parameters)).to_arrow_table()
    return rows.to_pandas(types_mapper=_PANDAS_INTEGERS.get)


def rewrite(path: Path) -> None:
    """Write a DuckDB file anew, without the blocks that rows were in which have been deleted.

    Whoever calls this holds the warehouse. A process that is killed leaves the file as it was.
    """
    for left in path.parent.glob(f"{path.name}.*{UNFINISHED}*"):
        left.unlink(missing_ok=True)
    with new_file(path, "anew") as connection:
        attach(connection, path, "former", read_only=True)
        connection.execute("COPY FROM DATABASE former TO anew")


def _store(people: duckdb.DuckDBPyConnection, work: duckdb.DuckDBPyConnection) -> None:
    people.execute("COMMIT")
    work.execute("COMMIT")


@contextmanager
def reading(path: Path) -> Iterator[Snapshot]:
    """Open a file of published results for reading; errors as in `TableStore.snapshot`."""
    with opened({"results": path}, read_only=True) as connection:
        yield Snapshot(connection)


@contextmanager
def attached(
    warehouse: Path, written: Path, name: str, read: Mapping[str, Path]
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Write a file anew, with a warehouse's two files, and others, beside it for reading.

    Parameters
    ----------
    warehouse
        The warehouse's folder.
    written, name
        The file, which is there whole when the block ends, and what it is called in SQL.
    read
        Further files, by what they are called.
    """
    files = {_WORK: work_path(warehouse), _PEOPLE: people_path(warehouse), **read}
    with new_file(written, name) as connection:
        for called, path in files.items():
            if path.is_file():
                attach(connection, path, called, read_only=True)
        yield connection


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
            f"Table {spec.name}: there are rows of {how_many(len(strays), 'value')} of"
            f" {spec.part!r} that are "
            "not being replaced. Nothing was stored."
        )

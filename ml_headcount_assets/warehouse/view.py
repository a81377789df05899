"""Some tables of a warehouse, and of some companies: nothing else can be read through it.

Whoever makes a table is handed a view of what has been declared. So nobody has to say again, in
each SELECT, which companies are meant, and nobody reads what the cache knows nothing of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow

from .schemas import TABLES
from .store import Snapshot, Tables, TableStore, database_of

__all__ = ["TableView"]

_THESE = "_these_companies"


@dataclass(frozen=True)
class TableView(Tables):
    """A view of a warehouse.

    Attributes
    ----------
    path
        The warehouse's folder.
    tables
        Names of the tables that can be read, each with the columns that can be; None for all.
        Of a table with named columns there are the rows of all companies.
    companies
        Partition keys of the companies whose rows there are, in tables that are divided by
        company; None for all.
    """

    path: Path
    tables: Mapping[str, Sequence[str] | None]
    companies: Sequence[str] | None

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the tables for reading; errors as in `TableStore.snapshot`."""
        with TableStore(self.path).connection() as connection:
            snapshot = _Limited(connection, self.tables)
            self._cover(connection, snapshot)
            yield snapshot

    def _cover(self, connection: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> None:
        """Cover tables of which not all is open by a view that goes by their name."""
        if self.companies is not None:
            connection.execute(
                f"CREATE TEMP TABLE {_THESE} AS SELECT unnest(?::VARCHAR[]) AS company",
                [list(self.companies)],
            )
        for table, columns in self.tables.items():
            divided = self.companies is not None and TABLES[table].part == "company"
            if not snapshot.has(table) or (columns is None and not divided):
                continue
            wanted = "*" if columns is None else ", ".join(columns)
            where = f"WHERE company IN (SELECT company FROM {_THESE})" if columns is None else ""
            connection.execute(
                f"CREATE TEMP VIEW {table} AS SELECT {wanted}"
                f" FROM {database_of(table)}.main.{table} {where}"
            )


class _Limited(Snapshot):
    """A snapshot that refuses what is not among its tables and columns."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        tables: Mapping[str, Sequence[str] | None],
    ) -> None:
        super().__init__(connection)
        self._tables = tables

    def has(self, table: str) -> bool:
        self._refuse_others([table])
        return super().has(table)

    def read(
        self,
        table: str,
        companies: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
    ) -> pd.DataFrame:
        self._refuse_others([table])
        open_columns = self._tables[table]
        columns = open_columns if columns is None else columns
        closed = set(columns or ()) - set(open_columns or columns or ())
        if closed:
            raise LookupError(f"Column {min(closed)!r} of table {table!r} is not declared.")
        return super().read(table, companies, columns)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> pd.DataFrame:
        self._refuse_others(self._tables_in(sql))
        return super().query(sql, parameters)

    def stream(
        self, sql: str, parameters: Sequence[object], rows: int
    ) -> Iterator[pyarrow.RecordBatch]:
        self._refuse_others(self._tables_in(sql))
        return super().stream(sql, parameters, rows)

    def _tables_in(self, sql: str) -> set[str]:
        # Only names are looked for. Open parameters are not taken then, nor is USING.
        return self._connection.get_table_names(sql.replace("?", "NULL")) - {_THESE}

    def _refuse_others(self, tables: Sequence[str] | set[str]) -> None:
        for table in sorted(tables):
            if table not in self._tables:
                raise LookupError(
                    f"Table {table!r} is read and not declared. Open are"
                    f" {', '.join(self._tables) or 'none'}."
                )

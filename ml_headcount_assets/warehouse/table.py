"""What a table of the warehouse is: typed columns with checks, its key, and its parts.

Columns are declared once, as a pandera schema; the DDL and the Arrow types in which rows travel
are generated from it. Columns that may be missing are declared so; everything else is NOT NULL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pandera.pandas as pa
import pyarrow

from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.wording import how_many

__all__ = ["Table"]


@dataclass(frozen=True)
class _Type:
    """One column type in the three worlds it passes through."""

    sql: str
    arrow: pyarrow.DataType
    pandas: str
    nullable_pandas: str


TEXT = _Type("VARCHAR", pyarrow.string(), "str", "str")

TINYINT = _Type("TINYINT", pyarrow.int8(), "int8", "Int8")

INTEGER = _Type("INTEGER", pyarrow.int32(), "int32", "Int32")

BIGINT = _Type("BIGINT", pyarrow.int64(), "int64", "Int64")

DOUBLE = _Type("DOUBLE", pyarrow.float64(), "float64", "float64")

BOOLEAN = _Type("BOOLEAN", pyarrow.bool_(), "bool", "boolean")

INTEGERS = _Type("INTEGER[]", pyarrow.list_(pyarrow.int32()), "object", "object")

BIGINTS = _Type("BIGINT[]", pyarrow.list_(pyarrow.int64()), "object", "object")

TEXTS = _Type("VARCHAR[]", pyarrow.list_(pyarrow.string()), "object", "object")

DOUBLES = _Type("DOUBLE[]", pyarrow.list_(pyarrow.float64()), "object", "object")

_TYPES = {
    t.sql: t
    for t in (
        *(TEXT, TINYINT, INTEGER, BIGINT, DOUBLE, BOOLEAN),
        *(TEXTS, INTEGERS, BIGINTS, DOUBLES),
    )
}


@dataclass(frozen=True)
class Table:
    """One table: its columns, what identifies a row, and by which column parts are replaced.

    Attributes
    ----------
    name
        Name of the table, which is the name of the asset.
    schema
        Columns with their types, checks and meanings.
    key
        Columns that identify a row; rows are sorted by them when read.
    part
        Column whose values are the parts that can be replaced on their own ("company"), or None.
    """

    name: str
    schema: pa.DataFrameSchema
    key: tuple[str, ...]
    part: str | None

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(self.schema.columns)

    def sql_type(self, column: str) -> str:
        """Return the DuckDB type of a column."""
        return self.schema.columns[column].metadata["sql"]

    def ddl(self, database: str | None = None) -> str:
        """Return the statement that creates the table if it is not there.

        Parameters
        ----------
        database
            The file that it is to be in, as SQL calls it; None for the one that is open.
        """
        lines = [
            f'"{name}" {self.sql_type(name)}{"" if column.nullable else " NOT NULL"}'
            for name, column in self.schema.columns.items()
        ]
        place = f"{database}.main." if database else ""
        return f'CREATE TABLE IF NOT EXISTS {place}"{self.name}" ({", ".join(lines)})'

    def arrow_schema(self, columns: Sequence[str] | None = None) -> pyarrow.Schema:
        """Return the Arrow types in which rows are handed to DuckDB and taken from it."""
        names = self.columns if columns is None else columns
        return pyarrow.schema([(name, _TYPES[self.sql_type(name)].arrow) for name in names])

    def pandas_types(self, columns: Sequence[str] | None = None) -> dict[str, str]:
        """Return the pandas type of each column in frames that are read."""
        names = self.columns if columns is None else columns
        return {
            name: _pandas_type(_TYPES[self.sql_type(name)], self.schema.columns[name].nullable)
            for name in names
        }

    def empty(self) -> pd.DataFrame:
        """Return a frame without rows."""
        return pd.DataFrame(columns=list(self.columns))

    def validate(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the declared types, or refuse it.

        Raises
        ------
        ComputeError
            With the columns and checks that fail and how many rows; never with their values.
        """
        try:
            return self.schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as error:
            findings = "; ".join(_findings(error.failure_cases))
            raise ComputeError(f"Table {self.name}: {findings}. Nothing was stored.") from None


def _pandas_type(kind: _Type, nullable: bool) -> str:
    return kind.nullable_pandas if nullable else kind.pandas


_FINDINGS = {
    "not_nullable": "is missing in",
    "multiple_fields_uniqueness": "together with the rest of the key occurs more than once in",
}


def _findings(failures: pd.DataFrame) -> Iterator[str]:
    """Say what failed by column and check. Values stay out: they may be somebody's."""
    for check, meaning in (("column_in_dataframe", "missing"), ("column_in_schema", "unknown")):
        for name in failures.loc[failures["check"] == check, "failure_case"]:
            yield f"column {name!r} is {meaning}"
    of_values = failures[~failures["check"].str.startswith(("column_in_", "dtype("))]
    for (column, check), rows in of_values.groupby(["column", "check"], sort=False).size().items():
        found = _FINDINGS.get(check, f"fails {check} in")
        yield f"column {column!r} {found} {how_many(rows, 'row')}"


def column(kind: _Type, meaning: str, *checks: pa.Check, nullable: bool = False) -> pa.Column:
    return pa.Column(
        _pandas_type(kind, nullable),
        list(checks),
        nullable=nullable,
        description=meaning,
        metadata={"sql": kind.sql},
    )


def table(
    name: str, columns: Mapping[str, pa.Column], key: Sequence[str], part: str | None = None
) -> Table:
    schema = pa.DataFrameSchema(
        dict(columns), name=name, strict=True, coerce=True, unique=list(key) or None
    )
    return Table(name, schema, tuple(key), part)

"""Whether two warehouses hold the same numbers, to the last digit.

    python -m ml_headcount_tests.same_numbers OLD.duckdb NEW.duckdb

For changes that are to move no number: the same study is run by the code before and after, each
into a warehouse of its own. The new one may have more: tables, columns, estimators; what the old
one has must be there and be the same. Columns that have got another name since are known; others
are named with `--renamed OLD=NEW`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

__all__ = ["TableDifference", "compare_warehouses"]

#: Names, and ends of names, and what they have become: quantiles of 10 and 90 % at one level only.
_RENAMED = {"share_q50": "share", "q10": "low", "q50": "median", "q90": "high"}


@dataclass(frozen=True)
class TableDifference:
    """One table of the old warehouse, set against the new one's.

    Attributes
    ----------
    table
        Its name.
    rows
        How many rows were compared.
    lost
        Old names of columns that the new table has not; all of them, if it is not there.
    gained
        Names of columns, and of estimators, that the old one has not.
    only_old, only_new
        How many rows one has and the other has not.
    """

    table: str
    rows: int
    lost: tuple[str, ...]
    gained: tuple[str, ...]
    only_old: int
    only_new: int

    @property
    def same(self) -> bool:
        """Whether everything in the old table is in the new one, and nothing else."""
        return not (self.lost or self.only_old or self.only_new)

    def __str__(self) -> str:
        said = f"{self.table}: {self.rows:,} rows"
        if self.same:
            said += ", the same"
        if self.lost:
            said += f"; lost: {', '.join(self.lost)}"
        if self.only_old or self.only_new:
            said += f"; {self.only_old:,} only in the old, {self.only_new:,} only in the new"
        return said + (f"; gained: {', '.join(self.gained)}" if self.gained else "")


def compare_warehouses(
    old: Path, new: Path, renamed: Mapping[str, str] | None = None
) -> Iterator[TableDifference]:
    """Compare every table of a warehouse with the same one of another.

    Rows are compared as bags: their order is no number. Hashes that a warehouse keeps for itself
    (`_cache`, `_digests`) follow from names as well and are left out.

    Parameters
    ----------
    old, new
        DuckDB files; nothing is written into them.
    renamed
        New names by old ones, beside those that are known.
    """
    with duckdb.connect() as database:
        for name, path in (("old", old), ("new", new)):
            quoted = str(path).replace("'", "''")
            database.execute(f"ATTACH '{quoted}' AS {name} (READ_ONLY)")
        for table in _tables(database, "old"):
            yield _compare_table(database, table, renamed or {})


def _compare_table(
    database: duckdb.DuckDBPyConnection, table: str, renamed: Mapping[str, str]
) -> TableDifference:
    old, new = (_columns(database, side, table) for side in ("old", "new"))
    pairs = {name: now for name in old if (now := _name_now(name, new, renamed)) is not None}
    lost = tuple(name for name in old if name not in pairs)
    gained = [name for name in new if name not in pairs.values()]
    rows = _count(database, f'SELECT * FROM old."{table}"')
    if not pairs:
        return TableDifference(table, rows, lost, (), 0, 0)
    here = f'SELECT {_listed(pairs)} FROM old."{table}"'
    there = f'SELECT {_listed(pairs.values())} FROM new."{table}"'
    if "estimator" in pairs:
        known = f'SELECT estimator FROM old."{table}"'
        beside = f'SELECT DISTINCT estimator FROM new."{table}" WHERE estimator NOT IN ({known})'
        gained += [name for (name,) in database.execute(beside).fetchall()]
        there += f" WHERE estimator IN ({known})"
    return TableDifference(
        table=table,
        rows=rows,
        lost=lost,
        gained=tuple(gained),
        only_old=_count(database, f"({here}) EXCEPT ALL ({there})"),
        only_new=_count(database, f"({there}) EXCEPT ALL ({here})"),
    )


def _name_now(name: str, names: Sequence[str], renamed: Mapping[str, str]) -> str | None:
    """Return what a column is called in the new table; None if it is not there."""
    *of, end = name.rsplit("_", 1)
    known = "_".join([*of, _RENAMED.get(end, end)])
    candidates = (renamed.get(name), name, _RENAMED.get(name), known)
    return next((candidate for candidate in candidates if candidate in names), None)


def _tables(database: duckdb.DuckDBPyConnection, side: str) -> list[str]:
    query = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name"
    names = [name for (name,) in database.execute(query, [side]).fetchall()]
    return [name for name in names if not name.startswith("_")]


def _columns(database: duckdb.DuckDBPyConnection, side: str, table: str) -> list[str]:
    query = (
        "SELECT column_name FROM duckdb_columns() WHERE database_name = ? AND table_name = ?"
        " ORDER BY column_index"
    )
    return [name for (name,) in database.execute(query, [side, table]).fetchall()]


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _count(database: duckdb.DuckDBPyConnection, query: str) -> int:
    row = database.execute(f"SELECT count(*) FROM ({query})").fetchone()
    assert row is not None
    return int(row[0])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what a comparison says of each table; return 1 if anything differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--renamed", metavar="OLD=NEW", action="append", default=[])
    given = parser.parse_args(arguments)
    renamed = dict(pair.split("=", 1) for pair in given.renamed)
    differing = 0
    for difference in compare_warehouses(given.old, given.new, renamed):
        print(difference, flush=True)
        differing += not difference.same
    print(f"{differing} tables differ" if differing else "Every table is the same")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())

"""Published results: the one file that readers open, written whole and swapped in by its name.

Whoever has the former file open keeps it and disturbs nobody; whoever opens it finds all of one
run or all of another. There is no person in it: what tells of single persons is left out, and of
rejects the digests of their values. It carries on who has run what, and what came out for each
company, from the file that it replaces.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from ml_headcount_assets.compute.whole_file import UNFINISHED
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model.settings import MODEL_VERSION
from ml_headcount_assets.study import Study
from ml_headcount_assets.wording import percent

from .beside import refuse_single_file, results_path
from .cache import hash_of
from .connections import literal
from .meanings import comments
from .schemas import KEYWORD_TABLES, PEOPLE_TABLES, RUN_TABLES, TABLES
from .store import Snapshot, Tables, attached, database_of, reading
from .table import Table

__all__ = [
    "PUBLISHED_KEYWORDS",
    "PUBLISHED_TABLES",
    "Published",
    "Run",
    "last_run",
    "package_code",
    "publish",
    "publish_keywords",
    "published_study",
]

_REJECTS = "rejects"

#: The tables that readers have, in the order of the journey.
PUBLISHED_TABLES: tuple[str, ...] = tuple(
    name for name in TABLES if name == _REJECTS or name not in PEOPLE_TABLES
)

#: Those of discovered keywords, which are published by themselves, too.
PUBLISHED_KEYWORDS: tuple[str, ...] = tuple(
    name for name in KEYWORD_TABLES if name in PUBLISHED_TABLES
)

#: What the files are called in SQL: the new one, and the one it is to replace.
_RESULTS, _FORMER = "results", "former"


@dataclass(frozen=True)
class Run:
    """Which run it is that publishes.

    Attributes
    ----------
    id
        As Dagster knows it.
    started
        When it began.
    whole
        Whether it is of everything, for all companies.
    """

    id: str
    started: datetime
    whole: bool


class Published(Tables):
    """The published results of a warehouse.

    Parameters
    ----------
    path
        The warehouse's folder, or a file of results by itself.
    """

    def __init__(self, path: Path | str) -> None:
        given = Path(path)
        if not given.is_file():
            refuse_single_file(given)
        self.path = given if given.is_file() else results_path(given)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Open the results as they are now; what is published meanwhile is not seen.

        Raises
        ------
        InputError
            Nothing has been published, or the file is damaged.
        """
        if not self.path.is_file():
            raise InputError(
                f"There is no finished run in {self.path.parent}. Run the study first"
                " (ml-headcount run --study DIR), or say with --warehouse which one you mean."
            )
        with reading(self.path) as snapshot:
            yield snapshot


def published_study(results: Published) -> Study:
    """Return the configuration that published results were made with.

    Paths of its files are those within the study's directory, and lead nowhere.

    Raises
    ------
    InputError
        No run has come to its end.
    """
    return Study.model_validate({"directory": Path(), **json.loads(last_run(results)["settings"])})


def last_run(results: Published) -> Mapping[str, Any]:
    """Return the row of table runs that published results are of; errors as above."""
    with results.snapshot() as snapshot:
        if snapshot.has("_cache"):  # which results have none of
            refuse_single_file(results.path)
        last = "FROM runs ORDER BY finished DESC LIMIT 1"
        rows = snapshot.query(last).to_dict("records") if snapshot.has("runs") else []
    if not rows:
        raise InputError(
            f"There is no finished run in {results.path.parent}. Run the study first"
            " (ml-headcount run --study DIR), or say with --warehouse which one you mean."
        )
    return {str(name): value for name, value in rows[0].items()}


@cache
def package_code() -> str:
    """Return a hash of this package's source, which tells versions in development apart."""
    package = Path(__file__).resolve().parent.parent
    hashed = hashlib.blake2b(digest_size=16)
    for path in sorted(package.rglob("*")):
        if path.is_file() and path.suffix in (".py", ".yaml", ".j2", ".txt"):
            hashed.update(path.relative_to(package).as_posix().encode())
            hashed.update(path.read_bytes())
    return hashed.hexdigest()


def publish(
    warehouse: Path,
    study: Study,
    inputs: Mapping[str, str],
    run: Run,
    checks: pd.DataFrame | None = None,
    spending: pd.DataFrame | None = None,
) -> None:
    """Put what a warehouse's tables hold in the place of what was published before.

    Parameters
    ----------
    warehouse
        The warehouse's folder.
    study
        The configuration that the tables were made with.
    inputs
        Versions of the files and settings that they were made from, by source.
    run
        Which run publishes. One that finds the very same as was published takes its place in
        the history.
    checks
        Rows of table checks: what the checks found in the tables as they are now.
    spending
        Rows of table llm_spending, if LLMs were asked.

    Raises
    ------
    InputError, ComputeError
        A file is damaged or cannot be written; what was published before stays.
    """
    with _swapped(warehouse) as connection:
        _copy(connection, PUBLISHED_TABLES)
        content = _content(connection)
        for spec in RUN_TABLES.values():
            connection.execute(spec.ddl(_RESULTS))
        if _has(connection, _FORMER, "runs"):
            _carry_on(connection, content, json.dumps(inputs, sort_keys=True))
        connection.execute(
            f"""
            INSERT INTO {_RESULTS}.runs BY NAME
            SELECT $run AS run, $started AS started, $finished AS finished, $study AS study,
                   $package AS package_version, $code AS code, $model AS model_version,
                   $settings AS settings, $inputs AS inputs, $content AS content, $whole AS whole,
                   estimator, companies, mean, sd, low, median, high, level
            FROM {_RESULTS}.portfolio_intervals WHERE grouping = 'all' AND estimator = $estimator
            """,
            {
                "run": run.id,
                "started": run.started.isoformat(timespec="milliseconds"),
                "finished": _now_or_after_the_last(connection),
                "study": study.name,
                "package": metadata.version("ml-headcount-assets"),
                "code": package_code(),
                "model": MODEL_VERSION,
                "settings": json.dumps(_settings(study), sort_keys=True),
                "inputs": json.dumps(inputs, sort_keys=True),
                "content": content,
                "whole": run.whole,
                "estimator": study.headline,
            },
        )
        connection.execute(
            f"""
            INSERT INTO {_RESULTS}.history BY NAME
            SELECT ? AS run, company_id, estimator, low, median, high, level
            FROM {_RESULTS}.headcount_intervals WHERE estimator = ? ORDER BY company_id
            """,
            [run.id, study.headline],
        )
        for name, rows in (("checks", checks), ("llm_spending", spending)):
            if rows is not None and len(rows):
                _store(connection, RUN_TABLES[name], rows)


def publish_keywords(warehouse: Path) -> None:
    """Publish what has been discovered of keywords; all else stays as it was published.

    Errors are those of `publish`.
    """
    with _swapped(warehouse) as connection:
        _copy(connection, PUBLISHED_KEYWORDS)
        for name, spec in {**TABLES, **RUN_TABLES}.items():
            if name not in PUBLISHED_KEYWORDS and _has(connection, _FORMER, name):
                _fill(connection, spec, f"FROM {_FORMER}.{name}")


@contextmanager
def _swapped(warehouse: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a file that takes the place of the published one when the block ends."""
    path = results_path(warehouse)
    # A run that was killed has left what it was writing. Whoever publishes holds the warehouse.
    for left in warehouse.glob(f"{path.name}.*{UNFINISHED}*"):
        left.unlink(missing_ok=True)
    former = {_FORMER: path} if path.is_file() else {}
    try:
        with attached(warehouse, path, _RESULTS, former) as connection:
            yield connection
            _explain(connection)
        _settle(warehouse)
    except OSError as error:
        raise ComputeError(
            f"The results could not be published ({os.strerror(error.errno or 0)}). What was"
            " published before is as it was. Make room, or make the warehouse writable; then run"
            " again."
        ) from error


def _explain(connection: duckdb.DuckDBPyConnection) -> None:
    """Write beside each table and column what it means, for whoever opens the file with SQL."""
    connection.execute("BEGIN")  # each of hundreds would be a transaction of its own
    there = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = ?", [_RESULTS]
    ).fetchall()
    for (name,) in there:
        place = f"{_RESULTS}.main.{name}"
        for column, comment in comments(name, _level(connection, name)):
            what = f"TABLE {place}" if column is None else f'COLUMN {place}."{column}"'
            connection.execute(f"COMMENT ON {what} IS {literal(comment)}")
    connection.execute("COMMIT")


def _level(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """Return how much the intervals of a table hold, in words; None if it has none."""
    if "level" not in {**TABLES, **RUN_TABLES}[name].columns:
        return None
    found = connection.execute(
        f"SELECT DISTINCT level FROM {_RESULTS}.main.{name} ORDER BY level"
    ).fetchall()
    return " or ".join(percent(level) for (level,) in found) or None


def _settle(folder: Path) -> None:
    """Make sure that a file's new name outlasts a failure of power."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _copy(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    for name in names:
        if not _has(connection, database_of(name), name):
            continue
        # A digest tells a value to whoever can guess it.
        how = "SELECT * REPLACE (NULL AS value_digest)" if name == _REJECTS else "SELECT *"
        _fill(connection, TABLES[name], f"{how} FROM {database_of(name)}.main.{name}")


def _fill(connection: duckdb.DuckDBPyConnection, spec: Table, select: str) -> None:
    connection.execute(spec.ddl(_RESULTS))
    order = ", ".join(f'"{name}"' for name in spec.key) or "ALL"
    connection.execute(f"INSERT INTO {_RESULTS}.{spec.name} BY NAME {select} ORDER BY {order}")


def _store(connection: duckdb.DuckDBPyConnection, spec: Table, rows: pd.DataFrame) -> None:
    """Put some rows into a table that is there."""
    rows = spec.validate(rows)[list(spec.columns)].astype(object)
    marks = ", ".join("?" for _ in spec.columns)
    connection.executemany(
        f"INSERT INTO {_RESULTS}.{spec.name} VALUES ({marks})",
        rows.where(rows.notna(), None).to_numpy().tolist(),
    )


def _has(connection: duckdb.DuckDBPyConnection, database: str, table: str) -> bool:
    return bool(
        connection.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND table_name = ?",
            [database, table],
        ).fetchone()
    )


def _content(connection: duckdb.DuckDBPyConnection) -> str:
    """Return a hash of what the tables hold, by the digests they are kept with."""
    digests = [
        connection.execute(
            f"SELECT part, digest FROM {database_of(name)}.main._digests WHERE table_name = ?"
            " ORDER BY part",
            [name],
        ).fetchall()
        for name in PUBLISHED_TABLES
    ]
    return hash_of(digests)


def _carry_on(connection: duckdb.DuckDBPyConnection, content: str, inputs: str) -> None:
    """Take over the history, but for a last run that published the very same."""
    last = f"SELECT run, content, inputs FROM {_FORMER}.runs ORDER BY finished DESC LIMIT 1"
    same = connection.execute(
        f"SELECT run FROM ({last}) WHERE content = ? AND inputs = ?", [content, inputs]
    ).fetchone()
    for name in (name for name, spec in RUN_TABLES.items() if "run" in spec.columns):
        connection.execute(
            f"INSERT INTO {_RESULTS}.{name} BY NAME SELECT * FROM {_FORMER}.{name} WHERE run <> ?",
            [same[0] if same else ""],
        )


def _now_or_after_the_last(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the time; if a clock was set back, the moment after the last run was published.

    Which run is the last one goes by these times.
    """
    now = datetime.now(UTC)
    found = connection.execute(f"SELECT max(finished) FROM {_RESULTS}.runs").fetchone()
    if found is not None and found[0] is not None:
        now = max(now, datetime.fromisoformat(found[0]) + timedelta(milliseconds=1))
    return now.isoformat(timespec="milliseconds")


def _settings(study: Study) -> dict[str, Any]:
    """Return a configuration in JSON-like values, with its paths as the study has them."""
    # Defaults stay out: what is given has to go with what else is, a default need not.
    content = study.model_dump(mode="json", exclude={"directory"}, exclude_unset=True)
    return _without(content, study.directory)


def _without(value: Any, directory: Path) -> Any:
    """Return a configuration without where on this machine it lies."""
    if isinstance(value, dict):
        return {key: _without(each, directory) for key, each in value.items()}
    if isinstance(value, list):
        return [_without(each, directory) for each in value]
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    path = Path(value)
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else path.name

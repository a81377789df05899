"""What an asset is: one declaration of what it is made from, and by which function.

Making the rows, asking the cache, and telling Dagster of it do not belong here: see `making`
and `factory`. A recipe is static: it can be compared with what a warehouse holds at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import WHOLE, Comparison, compare, hash_of
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import Snapshot, Transaction

from .reader import Reader
from .stages import Stage
from .versions import Setting, file_version

__all__ = ["COHORT", "COMPANY", "REJECTS", "Frames", "Obtained", "Recipe", "compare_stored"]

#: Rows by table, or one after another: for large tables several frames that follow each other.
Frames = Mapping[str, pd.DataFrame] | Iterator[tuple[str, pd.DataFrame]]

#: What rows are made for at a time.
COMPANY, COHORT = "company", "cohort"

#: The table to which every reader of files adds its part.
REJECTS = "rejects"


@dataclass(frozen=True)
class Obtained:
    """What was obtained from outside before the inputs of an asset are compared.

    Attributes
    ----------
    state
        What of it the rows depend on, as a JSON-like value.
    value
        What the rows are made from; found as `Reader.obtained`.
    metadata
        What is shown of it, beside what the recipe shows.
    """

    state: object = None
    value: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How the rows of some tables are made, and from what.

    Attributes
    ----------
    asset
        Name of the step, and that under which its results are cached; that of the first asset,
        for most.
    makes
        The assets, each with what is said of it. They are tables, unless they are `pages`.
    stage
        Where on the way it is.
    grain
        `COMPANY`, if rows of some companies can be made without those of the others, else
        `COHORT`.
    version
        Raised when the code gives other rows from the same input.
    make
        Returns the frames of the tables. It is handed a reader, which opens what is declared
        here and nothing else, and a callback ``(done, total)``. An iterator is exhausted while
        the warehouse is being written, so it cannot read from there.
    tables
        The tables that are read. For a recipe of `COMPANY` a table that is divided by company
        has the rows of the companies in hand only.
    columns
        Columns that are read of further tables.
    settings, files
        Parts of the configuration, and roles of the study's files.
    follows
        Tables that are made before it, though it reads nothing of them.
    rejects
        Whether it also makes its part of the rejects.
    obtain
        Obtains something from outside, for all companies of a run; None for nothing.
    shows
        For people, by title: what a SELECT finds in the tables once they are stored.
    shows_company
        For people, by title: what a SELECT finds for the one company (its parameter) that a run
        was of. Of many companies at once nothing is said: it would stand on the page of each.
    draws
        Pictures, by title: a SELECT of ``label, low, median, high, level``. Its
        parameter is the first of the study's estimators.
    measures
        Numbers that the UI plots over time: a SELECT of names and values.
    pages
        Where the files are that it makes in place of tables, by asset, given the warehouse.
    after
        Is done to the warehouse together with storing the rows.
    kinds
        In place of those of the stage.
    warned_after_days
        After how many days without a run the UI says so; after three times as many, louder.
    """

    asset: str
    makes: Mapping[str, str]
    stage: Stage
    grain: str
    version: str
    make: Callable[[Reader, Progress], Frames]
    tables: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: tuple[Setting, ...] = ()
    files: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    rejects: bool = False
    obtain: Callable[[Reader], AbstractContextManager[Obtained]] | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    shows_company: Mapping[str, str] = field(default_factory=dict)
    draws: Mapping[str, str] = field(default_factory=dict)
    measures: str = ""
    pages: Mapping[str, Callable[[Path], Path]] = field(default_factory=dict)
    after: Callable[[Transaction], None] | None = None
    kinds: frozenset[str] = frozenset()
    warned_after_days: int | None = None

    @property
    def tables_made(self) -> tuple[str, ...]:
        """The tables that it writes, or of which it writes a part."""
        made = tuple(name for name in self.makes if name not in self.pages)
        return (*made, REJECTS) if self.rejects and REJECTS not in made else made

    @property
    def opened(self) -> dict[str, tuple[str, ...] | None]:
        """The tables that it reads, with the columns if not all of them matter."""
        return {**dict.fromkeys(self.tables), **self.columns}

    @property
    def fields(self) -> set[str]:
        """The fields of the study that it reads."""
        return {field for setting in self.settings for field in setting.fields}

    def choices(self, study: Study) -> list[object]:
        """Return what its rows depend on besides tables, in a form that can be hashed."""
        return [
            [setting.version(study) for setting in self.settings],
            [file_version(study, role) for role in self.files],
            # Which kinds of files there are can be seen by whoever reads one of them.
            [role for role, files in study.files if files is not None] if self.files else [],
        ]


def compare_stored(
    snapshot: Snapshot,
    recipe: Recipe,
    study: Study,
    companies: Sequence[str] | None = None,
    state: object = None,
) -> Comparison:
    """Set the inputs of a recipe against those of the stored rows.

    Parameters
    ----------
    snapshot
        The warehouse.
    recipe
        The recipe.
    study
        The study as it is.
    companies
        Partition keys of the companies in question; None for a recipe of the cohort.
    state
        Of what was obtained from outside.
    """
    layout = [TABLES[table].ddl() for table in recipe.tables_made]
    reads = {table: snapshot.digests(table) for table in recipe.tables}
    for table, columns in recipe.columns.items():
        digest = snapshot.digest_of(table, columns)
        reads[f"{table}: {', '.join(columns)}"] = {WHOLE: digest}
    made = all(map(snapshot.has, recipe.tables_made))
    stored = snapshot.cached(recipe.asset) if made else {}
    if recipe.grain == COMPANY:
        # Rows can have been deleted by a run that was killed before it could forget the entry.
        there = set.intersection(*(set(snapshot.digests(name)) for name in recipe.makes))
        stored = {company: entry for company, entry in stored.items() if company in there}
    return compare(
        recipe.asset,
        companies,
        reads=reads,
        settings=[recipe.choices(study), state],
        # A table of another layout is made anew, so its rows have to be, too.
        code_version=f"{recipe.version}/{hash_of(layout)}",
        stored=stored,
    )

"""Making what has changed and keeping the rest: what every asset of this package does.

`follow` compares a recipe's inputs with those of the stored rows, makes the rows of the companies
for which they differ, and stores them in one transaction. What single assets are made from does
not belong here, nor how Dagster is told of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter

import pandas as pd

from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import Comparison, hash_of
from ml_headcount_assets.warehouse.schemas import PEOPLE_TABLES, TABLES
from ml_headcount_assets.warehouse.store import TableStore, Transaction

from .reader import Reader, Surroundings, narrowed
from .recipes import COMPANY, Frames, Obtained, Recipe, compare_stored

__all__ = ["Settled", "follow", "reader_for"]


@dataclass(frozen=True)
class Settled:
    """What there is to tell of a recipe's tables once they are up to date.

    Attributes
    ----------
    version
        Derived from the stored rows, so that the UI calls stale what would be made anew.
    made, kept
        Of how many companies (of the cohort: 1) rows were made, and were there already.
    rows
        Number of rows by table and part.
    shown
        Tables for people, by title.
    drawn
        Intervals to be drawn, by title.
    measured
        Numbers to be plotted over time, by name.
    obtained
        What was obtained from outside.
    """

    version: str
    made: int
    kept: int
    rows: Mapping[str, Mapping[str, int]]
    shown: Mapping[str, pd.DataFrame]
    drawn: Mapping[str, pd.DataFrame]
    measured: Mapping[str, float]
    obtained: Obtained = Obtained()  # noqa: RUF009, frozen


def follow(
    recipe: Recipe,
    study: Study,
    store: TableStore,
    companies: Sequence[str] | None,
    around: Surroundings,
) -> Settled:
    """Bring a recipe's tables up to date.

    Parameters
    ----------
    recipe
        The recipe.
    study
        The study.
    store
        The warehouse.
    companies
        Partition keys of the companies wanted; None for a recipe of the cohort.
    around
        Where work is done, and whom to tell.
    """
    progress = around.progress(recipe.asset)
    progress(0, 1)
    reader = reader_for(recipe, study, store, companies, around)
    with recipe.obtain(reader) if recipe.obtain else nullcontext(Obtained()) as obtained:
        with store.transaction() as transaction:
            if not all(page(store.path).is_file() for page in recipe.pages.values()):
                transaction.forget(recipe.asset)
            if around.anew:
                transaction.forget(recipe.asset, companies)
            comparison = compare_stored(transaction, recipe, study, companies, obtained.state)
            # Rows of people are stored before the entry which says what they were made from.
            if comparison.misses and not PEOPLE_TABLES.isdisjoint(recipe.tables_made):
                transaction.forget(recipe.asset, comparison.misses)
            # Opening the file again would be most of the time of a run in which nothing changed.
            settled = (
                None
                if comparison.misses
                else _settle(transaction, recipe, comparison, {}, study.headline)
            )
        if settled is None:
            missing = comparison.misses if recipe.grain == COMPANY else None
            frames = recipe.make(
                replace(reader, companies=missing, obtained=obtained.value), progress
            )
            with store.transaction() as transaction:
                settled = _settle(transaction, recipe, comparison, frames, study.headline)
        settled = replace(settled, obtained=obtained)
    progress(1, 1)
    return settled


def reader_for(
    recipe: Recipe,
    study: Study,
    store: TableStore,
    companies: Sequence[str] | None,
    around: Surroundings,
) -> Reader:
    """Return what a recipe's functions are handed; see `follow`."""
    study = narrowed(study, recipe.fields, recipe.files)
    return Reader(store.path, recipe.opened, companies, study, around)


def _settle(
    transaction: Transaction,
    recipe: Recipe,
    comparison: Comparison,
    frames: Frames,
    headline: str,
) -> Settled:
    """Store new rows and what they were made from."""
    if isinstance(frames, Mapping):
        for table, frame in frames.items():
            transaction.replace(table, frame, _parts(table, recipe, comparison))
    else:
        for table, group in groupby(frames, key=itemgetter(0)):
            rows = (frame for _, frame in group)
            transaction.replace(table, rows, _parts(table, recipe, comparison))
    if recipe.after and comparison.misses:
        recipe.after(transaction)
    version = comparison.settled_version() or _version(transaction, recipe, comparison)
    if version != comparison.settled_version():
        transaction.remember(comparison, version)
    return Settled(
        version,
        made=len(comparison.misses),
        kept=len(comparison.hits),
        rows={table: transaction.row_counts(table) for table in recipe.tables_made},
        shown=_shown(transaction, recipe, comparison),
        drawn={title: transaction.query(sql, [headline]) for title, sql in recipe.draws.items()},
        measured=_measured(transaction, recipe),
    )


def _measured(transaction: Transaction, recipe: Recipe) -> dict[str, float]:
    """Return numbers to be plotted over time; what is not defined is left out."""
    if not recipe.measures:
        return {}
    rows = transaction.query(recipe.measures).dropna()
    return {str(name): float(value) for name, value in rows.itertuples(index=False)}


def _shown(
    transaction: Transaction, recipe: Recipe, comparison: Comparison
) -> dict[str, pd.DataFrame]:
    """Return the tables for people, by title."""
    shown = {title: transaction.query(sql) for title, sql in recipe.shows.items()}
    if recipe.grain == COMPANY and len(comparison.inputs) == 1:
        shown |= {
            title: transaction.query(sql, list(comparison.inputs))
            for title, sql in recipe.shows_company.items()
        }
    return shown


def _parts(table: str, recipe: Recipe, comparison: Comparison) -> Sequence[str] | None:
    """Return the parts of a table that the recipe makes anew; None for all of it."""
    if TABLES[table].part == "reader":
        return [recipe.asset]
    return comparison.misses if recipe.grain == COMPANY else None


def _version(transaction: Transaction, recipe: Recipe, comparison: Comparison) -> str:
    """Hash the rows that the recipe is answerable for; of a file, what it is made from."""
    if recipe.pages:
        return hash_of(comparison.inputs)
    # Readers add to the rejects, whose version is that of the asset of this name.
    digests = {table: transaction.digests(table) for table in recipe.makes}
    if recipe.grain != COMPANY:
        return hash_of(digests)
    return hash_of(
        {
            table: {company: parts.get(company) for company in comparison.inputs}
            for table, parts in digests.items()
        }
    )

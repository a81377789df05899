"""Making what has changed, keeping the rest: what every asset of this package does.

An asset is a `Recipe`. `follow` compares its inputs with those of the stored rows, makes the
rows of the companies for which they differ, and stores them in one transaction. The versions
it reports are derived from the stored rows, so that the UI calls stale what would be made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.warehouse.cache import Comparison, compare, hash_of
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import Snapshot, TableStore, Transaction

from .resources import ProgressListener

__all__ = ["Recipe", "compare_stored", "follow", "in_turn"]

#: Rows by table, or one after another: for large tables several frames that follow each other.
Frames = Mapping[str, pd.DataFrame] | Iterator[tuple[str, pd.DataFrame]]


@dataclass(frozen=True)
class Recipe:
    """How an asset's rows are made, and from what.

    Attributes
    ----------
    asset
        Name under which results are cached; usually the asset's.
    tables
        The tables that it writes; none, if it makes a file.
    make
        Returns the frames of `tables`, given the partition keys of the companies whose rows are
        to be made (for an asset of the cohort: `cache.WHOLE` alone) and a callback
        ``(done, total)``. An iterator is exhausted while the warehouse is being written, so it
        cannot read from there.
    code_version
        Raised when the code gives other rows from the same input.
    reads
        Tables whose rows the result depends on.
    settings
        JSON-like values that it depends on besides.
    by_company
        Whether the asset is partitioned by company.
    describe
        Returns metadata for people, from the stored tables.
    """

    asset: str
    tables: Sequence[str]
    make: Callable[[Sequence[str], Progress], Frames]
    code_version: str
    reads: Sequence[str] = ()
    settings: object = None
    by_company: bool = False
    describe: Callable[[Snapshot], Mapping[str, Any]] = lambda _: {}


def follow(
    context: dg.AssetExecutionContext,
    store: TableStore,
    recipe: Recipe,
    listener: ProgressListener,
) -> Iterator[dg.MaterializeResult]:
    """Bring a recipe's tables up to date, and report on those that are assets of this step."""
    progress = partial(listener, recipe.asset)
    progress(0, 1)
    companies = list(context.partition_keys) if recipe.by_company else None
    with store.transaction() as transaction:
        comparison = compare_stored(transaction, recipe, companies)
        # Opening the file again would be most of the time of a run in which nothing changed.
        settled = None if comparison.misses else _settle(transaction, recipe, comparison, {})
    if settled is None:
        frames = recipe.make(comparison.misses, progress)
        with store.transaction() as transaction:
            settled = _settle(transaction, recipe, comparison, frames)
    progress(1, 1)
    context.log.info(
        f"{recipe.asset}: {len(comparison.misses)} made, {len(comparison.hits)} from the cache"
    )
    # Tables that depend on each other come in that order, or Dagster notes an outdated version.
    place = {table: number for number, table in enumerate(recipe.tables)}
    for key in sorted(context.selected_asset_keys, key=lambda key: place.get(key.path[-1], 0)):
        # Dagster copies this to the event of every company, and asking for one of its own would
        # cost more time than all the work: so it is about the run's companies together.
        metadata = {**settled.described, "unchanged": len(comparison.hits)}
        of_table = settled.rows.get(key.path[-1], {})
        if companies is None and recipe.tables:
            metadata["dagster/row_count"] = sum(of_table.values())
        if companies is not None:
            metadata["companies"] = len(companies)
            metadata["rows"] = sum(of_table.get(company, 0) for company in companies)
        yield dg.MaterializeResult(
            asset_key=key, metadata=metadata, data_version=dg.DataVersion(settled.version)
        )


def compare_stored(
    snapshot: Snapshot, recipe: Recipe, companies: Sequence[str] | None
) -> Comparison:
    """Set the inputs of some companies (None: of the cohort) against those of the stored rows."""
    layout = [TABLES[table].ddl() for table in recipe.tables]
    return compare(
        recipe.asset,
        companies,
        reads={table: snapshot.digests(table) for table in recipe.reads},
        settings=recipe.settings,
        # A table of another layout is made anew, so its rows have to be, too.
        code_version=f"{recipe.code_version}/{hash_of(layout)}",
        stored=snapshot.cached(recipe.asset) if all(map(snapshot.has, recipe.tables)) else {},
    )


@dataclass(frozen=True)
class _Settled:
    """What is reported about tables that are up to date: version, metadata, rows by part."""

    version: str
    described: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, int]]


def _settle(
    transaction: Transaction, recipe: Recipe, comparison: Comparison, frames: Frames
) -> _Settled:
    """Store new rows and what they were made from."""
    if isinstance(frames, Mapping):
        for table, frame in frames.items():
            transaction.replace(table, frame, _parts(table, recipe, comparison))
    else:
        for table, group in groupby(frames, key=itemgetter(0)):
            rows = (frame for _, frame in group)
            transaction.replace(table, rows, _parts(table, recipe, comparison))
    version = comparison.settled_version() or _version(transaction, recipe, comparison)
    if version != comparison.settled_version():
        transaction.remember(comparison, version)
    counted = {table: transaction.row_counts(table) for table in recipe.tables}
    return _Settled(version, recipe.describe(transaction), counted)


def _parts(table: str, recipe: Recipe, comparison: Comparison) -> Sequence[str] | None:
    """Return the parts of a table that the recipe makes anew; None for all of it."""
    if TABLES[table].part == "reader":
        return [recipe.asset]
    return comparison.misses if recipe.by_company else None


def _version(snapshot: Snapshot, recipe: Recipe, comparison: Comparison) -> str:
    """Hash the rows that the recipe is answerable for; of a file, what it is made from."""
    if not recipe.tables:
        return hash_of(comparison.inputs)
    digests = {
        table: snapshot.digests(table)
        for table in recipe.tables
        # Readers add to the rejects, whose version is that of the asset of this name.
        if TABLES[table].part != "reader" or table == recipe.asset
    }
    if not recipe.by_company:
        return hash_of(digests)
    return hash_of(
        {
            table: {company: parts.get(company) for company in comparison.inputs}
            for table, parts in digests.items()
        }
    )


def in_turn(progress: Progress, turn: int, turns: int) -> Progress:
    """Return the progress of one of several equal pieces of work as progress of the whole."""
    return lambda done, total: progress(turn * total + done, turns * total)

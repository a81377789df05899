"""From a recipe to a Dagster asset: everything that Dagster is told of assets, in one place.

What an asset is made from, and how, does not belong here: that is the recipe's.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.figures.inline import as_image, interval_svg
from ml_headcount_assets.warehouse.publish import Run
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import TableStore

from .column_lineage import column_lineage, told_sources
from .making import Settled, follow
from .on_request import is_asked_for, left_alone
from .partitions import COMPANIES, COMPANY_PARTITIONS, WHOLE_STUDY, beta_features, covers
from .reader import Surroundings
from .recipes import COMPANY, REJECTS, Recipe
from .resources import Announcer, ProgressListener, StudyResource, WarehouseResource
from .versions import FILES

__all__ = ["asset_of"]

_NAMED = 5


def asset_of(recipe: Recipe, readers: Sequence[str]) -> dg.AssetsDefinition:
    """Return the asset that a recipe declares, or the assets that it makes together.

    Parameters
    ----------
    recipe
        The recipe.
    readers
        The assets that add to the rejects.
    """
    by_company: dict[str, Any] = {
        "partitions_def": COMPANIES,
        # All companies of a run go in one step.
        "backfill_policy": dg.BackfillPolicy.single_run(),
    }

    def step(
        context: dg.AssetExecutionContext,
        study: StudyResource,
        warehouse: WarehouseResource,
        compute: dg.ResourceParam[Compute],
        progress: dg.ResourceParam[ProgressListener],
        announce: dg.ResourceParam[Announcer],
    ) -> Iterator[dg.MaterializeResult]:
        # What workers say is left in the run's log, too.
        compute = compute.telling(context.log.info)
        pages = len(compute.pages)
        around = Surroundings(
            compute, progress, _telling(announce, context), _run_of(context), study.make_anew
        )
        companies = list(context.partition_keys) if recipe.grain == COMPANY else None
        _refuse_strangers(warehouse.store, companies or ())
        if not is_asked_for(context, recipe, study.on_request):
            left = left_alone(context, recipe, study.load(), warehouse.store)
            if left is not None:
                yield from left
                return
        began = time.monotonic()
        settled = follow(recipe, study.load(), warehouse.store, companies, around)
        took = {"seconds": round(time.monotonic() - began, 3)}
        context.log.info(f"{recipe.asset}: {settled.made} made, {settled.kept} from the cache")
        shared = _metadata(settled) | took | _links(compute.pages[pages:])
        for key in recipe.makes:
            about = _page(recipe, key, warehouse.store.path) or _row_counts(settled, key, companies)
            yield dg.MaterializeResult(
                asset_key=key,
                metadata=shared | about,
                data_version=dg.DataVersion(settled.version),
            )

    with beta_features():
        return dg.multi_asset(
            name=recipe.asset,
            specs=[_spec(recipe, name, readers) for name in recipe.makes],
            **(by_company if recipe.grain == COMPANY else {}),
        )(step)


def _spec(recipe: Recipe, name: str, readers: Sequence[str]) -> dg.AssetSpec:
    days = recipe.warned_after_days
    return dg.AssetSpec(
        name,
        deps=_dependencies(recipe, readers),
        description=recipe.makes[name],
        code_version=recipe.version,
        metadata=_columns(name) if name in TABLES else None,
        freshness_policy=_freshness(days) if days else None,
        **recipe.stage.attributes(set(recipe.kinds), recipe.grain),
    )


def _freshness(days: int) -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=3 * days), warn_window=timedelta(days=days)
    )


def _dependencies(recipe: Recipe, readers: Sequence[str]) -> list[str]:
    """Return what an asset comes after: all that its recipe reads, and what goes before."""
    return [
        *(table for table in recipe.opened if table not in recipe.makes),
        *recipe.follows,
        # The table of rejects has several makers, and comes after all of them.
        *(readers if REJECTS in recipe.makes else ()),
        *(FILES[role] for role in recipe.files),
        *dict.fromkeys(setting.source for setting in recipe.settings if setting.source),
    ]


def _columns(table: str) -> dict[str, Any]:
    """Let the UI show the columns of an asset's table."""
    columns = [
        dg.TableColumn(
            column,
            type=TABLES[table].sql_type(column),
            description=f"{declared.description}.{told_sources(table, column)}",
            constraints=dg.TableColumnConstraints(nullable=declared.nullable),
        )
        for column, declared in TABLES[table].schema.columns.items()
    ]
    lineage = column_lineage(table)
    return {
        "dagster/table_name": table,
        "dagster/column_schema": dg.TableSchema(columns=columns),
        # Not of each materialization, of which there is one for every company.
        **({"dagster/column_lineage": lineage} if lineage else {}),
    }


def _refuse_strangers(store: TableStore, companies: Sequence[str]) -> None:
    """Raise an `InputError` if some partitions are no companies of the study."""
    if not companies:
        return
    with store.snapshot() as snapshot:
        if not snapshot.has("companies"):
            return  # what reads that table says so
        known = set(snapshot.read("companies", columns=["company"])["company"])
    strangers = sorted(set(companies) - known)
    if strangers:
        named = ", ".join(map(repr, strangers[:_NAMED])) + (", ..." * (len(strangers) > _NAMED))
        raise InputError(
            f"{named}: no company of the study has this key. If the study's files have the company,"
            " run the whole study, which registers it; if it has left them, delete its partition"
            " (the sensor study_files and ml-headcount run do that)."
        )


def _telling(announce: Announcer, context: dg.AssetExecutionContext) -> Announcer:
    """Return an announcer that also leaves what it says in the run's log."""

    def tell(line: str) -> None:
        context.log.info(line)
        announce(line)

    return tell


def _metadata(settled: Settled) -> dict[str, Any]:
    # Dagster copies this to the event of every company, and asking for one of its own would
    # cost more time than all the work: so it is about the run's companies together.
    shown = {title: _markdown(rows) for title, rows in settled.shown.items()}
    return {
        **{title: _picture(title, rows) for title, rows in settled.drawn.items()},
        **shown,
        **settled.measured,
        **settled.obtained.metadata,
        "unchanged": settled.kept,
    }


def _markdown(rows: pd.DataFrame) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(rows.to_markdown(index=False) or "none")


def _picture(title: str, rows: pd.DataFrame) -> dg.MarkdownMetadataValue:
    svg = interval_svg(rows, "Experts")
    return dg.MetadataValue.md(as_image(svg, title) if svg else "none")


def _links(pages: Sequence[str]) -> dict[str, Any]:
    """Return where the logs are of the workers that made something: a page for each map."""
    return {
        f"modal_{number}": dg.MetadataValue.url(page)
        for number, page in enumerate(dict.fromkeys(pages), start=1)
    }


def _run_of(context: dg.AssetExecutionContext) -> Run:
    """Return which run this is; one whose beginning is not on record begins now."""
    record = context.instance.get_run_record_by_id(context.run.run_id)
    began = record.start_time if record and record.start_time else time.time()
    registered = context.instance.get_dynamic_partitions(COMPANY_PARTITIONS)
    whole = context.run.job_name == WHOLE_STUDY and covers(context.run.tags, registered)
    return Run(context.run.run_id, datetime.fromtimestamp(began, UTC), whole)


def _page(recipe: Recipe, name: str, warehouse: Path) -> dict[str, Any]:
    """Return where the file is that an asset is; nothing, if it is a table."""
    page = recipe.pages.get(name)
    return {"page": dg.MetadataValue.path(page(warehouse))} if page else {}


def _row_counts(settled: Settled, table: str, companies: Sequence[str] | None) -> dict[str, int]:
    counts = settled.rows.get(table, {})
    if companies is None:
        return {"dagster/row_count": sum(counts.values())}
    return {
        "companies": len(companies),
        "rows": sum(counts.get(company, 0) for company in companies),
    }

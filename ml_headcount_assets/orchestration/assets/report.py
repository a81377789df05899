"""What is handed to people: one page with tables and figures."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg

from ml_headcount_assets.export import KEYWORD_RESULTS, RESULT_TABLES, read_results, write_report
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.store import TableStore

from ..recipes import Frames, Recipe, follow
from ..resources import ProgressListener, StudyResource, WarehouseResource
from ..sources import SETTINGS, settings_version

GROUP = "report"
REPORT_VERSION = "1"


@dg.asset(
    name="report",
    deps=[*RESULT_TABLES, *KEYWORD_RESULTS, SETTINGS],
    group_name=GROUP,
    kinds={"html", "plotly"},
    code_version=REPORT_VERSION,
)
def study_report(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """One HTML page beside the warehouse that needs no network."""
    store, loaded = warehouse.store, study.load()
    path = report_path(store.path)
    if not path.is_file():
        with store.transaction() as transaction:
            transaction.forget("report")
    recipe = Recipe(
        "report",
        tables=(),
        make=lambda _, __: _write(store, loaded, path),
        reads=(*RESULT_TABLES, *KEYWORD_RESULTS),
        settings=[settings_version(loaded), loaded.name],
        code_version=REPORT_VERSION,
        describe=lambda _: {"page": dg.MetadataValue.path(path)},
    )
    yield from follow(context, store, recipe, progress)


def report_path(warehouse: Path) -> Path:
    """Return where the report of a warehouse lies."""
    return warehouse.with_suffix(".html")


def _write(store: TableStore, study: Study, path: Path) -> Frames:
    write_report(read_results(store, study), path)
    return {}

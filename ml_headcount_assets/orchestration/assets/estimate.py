"""Experts per company and in total, as joint draws and as intervals."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.model import (
    MODEL_VERSION,
    CohortFit,
    DrawSums,
    draw_headcounts,
    synthetic_counts,
)
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import (
    company_table,
    draw_rows,
    result_of,
    with_estimator,
)
from ml_headcount_assets.warehouse.store import Snapshot, TableStore

from ..partitions import company_asset
from ..recipes import Frames, Recipe, follow, in_turn
from ..resources import (
    ProgressListener,
    StudyResource,
    WarehouseResource,
    in_the_runs_log,
    with_pages,
)
from ..sources import SETTINGS
from .calibrate import choices, stored_fit

GROUP = "estimate"

#: Draws of companies that are held together: 50 MB, several times over on the way to the store.
_HELD_DRAWS = 12_500_000

_EVIDENCE = ("annotator_fit", "cohort_fit", "pattern_counts", "companies", "company_hits")


@company_asset(
    deps=list(_EVIDENCE),
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
)
def headcount_draws(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    compute: dg.ResourceParam[Compute],
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Experts of each company in each joint draw, per estimator."""
    compute = in_the_runs_log(compute, context)
    recipe = draws_recipe(warehouse.store, study.load(), compute)
    yield from with_pages(compute, follow(context, warehouse.store, recipe, progress))


def draws_recipe(store: TableStore, study: Study, compute: Compute | None = None) -> Recipe:
    """Return how the draws of some companies are made."""
    return Recipe(
        "headcount_draws",
        tables=("headcount_draws",),
        make=lambda companies, progress: _draw_frames(store, study, companies, compute, progress),
        reads=_EVIDENCE,
        settings=choices(study),
        code_version=MODEL_VERSION,
        by_company=True,
    )


def _draw_frames(
    store: TableStore,
    study: Study,
    companies: Sequence[str],
    compute: Compute | None,
    progress: Progress,
) -> Frames:
    """Return the draws, of as many companies at a time as are held together."""
    rows = store.read("companies", companies)
    table = company_table(rows, store.read("company_hits", companies))
    counts = store.read("pattern_counts", companies)
    cohorts = store.read("cohort_fit")
    # All is read beforehand: several frames are made while the warehouse is being written.
    fits = [
        (
            estimator,
            stored_fit(store, estimator),
            CohortFit.from_frame(cohorts[cohorts["estimator"] == estimator]),
        )
        for estimator in study.estimators
    ]
    groups = _groups_held(rows["company"].tolist(), study)
    turns = len(groups) * len(fits)

    def draw(number: int) -> pd.DataFrame:
        members = table[table["company"].isin(groups[number])]
        results = {
            estimator: draw_headcounts(
                fit,
                cohort,
                counts[counts["company_id"].isin(members["company_id"])],
                members,
                study.settings(),
                estimator=estimator,
                draws=study.draws,
                seed=study.seed,
                compute=compute,
                progress=in_turn(progress, number * len(fits) + turn, turns),
            )
            for turn, (estimator, fit, cohort) in enumerate(fits)
        }
        return draw_rows(results, dict(zip(rows["company_id"], rows["company"], strict=True)))

    if len(groups) == 1:
        return {"headcount_draws": draw(0)}
    return (("headcount_draws", draw(number)) for number in range(len(groups)))


def _groups_held(companies: Sequence[str], study: Study) -> list[Sequence[str]]:
    """Split companies into groups whose draws are held together."""
    size = max(1, _HELD_DRAWS // (study.draws * len(study.estimators)))
    return [companies[start : start + size] for start in range(0, len(companies), size)] or [[]]


@company_asset(
    name="synthetic_counts",
    deps=list(_EVIDENCE),
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
)
def synthetic(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Label patterns that keyword counts imply for companies without profiles."""
    store, loaded = warehouse.store, study.load()
    recipe = Recipe(
        "synthetic_counts",
        tables=("synthetic_counts",),
        make=lambda companies, _: _synthetic_frames(store, loaded, companies),
        reads=_EVIDENCE,
        settings=choices(loaded),
        code_version=MODEL_VERSION,
        by_company=True,
    )
    yield from follow(context, store, recipe, progress)


def _synthetic_frames(store: TableStore, study: Study, companies: Sequence[str]) -> Frames:
    rows = store.read("companies", companies)
    table = company_table(rows, store.read("company_hits", companies))
    counts = store.read("pattern_counts", companies)
    cohorts = store.read("cohort_fit")
    fits = ((estimator, stored_fit(store, estimator)) for estimator in study.estimators)
    summaries = with_estimator(
        (
            estimator,
            synthetic_counts(
                fit,
                CohortFit.from_frame(cohorts[cohorts["estimator"] == estimator]),
                counts,
                # An estimator without pattern probabilities does not go by patterns.
                table if fit.pattern_probabilities.shape[-1] else table.iloc[:0],
                study.settings(),
                draws=study.draws,
                seed=study.seed,
            ),
        )
        for estimator, fit in fits
    )
    slugs = dict(zip(rows["company_id"], rows["company"], strict=True))
    return {"synthetic_counts": summaries.assign(company=summaries["company_id"].map(slugs))}


@company_asset(
    deps=["headcount_draws", SETTINGS],
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
)
def headcount_intervals(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Experts of each company with an interval, per estimator."""
    store, loaded = warehouse.store, study.load()
    yield from follow(
        context,
        store,
        Recipe(
            "headcount_intervals",
            tables=("headcount_intervals",),
            make=lambda companies, _: _interval_frames(store, loaded, companies),
            reads=("headcount_draws",),
            settings=loaded.level,
            code_version=MODEL_VERSION,
            by_company=True,
        ),
        progress,
    )


def _interval_frames(store: TableStore, study: Study, companies: Sequence[str]) -> Frames:
    return {
        "headcount_intervals": pd.concat(
            [
                _intervals_of(store.read("headcount_draws", group), study.level)
                for group in _groups_held(companies, study)
            ],
            ignore_index=True,
        )
    }


def _intervals_of(rows: pd.DataFrame, level: float) -> pd.DataFrame:
    slugs = dict(zip(rows["company_id"], rows["company"], strict=True))
    intervals = with_estimator(
        (estimator, result_of(group).intervals(level))
        for estimator, group in rows.groupby("estimator")
    )
    return intervals.assign(company=intervals["company_id"].map(slugs))


@dg.asset(
    deps=["headcount_draws", "headcount_intervals", "companies", SETTINGS],
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=timedelta(days=92), warn_window=timedelta(days=31)
    ),
)
def portfolio_intervals(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Totals of groups of companies, summed within each draw and then summarised."""
    store, loaded = warehouse.store, study.load()
    yield from follow(
        context,
        store,
        Recipe(
            "portfolio_intervals",
            tables=("portfolio_intervals",),
            make=lambda _, __: {"portfolio_intervals": _totals(store, loaded)},
            reads=("headcount_draws", "headcount_intervals", "companies"),
            settings=loaded.level,
            code_version=MODEL_VERSION,
            describe=_describe_totals,
        ),
        progress,
    )


def _totals(store: TableStore, study: Study) -> pd.DataFrame:
    companies = store.read("companies").set_index("company")
    confidence = store.read("headcount_intervals").set_index(["estimator", "company"])["confidence"]
    sums: dict[tuple[str, str, str], DrawSums] = {}
    for held in _groups_held(companies.index.tolist(), study):
        for estimator, rows in store.read("headcount_draws", held).groupby("estimator"):
            result = result_of(rows)
            members = companies.loc[rows["company"]].assign(confidence=confidence[estimator])
            for grouping, name, mask in _groups(members):
                key = (str(estimator), grouping, name)
                sums.setdefault(key, DrawSums(result.draws.shape[1])).add(result, mask)
    keys = ("estimator", "grouping", "group_name")
    return pd.DataFrame(
        dict(zip(keys, key, strict=True)) | total.summary(study.level)
        for key, total in sums.items()
    )


def _groups(members: pd.DataFrame) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield every group of companies; a company in several cohorts is in each of them."""
    yield "all", "all", np.ones(len(members), dtype=bool)
    for grouping in ("cohort", "size_band", "country", "confidence"):
        names = members[grouping].fillna("unknown").str.split(";" if grouping == "cohort" else "\0")
        for name in sorted(set().union(*names)):
            yield grouping, name, names.map(lambda own, name=name: name in own).to_numpy(dtype=bool)


def _describe_totals(snapshot: Snapshot) -> Mapping[str, Any]:
    totals = snapshot.query(
        "SELECT estimator, companies, companies_without_evidence AS without_evidence,"
        " round(mean) AS mean, low, median, high FROM portfolio_intervals WHERE grouping = 'all'"
        " ORDER BY ALL"
    )
    return {"total": dg.MetadataValue.md(totals.to_markdown(index=False))}

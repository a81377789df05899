"""What the cohort shares: how good the annotators are, and how keyword counts are to be read."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.model import (
    MODEL_VERSION,
    AnnotatorFit,
    fit_annotators,
    fit_cohort,
    predictive_checks,
)
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import (
    annotators_of,
    company_table,
    rated_table,
    with_estimator,
)
from ml_headcount_assets.warehouse.store import Snapshot, TableStore

from ..recipes import Frames, Recipe, follow, in_turn
from ..resources import (
    ProgressListener,
    StudyResource,
    WarehouseResource,
    in_the_runs_log,
    with_pages,
)
from ..sources import SETTINGS

GROUP = "calibrate"


def _spec(name: str, description: str, *deps: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=list(deps),
        description=description,
        group_name=GROUP,
        kinds={"numpy", "duckdb"},
        code_version=MODEL_VERSION,
    )


_RATED = ("rated_cvs", "rated_labels", "rated_llm_labels", "annotators")


@dg.multi_asset(
    name="fit_annotators",
    specs=[
        _spec(
            "annotator_fit",
            "Joint draws of the annotators' error rates and correlations.",
            *_RATED,
            SETTINGS,
        ),
        _spec(
            "annotator_summary", "Sensitivity and specificity of each annotator.", "annotator_fit"
        ),
        _spec("annotator_correlations", "Correlations of the annotators' errors.", "annotator_fit"),
    ],
)
def annotator_fit(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    compute: dg.ResourceParam[Compute],
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Fit the annotators to the rated CVs, once per estimator."""
    compute = in_the_runs_log(compute, context)
    recipe = annotators_recipe(warehouse.store, study.load(), compute)
    yield from with_pages(compute, follow(context, warehouse.store, recipe, progress))


def annotators_recipe(store: TableStore, study: Study, compute: Compute | None = None) -> Recipe:
    """Return how the annotators' draws are made."""
    return Recipe(
        "annotator_fit",
        tables=("annotator_fit", "annotator_summary", "annotator_correlations"),
        make=lambda _, progress: _annotator_frames(store, study, compute, progress),
        reads=_RATED,
        settings=choices(study),
        code_version=MODEL_VERSION,
        describe=_describe_annotators,
    )


def _stored_rated(store: TableStore) -> pd.DataFrame:
    tables = ("rated_cvs", "rated_labels", "rated_llm_labels")
    return rated_table(*(store.read(table) for table in tables))


def choices(study: Study) -> list[object]:
    """Everything that draws depend on besides the data."""
    return [study.settings().fingerprint(), list(study.estimators), study.draws, study.seed]


def _annotator_frames(
    store: TableStore, study: Study, compute: Compute | None, progress: Progress
) -> Frames:
    rated = _stored_rated(store)
    fits = [
        (
            estimator,
            fit_annotators(
                rated,
                annotators_of(store.read("annotators")),
                study.settings(),
                estimator=estimator,
                draws=study.draws,
                seed=study.seed,
                compute=compute,
                progress=in_turn(progress, turn, len(study.estimators)),
            ),
        )
        for turn, estimator in enumerate(study.estimators)
    ]
    return {
        "annotator_fit": with_estimator((name, fit.to_frame()) for name, fit in fits),
        "annotator_summary": with_estimator((name, fit.summary()) for name, fit in fits),
        "annotator_correlations": with_estimator(
            (name, fit.correlation_summary()) for name, fit in fits
        ),
    }


def _describe_annotators(snapshot: Snapshot) -> Mapping[str, Any]:
    summary = snapshot.query(
        "SELECT estimator, annotator, round(sensitivity_mean, 3) AS sensitivity,"
        " round(specificity_mean, 3) AS specificity FROM annotator_summary ORDER BY ALL"
    )
    return {"annotators": dg.MetadataValue.md(summary.to_markdown(index=False))}


def stored_fit(store: TableStore, estimator: str) -> AnnotatorFit:
    """Return the annotators' draws of one estimator."""
    rows = store.read("annotator_fit")
    return AnnotatorFit.from_frame(
        rows[rows["estimator"] == estimator], annotators_of(store.read("annotators"))
    )


@dg.asset(
    name="predictive_checks",
    deps=[*_RATED, SETTINGS],
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
)
def predictive(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    compute: dg.ResourceParam[Compute],
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Label patterns of held-out rated CVs, as predicted and as observed."""
    store, loaded = warehouse.store, study.load()
    compute = in_the_runs_log(compute, context)
    recipe = Recipe(
        "predictive_checks",
        tables=("predictive_checks",),
        make=lambda _, done: _predictive_frames(store, loaded, compute, done),
        reads=_RATED,
        settings=choices(loaded),
        code_version=MODEL_VERSION,
        describe=_describe_predictive,
    )
    yield from with_pages(compute, follow(context, store, recipe, progress))


def _predictive_frames(
    store: TableStore, study: Study, compute: Compute, progress: Progress
) -> Frames:
    rated = _stored_rated(store)
    annotators = annotators_of(store.read("annotators"))
    compared = (
        (
            estimator,
            predictive_checks(
                rated,
                annotators,
                study.settings(),
                seed=study.seed,
                estimator=estimator,
                compute=compute,
                progress=in_turn(progress, turn, len(study.estimators)),
            ),
        )
        for turn, estimator in enumerate(study.estimators)
    )
    return {"predictive_checks": with_estimator(compared)}


def _describe_predictive(snapshot: Snapshot) -> Mapping[str, Any]:
    summary = snapshot.query(
        "SELECT estimator, is_expert, count(*) AS patterns, round(avg(within::INTEGER), 3)"
        " AS share_within FROM predictive_checks GROUP BY ALL ORDER BY ALL"
    )
    return {"predicted": dg.MetadataValue.md(summary.to_markdown(index=False))}


@dg.asset(
    deps=["annotator_fit", "pattern_counts", "companies", "company_hits"],
    group_name=GROUP,
    kinds={"numpy", "duckdb"},
    code_version=MODEL_VERSION,
)
def cohort_fit(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    compute: dg.ResourceParam[Compute],
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Joint draws of what companies with profiles tell about those with keyword counts only."""
    store, loaded = warehouse.store, study.load()
    compute = in_the_runs_log(compute, context)
    recipe = Recipe(
        "cohort_fit",
        tables=("cohort_fit",),
        make=lambda _, done: _cohort_frames(store, loaded, compute, done),
        reads=("annotator_fit", "pattern_counts", "companies", "company_hits"),
        settings=choices(loaded),
        code_version=MODEL_VERSION,
        describe=_describe_cohort,
    )
    yield from with_pages(compute, follow(context, store, recipe, progress))


def _cohort_frames(store: TableStore, study: Study, compute: Compute, progress: Progress) -> Frames:
    companies = company_table(store.read("companies"), store.read("company_hits"))
    counts = store.read("pattern_counts")
    fits = (
        (
            estimator,
            fit_cohort(
                stored_fit(store, estimator),
                counts,
                companies,
                study.settings(),
                draws=study.draws,
                seed=study.seed,
                compute=compute,
                progress=in_turn(progress, turn, len(study.estimators)),
            ),
        )
        for turn, estimator in enumerate(study.estimators)
    )
    return {"cohort_fit": with_estimator((name, fit.to_frame()) for name, fit in fits)}


def _describe_cohort(snapshot: Snapshot) -> Mapping[str, Any]:
    summary = snapshot.query(
        "SELECT estimator, round(avg(scale), 3) AS scale, round(stddev(scale), 3) AS sd,"
        " any_value(companies_with_profiles) AS with_profiles,"
        " any_value(companies_with_both) AS with_both FROM cohort_fit GROUP BY ALL ORDER BY ALL"
    )
    return {"scale": dg.MetadataValue.md(summary.to_markdown(index=False))}

"""From the study's files to tables: companies, rated CVs, profile labels, and the rejects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.ingest import (
    read_companies,
    read_profile_labels,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import annotator_rows
from ml_headcount_assets.warehouse.store import Snapshot

from ..partitions import beta_features, company_asset
from ..recipes import Frames, Recipe, follow
from ..resources import ProgressListener, StudyResource, WarehouseResource
from ..study_files import SETTINGS, SOURCES, reader_version, source_versions

GROUP = "ingest"
READER_VERSION = "1"


def _source(name: str, kind: str, description: str) -> dg.AssetSpec:
    return dg.AssetSpec(name, group_name="study", kinds={kind}, description=description)


def _observe(study: StudyResource) -> Iterator[dg.ObserveResult]:
    for source, version in source_versions(study.load()).items():
        yield dg.ObserveResult(asset_key=source, data_version=dg.DataVersion(version))


with beta_features():
    #: Hashes of the study's files and settings, by which the UI shows what has changed.
    study_sources = dg.multi_observable_source_asset(
        name="observe_study",
        specs=[
            _source(SOURCES["companies"], "file", "Companies: ids, headcounts, keyword hits."),
            _source(
                SOURCES["validation"], "file", "CVs that people rated and annotators labelled."
            ),
            _source(SOURCES["profile_labels"], "file", "Profiles: labels, a column per annotator."),
            _source(SETTINGS, "yaml", "Estimators, priors, layers, draws, seed."),
        ],
    )(_observe)


def _spec(name: str, description: str, *sources: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=list(sources),
        description=description,
        group_name=GROUP,
        kinds={"python", "duckdb"},
        code_version=READER_VERSION,
    )


@dg.multi_asset(
    name="read_companies",
    specs=[
        _spec("companies", "One row per company, with its partition key.", SOURCES["companies"]),
        _spec("company_hits", "Keyword hits per company and filter.", SOURCES["companies"]),
    ],
)
def companies(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Read the company table, and forget companies that are no longer in it."""
    store, loaded = warehouse.store, study.load()
    yield from follow(context, store, companies_recipe(loaded), progress)
    with store.transaction() as transaction:
        transaction.keep_companies(transaction.read("companies")["company"].tolist())


def companies_recipe(study: Study) -> Recipe:
    """Return how the company table is made."""
    return Recipe(
        "companies",
        tables=("companies", "company_hits", "rejects"),
        make=lambda _, __: _company_frames(study),
        settings=reader_version(study, "companies"),
        code_version=READER_VERSION,
    )


def _company_frames(study: Study) -> Frames:
    companies, hits, rejects = read_companies(study)
    return {"companies": companies, "company_hits": hits, "rejects": _by("companies", rejects)}


@dg.multi_asset(
    name="read_rated_cvs",
    specs=[
        _spec("rated_cvs", "The raters' verdict on each CV.", SOURCES["validation"]),
        _spec("rated_labels", "The annotators' labels of the rated CVs.", SOURCES["validation"]),
        _spec(
            "annotators", "Who labels, and which labels follow from others.", SOURCES["validation"]
        ),
    ],
)
def rated_cvs(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Read the rated CVs and who labelled them."""
    loaded = study.load()
    yield from follow(
        context,
        warehouse.store,
        Recipe(
            "rated_cvs",
            tables=("rated_cvs", "rated_labels", "annotators", "rejects"),
            make=lambda _, __: _rated_frames(loaded),
            settings=reader_version(loaded, "validation"),
            code_version=READER_VERSION,
        ),
        progress,
    )


def _rated_frames(study: Study) -> Frames:
    rated, labels, rejects = read_rated_cvs(study)
    return {
        "rated_cvs": rated,
        "rated_labels": labels,
        "annotators": annotator_rows(study_annotators(study)),
        "rejects": _by("rated_cvs", rejects),
    }


@company_asset(
    deps=[SOURCES["profile_labels"], "companies"],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=READER_VERSION,
)
def profile_labels(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """One row per profile and annotator; a label that could not be had is missing."""
    store, loaded = warehouse.store, study.load()
    known = store.read("companies", columns=["company_id"])["company_id"].tolist()
    yield from follow(
        context,
        store,
        Recipe(
            "profile_labels",
            tables=("profile_labels", "rejects"),
            make=lambda companies, _: _label_frames(loaded, known, companies),
            settings=[reader_version(loaded, "profile_labels"), known],
            code_version=READER_VERSION,
            by_company=True,
        ),
        progress,
    )


def _label_frames(study: Study, known: Sequence[str], companies: Sequence[str]) -> Frames:
    labels, rejects = read_profile_labels(study, known)
    return {
        "profile_labels": labels[labels["company"].isin(companies)],
        "rejects": _by("profile_labels", rejects),
    }


def _by(reader: str, rejects: pd.DataFrame) -> pd.DataFrame:
    return rejects.assign(reader=reader)


@dg.asset(
    deps=["companies", "rated_cvs", "profile_labels"],
    group_name=GROUP,
    kinds={"duckdb"},
    code_version=READER_VERSION,
)
def rejects(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Rows and fields that the readers could not use, each with its line and the reason."""
    yield from follow(
        context,
        warehouse.store,
        Recipe(
            "rejects",
            tables=("rejects",),
            make=lambda _, __: {},  # every reader writes its own part
            reads=("rejects",),
            code_version=READER_VERSION,
            describe=_describe_rejects,
        ),
        progress,
    )


def _describe_rejects(snapshot: Snapshot) -> Mapping[str, Any]:
    counted = snapshot.query(
        "SELECT source_file AS file, field, count(*) AS rejected FROM rejects"
        " GROUP BY ALL ORDER BY rejected DESC, file, field LIMIT 20"
    )
    return {"rejected": dg.MetadataValue.md(counted.to_markdown(index=False) or "none")}

"""From the study's files to tables: companies, rated CVs, raw profiles, and the rejects."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.ingest import (
    read_companies,
    read_profiles,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.study import Study
from ml_headcount_assets.text.recipe import RECIPE_VERSION
from ml_headcount_assets.warehouse.records import annotator_rows
from ml_headcount_assets.warehouse.store import Snapshot

from ..partitions import beta_features, company_asset
from ..recipes import Frames, Recipe, follow
from ..resources import ProgressListener, StudyResource, WarehouseResource
from ..sources import FILTERS, KEYWORD_SETTINGS, SETTINGS, SOURCES, reader_version, source_versions

GROUP = "ingest"
READER_VERSION = "1"
PROFILE_VERSION = f"{READER_VERSION}/{RECIPE_VERSION}"


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
            _source(SOURCES["profiles"], "file", "Profiles of people as they come from a vendor."),
            _source(SOURCES["labels"], "file", "Results of LLM batch jobs, if there are any."),
            _source(SOURCES["profile_labels"], "file", "Labels of profiles that were made before."),
            _source(FILTERS, "yaml", "Terms and rules of the keyword filters."),
            _source(SETTINGS, "yaml", "Estimators, priors, layers, draws, seed."),
            _source(KEYWORD_SETTINGS, "yaml", "How keywords are to be discovered."),
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
    return {
        "companies": companies,
        "company_hits": hits,
        "rejects": rejects_of("companies", rejects),
    }


@dg.multi_asset(
    name="read_rated_cvs",
    specs=[
        _spec("rated_cvs", "The raters' verdict on each CV.", SOURCES["validation"]),
        _spec(
            "rated_labels",
            "The annotators' labels of the rated CVs.",
            SOURCES["validation"],
            FILTERS,
        ),
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
        "rejects": rejects_of("rated_cvs", rejects),
    }


@company_asset(
    deps=[SOURCES["profiles"], "companies"],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=PROFILE_VERSION,
)
def profiles(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """One row per person with the text that is labelled; none, if the study has labels only."""
    store, loaded = warehouse.store, study.load()
    known = store.read("companies", columns=["company_id", "name"])
    yield from follow(
        context,
        store,
        Recipe(
            "profiles",
            tables=("profiles", "rejects"),
            make=lambda companies, done: _profile_frames(loaded, known, companies, done),
            settings=[reader_version(loaded, "profiles"), _pairs(loaded, known)],
            code_version=PROFILE_VERSION,
            by_company=True,
        ),
        progress,
    )


def _pairs(study: Study, companies: pd.DataFrame) -> object:
    """Return what of the companies matters for the profiles, in a form that can be hashed."""
    return companies.fillna("").to_numpy().tolist() if study.files.profiles else None


def _profile_frames(
    study: Study, known: pd.DataFrame, companies: Sequence[str], progress: Progress
) -> Iterator[tuple[str, pd.DataFrame]]:
    for table, rows in read_profiles(study, known, set(companies), progress):
        yield table, rejects_of("profiles", rows) if table == "rejects" else rows


def rejects_of(reader: str, rejects: pd.DataFrame) -> pd.DataFrame:
    """Return rejects as rows of their table, which has a part for every reader."""
    return rejects.assign(reader=reader)


@dg.asset(
    deps=["companies", "rated_cvs", "profiles", "llm_labels", "profile_labels"],
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

"""From texts to labels and on to pattern counts: after this there are no people, only counts."""

from collections.abc import Iterator, Sequence

import dagster as dg

from ml_headcount_assets.ingest import no_rejects, read_profile_labels
from ml_headcount_assets.model import Annotator
from ml_headcount_assets.study import Study
from ml_headcount_assets.text.filters import KeywordFilters
from ml_headcount_assets.warehouse.keyword_labels import label_profiles
from ml_headcount_assets.warehouse.labels import gather_labels
from ml_headcount_assets.warehouse.patterns import count_patterns
from ml_headcount_assets.warehouse.records import annotators_of, label_rows
from ml_headcount_assets.warehouse.store import TableStore

from ..partitions import company_asset
from ..recipes import Frames, Recipe, follow
from ..resources import ProgressListener, StudyResource, WarehouseResource
from ..sources import FILTERS, SOURCES, reader_version
from .ingest import rejects_of

GROUP = "annotate"
LABELLING_VERSION = "1"
COUNTING_VERSION = "1"

#: Tables of labels that are made from the texts of raw profiles.
MADE_HERE = ("keyword_labels", "llm_labels")


@company_asset(
    deps=["profiles", "annotators", FILTERS],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=LABELLING_VERSION,
)
def keyword_labels(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """What the keyword filters say about each profile."""
    store = warehouse.store
    annotators = annotators_of(store.read("annotators"))
    filters = _filters_applied(study.load(), annotators)
    yield from follow(
        context,
        store,
        Recipe(
            "keyword_labels",
            tables=("keyword_labels",),
            # All texts have been read when the first of the rows is stored.
            make=lambda companies, done: (
                ("keyword_labels", label_rows(rows))
                for rows in label_profiles(store, filters, annotators, companies, done)
            ),
            reads=("profiles", "annotators"),
            settings={name: filters.fingerprint(name) for name in filters.rules},
            code_version=LABELLING_VERSION,
            by_company=True,
        ),
        progress,
    )


def _filters_applied(study: Study, annotators: Sequence[Annotator]) -> KeywordFilters:
    """Return the filters that label the study's profiles; none, if their labels are prepared."""
    names = [each.name for each in annotators] if study.files.profiles else []
    return study.keyword_filters.only(names)


@company_asset(
    deps=[SOURCES["profile_labels"], "companies", "annotators", *MADE_HERE],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=LABELLING_VERSION,
)
def profile_labels(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Every label of every profile, from whomever; one that could not be had is missing."""
    recipe = _labels_recipe(warehouse.store, study.load())
    yield from follow(context, warehouse.store, recipe, progress)


def _labels_recipe(store: TableStore, study: Study) -> Recipe:
    if study.files.profiles is not None:
        names = sorted(store.read("annotators", columns=["annotator"])["annotator"])
        return Recipe(
            "profile_labels",
            tables=("profile_labels", "rejects"),
            make=lambda companies, _: {
                "profile_labels": gather_labels(store, MADE_HERE, names, companies),
                "rejects": rejects_of("profile_labels", no_rejects()),
            },
            reads=MADE_HERE,
            settings=names,
            code_version=LABELLING_VERSION,
            by_company=True,
        )
    known = store.read("companies", columns=["company_id"])["company_id"].tolist()
    return Recipe(
        "profile_labels",
        tables=("profile_labels", "rejects"),
        make=lambda companies, _: _prepared_labels(study, known, companies),
        settings=[reader_version(study, "profile_labels"), known],
        code_version=LABELLING_VERSION,
        by_company=True,
    )


def _prepared_labels(study: Study, known: Sequence[str], companies: Sequence[str]) -> Frames:
    labels, rejects = read_profile_labels(study, known)
    return {
        "profile_labels": label_rows(labels[labels["company"].isin(companies)]),
        "rejects": rejects_of("profile_labels", rejects),
    }


@company_asset(
    deps=["profile_labels", "annotators"],
    group_name=GROUP,
    kinds={"sql", "duckdb"},
    code_version=COUNTING_VERSION,
)
def pattern_counts(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """How many profiles of each company carry each combination of labels."""
    store = warehouse.store
    names = sorted(store.read("annotators", columns=["annotator"])["annotator"])
    yield from follow(
        context,
        store,
        Recipe(
            "pattern_counts",
            tables=("pattern_counts",),
            make=lambda companies, _: {"pattern_counts": count_patterns(store, names, companies)},
            reads=("profile_labels",),
            settings=names,
            code_version=COUNTING_VERSION,
            by_company=True,
        ),
        progress,
    )

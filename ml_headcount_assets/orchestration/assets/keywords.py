"""Keywords that tell experts' CVs from others, filters made of them, and what these would do.

Discovery is a job of its own: it needs PyTorch and minutes, and nobody's estimate depends on it
until a filter is accepted into the study's configuration.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.ingest import read_rated_texts
from ml_headcount_assets.study import Study
from ml_headcount_assets.text.keywords import EmbeddingCache, discover_keywords
from ml_headcount_assets.text.keywords.settings import METHOD_VERSION
from ml_headcount_assets.warehouse.cache import hash_of
from ml_headcount_assets.warehouse.discoveries import (
    DISCOVERED,
    discovery_rows,
    embeddings_path,
    listed_phrases,
    no_discovery,
    stored_filters,
)
from ml_headcount_assets.warehouse.reach import keyword_reach
from ml_headcount_assets.warehouse.records import annotators_of, rated_label_columns
from ml_headcount_assets.warehouse.store import Snapshot, TableStore

from ..recipes import Frames, Recipe, follow
from ..resources import (
    ProgressListener,
    StudyResource,
    WarehouseResource,
    in_the_runs_log,
    with_pages,
)
from ..sources import KEYWORD_SETTINGS, SOURCES

GROUP = "keywords"
DISCOVERY_VERSION = f"1/{METHOD_VERSION}"
REACH_VERSION = "1"

_RATED = ("rated_cvs", "rated_labels", "rated_llm_labels", "annotators")
_SHOWN = 15


def _spec(name: str, description: str, *deps: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        deps=list(deps),
        description=description,
        group_name=GROUP,
        kinds={"pytorch", "duckdb"},
        code_version=DISCOVERY_VERSION,
    )


@dg.multi_asset(
    name="discover_keywords",
    specs=[
        _spec(
            "keyword_phrases",
            "Phrases of the rated CVs, with which class they speak for and how clearly.",
            *_RATED,
            SOURCES["validation"],
            KEYWORD_SETTINGS,
        ),
        _spec("keyword_themes", "Groups of phrases that mean similar things.", "keyword_phrases"),
        _spec(
            "keyword_filters_found",
            "Filters made of the phrases, judged on CVs they have not seen, and on the same.",
            "keyword_phrases",
        ),
        _spec(
            "keyword_optimism",
            "How much better filters look on the CVs they were learned on.",
            "keyword_filters_found",
        ),
        _spec(
            "keyword_precision_recall",
            "Precision and recall of each list by the number of its phrases.",
            "keyword_filters_found",
        ),
        _spec(
            "keyword_folds",
            "What each filter says of each rated CV when it is learned without it.",
            "keyword_filters_found",
        ),
    ],
)
def keywords_found(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    compute: dg.ResourceParam[Compute],
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """Discover keywords in the texts of the rated CVs; without texts there are none."""
    compute = in_the_runs_log(compute, context)
    recipe = discovery_recipe(warehouse.store, study.load(), compute)
    yield from with_pages(compute, follow(context, warehouse.store, recipe, progress))


def discovery_recipe(store: TableStore, study: Study, compute: Compute | None = None) -> Recipe:
    """Return how keywords are discovered."""
    texts = read_rated_texts(study)
    return Recipe(
        "discover_keywords",
        tables=DISCOVERED,
        make=lambda _, progress: _discovered(store, study, texts, compute, progress),
        reads=_RATED,
        settings=[
            study.keyword_settings().fingerprint(),
            hash_of(texts[["rated_id", "text_hash"]].to_numpy().tolist()),
        ],
        code_version=DISCOVERY_VERSION,
        describe=partial(_describe_discovery, have_texts=not texts.empty),
    )


def _discovered(
    store: TableStore,
    study: Study,
    texts: pd.DataFrame,
    compute: Compute | None,
    progress: Progress,
) -> Frames:
    if texts.empty:
        return no_discovery()
    found = discover_keywords(
        texts[["rated_id", "text"]].merge(store.read("rated_cvs"), on="rated_id"),
        rated_label_columns(
            store.read("rated_labels"),
            store.read("rated_llm_labels"),
            # What follows from others tells nothing more.
            [each.name for each in annotators_of(store.read("annotators")) if not each.derived],
        ),
        study.keyword_settings(),
        embeddings=EmbeddingCache(embeddings_path(store.path)),
        compute=compute,
        progress=progress,
    )
    return discovery_rows(found)


def _describe_discovery(snapshot: Snapshot, *, have_texts: bool) -> Mapping[str, Any]:
    if not have_texts:
        return {
            "note": "The rated CVs have no texts, so there is nothing to discover keywords in. Add"
            " their texts to the file of the rated CVs (docs/profiles.md)."
        }
    phrases = snapshot.query(
        "SELECT phrase, experts, others, round(z, 1) AS z FROM keyword_phrases"
        f" WHERE yes_broad OR no_broad OR yes_strict OR no_strict ORDER BY abs(z) DESC, phrase"
        f" LIMIT {_SHOWN}"
    )
    themes = snapshot.query(
        "SELECT name AS theme, n_phrases AS phrases, round(log_odds, 2) AS log_odds"
        f" FROM keyword_themes ORDER BY n_phrases DESC, theme LIMIT {_SHOWN}"
    )
    filters = snapshot.query(
        'SELECT "filter", judged, round(sensitivity, 3) AS sensitivity,'
        " round(specificity, 3) AS specificity, round(information, 4) AS information, proposed"
        " FROM keyword_filters_found ORDER BY ALL"
    )
    return {
        "phrases": _shown(phrases),
        "themes": _shown(themes),
        "filters": _shown(filters),
    }


@dg.asset(
    name="keyword_reach",
    deps=["keyword_phrases", "keyword_filters_found", "profiles"],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=REACH_VERSION,
)
def reach(
    context: dg.AssetExecutionContext,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
) -> Iterator[dg.MaterializeResult]:
    """On how many profiles, in which companies, each listed phrase and each filter would fire."""
    store = warehouse.store
    recipe = Recipe(
        "keyword_reach",
        tables=("keyword_reach",),
        make=lambda _, done: _reach_frames(store, done),
        reads=("keyword_phrases", "keyword_filters_found", "profiles"),
        code_version=REACH_VERSION,
        describe=_describe_reach,
    )
    yield from follow(context, store, recipe, progress)


def _reach_frames(store: TableStore, progress: Progress) -> Frames:
    phrases = listed_phrases(store.read("keyword_phrases"))
    filters = stored_filters(store.read("keyword_filters_found"))
    return {"keyword_reach": keyword_reach(store, phrases, filters, progress)}


def _describe_reach(snapshot: Snapshot) -> Mapping[str, Any]:
    fired = snapshot.query(
        "SELECT kind, name, profiles, round(share, 4) AS share, companies FROM keyword_reach"
        f" ORDER BY kind, profiles DESC, name LIMIT {2 * _SHOWN}"
    )
    return {"fires on": _shown(fired)}


def _shown(rows: pd.DataFrame) -> dg.MarkdownMetadataValue:
    return dg.MetadataValue.md(rows.to_markdown(index=False) or "none")

"""Keywords that tell experts' CVs from others, filters made of them, and what these would do.

Discovery is a job of its own: it needs PyTorch and minutes, and nobody's estimate depends on it
until a filter is accepted into the study's configuration. Accepting one does not belong here.
"""

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.text.keywords import EmbeddingCache, discover_keywords
from ml_headcount_assets.text.keywords.settings import METHOD_VERSION
from ml_headcount_assets.warehouse.beside import embeddings_path, results_path
from ml_headcount_assets.warehouse.discoveries import (
    discovery_rows,
    listed_phrases,
    no_discovery,
    stored_filters,
)
from ml_headcount_assets.warehouse.publish import PUBLISHED_KEYWORDS, publish_keywords
from ml_headcount_assets.warehouse.reach import keyword_reach
from ml_headcount_assets.warehouse.records import annotators_of, rated_label_columns
from ml_headcount_assets.warehouse.store import Transaction

from ..reader import Reader
from ..recipes import COHORT, Frames, Recipe
from ..stages import KEYWORDS as STAGE
from ..versions import KEYWORDS
from . import report

DISCOVERY_VERSION = f"2/{METHOD_VERSION}"
REACH_VERSION = "1"

_SHOWN = 15


def _discovered(reader: Reader, progress: Progress) -> Frames:
    rated = reader.read("rated_cvs", columns=["rated_id", "is_expert", "text"])
    rated = rated[rated["text"] != ""].reset_index(drop=True)
    if rated.empty:
        return no_discovery()
    annotators = annotators_of(reader.read("annotators"))
    found = discover_keywords(
        rated,
        rated_label_columns(
            reader.read("rated_labels"),
            reader.read("rated_llm_labels"),
            # What follows from others tells nothing more.
            [each.name for each in annotators if not each.derived],
        ),
        reader.study.keyword_settings(),
        embeddings=EmbeddingCache(embeddings_path(reader.path)),
        compute=reader.around.compute,
        progress=progress,
    )
    return discovery_rows(found)


DISCOVERY = Recipe(
    "discover_keywords",
    makes={
        "keyword_phrases": "Phrases of the rated CVs, with which class they speak for and how"
        " clearly.",
        "keyword_themes": "Groups of phrases that mean similar things.",
        "keyword_filters_found": "Filters made of the phrases, judged on CVs they have not seen,"
        " and on the same.",
        "keyword_optimism": "How much better filters look on the CVs they were learned on.",
        "keyword_precision_recall": "Precision and recall of each list by the number of its"
        " phrases.",
        "keyword_folds": "What each filter says of each rated CV when it is learned without it.",
    },
    stage=STAGE,
    grain=COHORT,
    version=DISCOVERY_VERSION,
    make=_discovered,
    tables=("rated_cvs", "rated_labels", "rated_llm_labels", "annotators"),
    settings=(KEYWORDS,),
    shows={
        "phrases": f"""
            SELECT phrase, experts, others, round(z, 1) AS z FROM keyword_phrases
            WHERE yes_broad OR no_broad OR yes_strict OR no_strict
            ORDER BY abs(z) DESC, phrase LIMIT {_SHOWN}
            """,
        "themes": f"""
            SELECT name AS theme, n_phrases AS phrases, round(log_odds, 2) AS log_odds
            FROM keyword_themes ORDER BY n_phrases DESC, theme LIMIT {_SHOWN}
            """,
        "filters": """
            SELECT "filter", judged, round(sensitivity, 3) AS sensitivity,
                   round(specificity, 3) AS specificity, round(information, 4) AS information,
                   proposed
            FROM keyword_filters_found ORDER BY ALL
            """,
        "note": """
            SELECT 'The rated CVs have no texts, so there is nothing to discover keywords in. Add'
                || ' their texts to the file of the rated CVs (docs/profiles.md).' AS note
            WHERE NOT EXISTS (SELECT 1 FROM rated_cvs WHERE text <> '')
            """,
    },
)


def _reach_frames(reader: Reader, progress: Progress) -> Frames:
    phrases = listed_phrases(reader.read("keyword_phrases"))
    filters = stored_filters(reader.read("keyword_filters_found"))
    return {"keyword_reach": keyword_reach(reader, phrases, filters, progress)}


REACH = Recipe(
    "keyword_reach",
    makes={
        "keyword_reach": "On how many profiles, in which companies, each listed phrase and each"
        " filter would fire."
    },
    stage=STAGE,
    grain=COHORT,
    version=REACH_VERSION,
    make=_reach_frames,
    tables=("keyword_phrases", "keyword_filters_found", "profiles"),
    shows={
        "fires on": f"""
            SELECT kind, name, profiles, round(share, 4) AS share, companies FROM keyword_reach
            ORDER BY kind, profiles DESC, name LIMIT {2 * _SHOWN}
            """
    },
    kinds=frozenset({"python", "duckdb"}),
)


def _published(reader: Reader, _: Progress) -> Frames:
    publish_keywords(reader.path)
    return {}


def _let_results_follow(transaction: Transaction) -> None:
    # The file may have been missing, and hold nothing but keywords now.
    transaction.forget(report.RESULTS.asset)


KEYWORD_RESULTS = Recipe(
    "keyword_results",
    makes={
        "keyword_results": "What was discovered, in the file that readers open; what else is"
        " published stays as it is."
    },
    stage=STAGE,
    grain=COHORT,
    version="1",
    make=_published,
    tables=PUBLISHED_KEYWORDS,
    pages={"keyword_results": results_path},
    after=_let_results_follow,
    kinds=frozenset({"duckdb"}),
)

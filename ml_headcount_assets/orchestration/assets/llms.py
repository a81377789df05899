"""Labels from LLMs: asked for, or imported from the results of batch jobs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import dagster as dg
import pandas as pd

from ml_headcount_assets.ingest import read_rated_texts
from ml_headcount_assets.labelling.llm_labels import LlmLabels
from ml_headcount_assets.labelling.llm_sources import LlmSources, llm_sources
from ml_headcount_assets.text.llm import AnswerStore, TextsInMemory, answers_path
from ml_headcount_assets.text.llm.prompt import PROMPT_VERSION
from ml_headcount_assets.text.recipe import hash_text
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import Snapshot, TableStore
from ml_headcount_assets.warehouse.texts import StoredTexts

from ..partitions import company_asset
from ..recipes import Recipe, follow
from ..resources import Announcer, ProgressListener, StudyResource, WarehouseResource
from ..sources import SOURCES, file_version
from .ingest import rejects_of

GROUP = "annotate"
ASKING_VERSION = f"1/{PROMPT_VERSION}"

#: The text of a rated CV that has none.
_NO_TEXT = ""

_PROFILE = ("company", "company_id", "profile_id", "text_hash")


@company_asset(
    deps=["profiles", "annotators", SOURCES["labels"]],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=ASKING_VERSION,
)
def llm_labels(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
    announce: dg.ResourceParam[Announcer],
) -> Iterator[dg.MaterializeResult]:
    """What the LLMs say about each profile; an answer is kept as it arrives and paid for once."""
    store, loaded = warehouse.store, study.load()
    sources = llm_sources(loaded)
    texts = StoredTexts(store, context.partition_keys)
    with _answers(store, sources) as answers:
        labels = LlmLabels(loaded, sources, texts, answers)
        labels.obtain(_told(context, announce), partial(progress, "asking LLMs about profiles"))
        yield from follow(
            context,
            store,
            Recipe(
                "llm_labels",
                tables=("llm_labels", "rejects"),
                make=lambda companies, _: _profile_frames(store, labels, companies),
                reads=("profiles",),
                settings=[labels.state(), file_version(loaded, "labels")],
                code_version=ASKING_VERSION,
                by_company=True,
                describe=partial(_describe, table="llm_labels", spent=answers.spent),
            ),
            progress,
        )


def _profile_frames(
    store: TableStore, labels: LlmLabels, companies: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    people = store.read("profiles", companies, columns=_PROFILE)

    def frames() -> Iterator[tuple[str, pd.DataFrame]]:
        yield "llm_labels", _no_rows("llm_labels")
        for rows in labels.rows(people, "profile_id"):
            yield "llm_labels", rows
        yield "rejects", rejects_of("llm_labels", labels.rejects())

    return frames()


@dg.asset(
    deps=["rated_cvs", "rated_labels", SOURCES["validation"], SOURCES["labels"]],
    group_name=GROUP,
    kinds={"python", "duckdb"},
    code_version=ASKING_VERSION,
)
def rated_llm_labels(
    context: dg.AssetExecutionContext,
    study: StudyResource,
    warehouse: WarehouseResource,
    progress: dg.ResourceParam[ProgressListener],
    announce: dg.ResourceParam[Announcer],
) -> Iterator[dg.MaterializeResult]:
    """What the LLMs say about each rated CV, asked or imported like that about profiles."""
    store, loaded = warehouse.store, study.load()
    rated = read_rated_texts(loaded)
    in_file = store.read("rated_labels", columns=["annotator"])["annotator"].unique()
    sources = llm_sources(loaded).for_rated_cvs(in_file, have_text=not rated.empty)
    texts = TextsInMemory([*rated["text"], _NO_TEXT])
    with _answers(store, sources) as answers:
        labels = LlmLabels(loaded, sources, texts, answers)
        labels.obtain(_told(context, announce), partial(progress, "asking LLMs about rated CVs"))
        yield from follow(
            context,
            store,
            Recipe(
                "rated_llm_labels",
                tables=("rated_llm_labels",),
                make=lambda _, __: {"rated_llm_labels": _rated_rows(store, labels, rated)},
                reads=("rated_cvs", "rated_labels"),
                settings=[
                    labels.state(),
                    file_version(loaded, "validation"),
                    file_version(loaded, "labels"),
                ],
                code_version=ASKING_VERSION,
                describe=partial(_describe, table="rated_llm_labels", spent=answers.spent),
            ),
            progress,
        )


def _rated_rows(store: TableStore, labels: LlmLabels, rated: pd.DataFrame) -> pd.DataFrame:
    everybody = store.read("rated_cvs", columns=["rated_id"])
    people = everybody.merge(rated[["rated_id", "text_hash"]], how="left", on="rated_id")
    people["text_hash"] = people["text_hash"].fillna(hash_text(_NO_TEXT))
    return pd.concat([_no_rows("rated_llm_labels"), *labels.rows(people, "rated_id")])


def _answers(store: TableStore, sources: LlmSources) -> AbstractContextManager[AnswerStore]:
    """Open the file of answers; for a study that asks nobody, none is made."""
    answers = AnswerStore(answers_path(store.path))
    return answers if sources.asked else nullcontext(answers)


def _told(context: dg.AssetExecutionContext, announce: Announcer) -> Announcer:
    """Return an announcer that also leaves what it says in the run's log."""

    def tell(line: str) -> None:
        context.log.info(line)
        announce(line)

    return tell


def _no_rows(table: str) -> pd.DataFrame:
    return pd.DataFrame(columns=TABLES[table].columns)


def _describe(snapshot: Snapshot, *, table: str, spent: float) -> Mapping[str, Any]:
    outcomes = snapshot.query(
        "SELECT annotator, coalesce(missing, 'labelled') AS outcome, count(*) AS number"
        f" FROM {table} GROUP BY ALL ORDER BY ALL"
    )
    found = dg.MetadataValue.md(outcomes.to_markdown(index=False) or "none")
    return {"outcomes": found, "spent on all labels": spent}

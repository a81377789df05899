"""Labels from LLMs: asked for, or imported from the results of batch jobs.

How an LLM is asked does not belong here, nor how its answers are kept: see `text.llm`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.ingest.batch_results import read_batches
from ml_headcount_assets.labelling.llm_labels import LlmLabels, refuse_results_of_nobody
from ml_headcount_assets.labelling.llm_sources import LlmSources, llm_sources
from ml_headcount_assets.text.llm import AnswerStore, TextsInMemory, TextSource
from ml_headcount_assets.text.llm.prompt import PROMPT_VERSION
from ml_headcount_assets.warehouse.beside import answers_path
from ml_headcount_assets.warehouse.records import annotators_of, reject_rows
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.texts import StoredTexts

from ..forgotten import LeftOut, who_is_forgotten
from ..reader import Reader
from ..recipes import COHORT, COMPANY, Frames, Obtained, Recipe
from ..stages import ANNOTATE
from ..versions import ANNOTATORS, SPENDING

ASKING_VERSION = f"5/{PROMPT_VERSION}"

_PROFILE = ("company", "company_id", "profile_id", "text_hash")


def _batch_frames(reader: Reader, _: Progress) -> Frames:
    profiles, rated = reader.read("profiles"), reader.read("rated_cvs")
    imported = _sources(reader).imported
    results, rejects = read_batches(
        reader.study,
        imported,
        {*profiles["profile_id"], *rated["rated_id"]},
        {*profiles["text_hash"], *rated["text_hash"]},
    )
    refuse_results_of_nobody(results, imported, profiles, "profile_id")
    left_out = LeftOut(reader.obtained)
    return {
        "batch_results": left_out.of(results, "key"),
        "rejects": reject_rows("batch_results", left_out.noted(rejects)),
    }


BATCH_RESULTS = Recipe(
    "batch_results",
    makes={"batch_results": "What batch jobs of LLMs have found, by person or by text."},
    stage=ANNOTATE,
    grain=COHORT,
    version=ASKING_VERSION,
    make=_batch_frames,
    tables=("annotators",),
    # Results of nobody are counted.
    columns={
        "profiles": ("company", "profile_id", "text_hash"),
        "rated_cvs": ("rated_id", "text_hash"),
    },
    files=("labels",),
    settings=(ANNOTATORS,),
    rejects=True,
    obtain=who_is_forgotten,
)


@contextmanager
def _obtained(
    reader: Reader, sources: LlmSources, texts: TextSource, whom: str
) -> Iterator[Obtained]:
    """Ask for the labels that have not been given yet; each is kept as it arrives."""
    answers = AnswerStore(answers_path(reader.path))
    # For a study that asks nobody, no file of answers is made.
    with answers if sources.asked else nullcontext():
        labels = LlmLabels(reader.study, sources, texts, answers, reader.read("batch_results"))
        labels.obtain(reader.around.tell, reader.around.progress(f"asking LLMs about {whom}"))
        yield Obtained(labels.state(), labels, {"spent on all labels": answers.spent})


def _sources(reader: Reader) -> LlmSources:
    return llm_sources(reader.study, annotators_of(reader.read("annotators")))


def _outcomes(table: str) -> dict[str, str]:
    return {
        "outcomes": f"""
            SELECT annotator, coalesce(missing, 'labelled') AS outcome, count(*) AS number
            FROM {table} GROUP BY ALL ORDER BY ALL
            """
    }


def _profile_frames(reader: Reader, _: Progress) -> Iterator[tuple[str, pd.DataFrame]]:
    labels, people = reader.obtained, reader.read("profiles", columns=_PROFILE)

    def frames() -> Iterator[tuple[str, pd.DataFrame]]:
        yield "llm_labels", TABLES["llm_labels"].empty()
        for rows in labels.rows(people, "profile_id"):
            yield "llm_labels", rows

    return frames()


LLM_LABELS = Recipe(
    "llm_labels",
    makes={
        "llm_labels": "What the LLMs say about each profile; an answer is kept as it arrives and"
        " paid for once."
    },
    stage=ANNOTATE,
    grain=COMPANY,
    version=ASKING_VERSION,
    make=_profile_frames,
    tables=("profiles", "annotators", "batch_results"),
    files=("labels",),
    settings=(ANNOTATORS, SPENDING),
    # Where money ends, labels of profiles are worth nothing without those of the rated CVs.
    follows=("rated_llm_labels",),
    obtain=lambda reader: _obtained(reader, _sources(reader), StoredTexts(reader), "profiles"),
    shows=_outcomes("llm_labels"),
)


def _about_rated_cvs(reader: Reader) -> AbstractContextManager[Obtained]:
    texts = reader.read("rated_cvs", columns=["text"])["text"]
    in_file = reader.read("rated_labels", columns=["annotator"])["annotator"].unique()
    sources = _sources(reader).for_rated_cvs(in_file, have_text=bool((texts != "").any()))
    return _obtained(reader, sources, TextsInMemory(texts), "rated CVs")


def _rated_frames(reader: Reader, _: Progress) -> Frames:
    people = reader.read("rated_cvs", columns=["rated_id", "text_hash"])
    labels = reader.obtained
    refuse_results_of_nobody(labels.results, labels.sources.imported, people, "rated_id")
    rows = labels.rows(people, "rated_id")
    return {"rated_llm_labels": pd.concat([TABLES["rated_llm_labels"].empty(), *rows])}


RATED_LLM_LABELS = Recipe(
    "rated_llm_labels",
    makes={
        "rated_llm_labels": "What the LLMs say about each rated CV, asked or imported like that"
        " about profiles."
    },
    stage=ANNOTATE,
    grain=COHORT,
    version=ASKING_VERSION,
    make=_rated_frames,
    tables=("rated_cvs", "rated_labels", "annotators", "batch_results"),
    files=("labels",),
    settings=(ANNOTATORS, SPENDING),
    obtain=_about_rated_cvs,
    shows=_outcomes("rated_llm_labels"),
)

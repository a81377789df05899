"""Labels of a study's LLM annotators: who gives them, asked now or imported, and as rows.

An LLM is asked if it has an endpoint in the configuration, and imported if there is a folder of
its batch results. The rated CVs are labelled in the same way as the profiles, since error rates
that were learned otherwise would mean nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .annotator_entry import AnnotatorEntry
from .errors import InputError
from .ingest.annotators import study_annotators
from .ingest.batch_results import batch_folders
from .study import Study
from .text.llm import Question

__all__ = ["LABEL_COLUMNS", "LlmSources", "asked_rows", "imported_rows", "llm_sources"]

#: What is known about every label, besides whose it is.
LABEL_COLUMNS = ("annotator", "label", "missing", "recipe", "model", "prompt", "labelled_at")

_NOT_IN_RESULTS = "the batch results do not have it"
_NO_VERDICT = "the batch results have no usable verdict"


@dataclass(frozen=True)
class LlmSources:
    """Where the labels of the LLM annotators come from.

    Attributes
    ----------
    asked
        Those that have an endpoint.
    imported
        Names of those whose batch results are imported, with the model if the configuration
        names it.
    """

    asked: tuple[AnnotatorEntry, ...]
    imported: dict[str, str | None]


def llm_sources(study: Study) -> LlmSources:
    """Return where the labels of a study's LLM annotators come from.

    A study without raw profiles has none to give: all its labels are in its files.

    Raises
    ------
    InputError
        An LLM has neither an endpoint nor batch results, or both.
    """
    if study.files.profiles is None:
        return LlmSources((), {})
    names = [a.name for a in study_annotators(study) if a.kind == "llm" and not a.derived]
    entries = {entry.name: entry for entry in study.annotators or ()}
    folders = batch_folders(study)
    for name in names:
        entry = entries.get(name)
        has_endpoint = entry is not None and entry.endpoint is not None
        if has_endpoint == (name in folders):
            problem = "both an 'endpoint' and" if has_endpoint else "neither an 'endpoint' nor"
            raise InputError(
                f"annotators: {name} has {problem} a folder of batch results (labels/{name}/). Its"
                " labels have to come from one of the two: add, or remove, one."
            )
    return LlmSources(
        asked=tuple(entries[name] for name in names if name not in folders),
        imported={
            name: entries[name].model if name in entries else None
            for name in names
            if name in folders
        },
    )


def asked_rows(
    people: pd.DataFrame, name: str, question: Question, answers: pd.DataFrame
) -> pd.DataFrame:
    """Return a row for each profile or rated CV with what an LLM answered about its text.

    Parameters
    ----------
    people
        One row a profile or CV: columns that identify it, and text_hash.
    name, question
        Which annotator was asked, and what.
    answers
        As `AnswerStore.answers` returns them; every text has to be among them.
    """
    answered = answers.set_index("text_hash").loc[people["text_hash"]].reset_index(drop=True)
    return _rows(people, name).assign(
        **{column: answered[column] for column in ("label", "missing", "labelled_at")},
        recipe=question.recipe,
        model=question.model,
        prompt=question.prompt,
    )


def imported_rows(
    people: pd.DataFrame, name: str, model: str | None, results: pd.DataFrame, person: str
) -> pd.DataFrame:
    """Return a row for each profile or rated CV with what an LLM said in a batch job.

    Parameters
    ----------
    people
        One row a profile or CV.
    name, model
        Which annotator it was, and its model if that is known.
    results
        As `read_batch_results` returns them.
    person
        The column of `people` that holds the ids of the results.
    """
    found = results.set_index("profile_id")["label"].reindex(people[person])
    known = people[person].isin(results["profile_id"]).to_numpy()
    missing = pd.Series(_NO_VERDICT, index=people.index, dtype="str").where(known, _NOT_IN_RESULTS)
    rows = _rows(people, name).assign(label=found.array, model=model)
    rows["missing"] = missing.array
    rows["missing"] = rows["missing"].mask(rows["label"].notna())
    return rows


def _rows(people: pd.DataFrame, name: str) -> pd.DataFrame:
    known = people.drop(columns="text_hash", errors="ignore").reset_index(drop=True)
    return known.assign(annotator=name, **dict.fromkeys(LABEL_COLUMNS[1:]))

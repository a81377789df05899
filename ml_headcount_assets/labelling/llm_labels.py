"""Labels of a study's LLM annotators, as rows: obtained by asking, or imported."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ..compute.protocol import Progress
from ..errors import InputError
from ..study import Study
from ..text.llm import (
    AnswerStore,
    CostEstimate,
    LabellingReport,
    Question,
    TextSource,
    estimate_costs,
    label_texts,
    question_for,
)
from ..text.llm.prompt import PROMPT_VERSION
from ..text.recipe import RECIPE_VERSION
from ..wording import how_many
from .llm_sources import LlmSources, llm_annotator

__all__ = [
    "LlmLabels",
    "cost_in_words",
    "costs_in_words",
    "expected_costs",
    "refuse_results_of_nobody",
]

_NOT_IN_RESULTS = "the batch results do not have it"


@dataclass(frozen=True)
class LlmLabels:
    """The labels that LLMs give to people, who are the profiles or the rated CVs of a study.

    Attributes
    ----------
    study
        The study.
    sources
        Who is asked, and whose labels are imported.
    texts
        The texts to ask about.
    answers
        The answers there are; it has to be open.
    results
        What batch jobs have found, as `read_batches` returns it.
    """

    study: Study
    sources: LlmSources
    texts: TextSource
    answers: AnswerStore
    results: pd.DataFrame

    def obtain(
        self,
        announce: Callable[[str], None],
        progress: Progress,
        environment: Mapping[str, str] = os.environ,
    ) -> LabellingReport | None:
        """Ask for the labels that have not been given yet, after saying what it will cost.

        Parameters
        ----------
        announce
            Is told in words what is about to be asked, and what that will probably cost.
        progress
            Is told how many labels have been dealt with, of how many.
        environment
            Where the keys are. Only those are needed of which something is to be asked.

        Returns
        -------
        LabellingReport or None
            What was done; None if there was nothing to ask.

        Raises
        ------
        InputError, ComputeError
            A key is not set; or as `label_texts`.
        """
        cap = self.study.spending_cap
        costs = expected_costs(self.sources, self.texts.sizes(), self.answers)
        waiting = [estimate.annotator for estimate in costs if estimate.to_ask]
        if not waiting:
            return None
        for line in costs_in_words(costs, self.answers.spent, cap):
            announce(line)
        annotators = [
            llm_annotator(entry, environment)
            for entry in self.sources.asked
            if entry.name in waiting
        ]
        return label_texts(self.texts, annotators, self.answers, cap=cap, progress=progress)

    def state(self) -> list[object]:
        """Return, in a form that can be hashed, who labels and what is still to be asked.

        With the texts and the imported files it decides the rows: a label that has been given
        does not change any more.
        """
        questions = {e.name: question_for(e.model or "", self.texts) for e in self.sources.asked}
        asked = {
            name: [question.model, question.prompt, self.answers.unfinished(question)]
            for name, question in questions.items()
        }
        return [asked, self.sources.imported]

    def rows(self, people: pd.DataFrame, person: str) -> Iterator[pd.DataFrame]:
        """Yield the rows of one annotator after the other.

        Parameters
        ----------
        people
            One row a profile or CV: columns that identify it, and text_hash, of which all have
            been asked about.
        person
            The column of `people` by which batch results know a person.

        Yields
        ------
        DataFrame
            The columns of `people` save text_hash; annotator, label (Int8), missing (why there
            is no label), recipe, model, prompt, labelled_at.

        """
        people = people.reset_index(drop=True)
        known = people.drop(columns="text_hash")
        for entry in self.sources.asked:
            question = question_for(entry.model or "", self.texts)
            answers = self.answers.answers(question).set_index("text_hash")
            answered = answers.loc[people["text_hash"]].reset_index(drop=True)
            yield pd.concat([known, answered], axis="columns").assign(
                annotator=entry.name,
                recipe=question.recipe,
                model=question.model,
                prompt=question.prompt,
            )
        for name, model in self.sources.imported.items():
            found = _find(self.results[self.results["annotator"] == name], people, person)
            asked_here = found.pop("asked_here")
            yield known.assign(annotator=name, model=model, **found).assign(
                recipe=asked_here.map({True: self.texts.recipe, False: None}),
                prompt=asked_here.map({True: PROMPT_VERSION, False: None}),
                labelled_at=None,
            )


def expected_costs(
    sources: LlmSources, sizes: Mapping[str, int], answers: AnswerStore
) -> tuple[CostEstimate, ...]:
    """Estimate what it costs to label texts, without asking anybody.

    Parameters
    ----------
    sources
        Who is to be asked.
    sizes
        Bytes of each text in UTF-8, by its hash.
    answers
        The answers there are already.
    """
    # No key is needed to estimate.
    unlocked = [entry.model_copy(update={"api_key_env": None}) for entry in sources.asked]
    annotators = [llm_annotator(entry, {}) for entry in unlocked]
    questions = [Question(each.model, PROMPT_VERSION, RECIPE_VERSION) for each in annotators]
    return estimate_costs(sizes, annotators, questions, answers)


def costs_in_words(costs: Sequence[CostEstimate], spent: float, cap: float | None) -> Iterator[str]:
    """Yield what labels will probably cost, a line an annotator, and what has been spent."""
    yield from map(cost_in_words, costs)
    limit = "without a cap" if cap is None else f"of at most {cap:,.2f}"
    yield f"Spent on labels so far: {spent:,.2f} {limit}."


def cost_in_words(estimate: CostEstimate) -> str:
    """Say what one annotator's labels will probably cost."""
    basis = (
        "going by its answers so far"
        if estimate.measured
        else "a rough guess, far too low for a model that thinks first"
    )
    return (
        f"{estimate.annotator}: {estimate.to_ask:,} of {how_many(estimate.texts, 'text')} to ask"
        " about,"
        f" {estimate.input_tokens:,} + {estimate.output_tokens:,} tokens, cost about"
        f" {estimate.cost:,.2f} ({basis})."
    )


_ID_FIELDS = {
    "profile_id": "files.profiles.columns: profile_id: <field>",
    "rated_id": "files.validation.columns: rated_id: <column>",
}


def refuse_results_of_nobody(
    results: pd.DataFrame, names: Iterable[str], people: pd.DataFrame, person: str
) -> None:
    """Raise an `InputError` if the results of an annotator's batch jobs are of none of the people.

    Parameters
    ----------
    results
        As `read_batches` returns them.
    names
        Of the annotators.
    people
        All there are, profiles or rated CVs (of one company, an annotator may have none), with
        text_hash.
    person
        The column of `people` by which results know a person.
    """
    for name in names:
        own = results[results["annotator"] == name]
        keys = own["key"].groupby(own["about"]).agg(set).to_dict()
        found = people["text_hash"].isin(keys.get("text", ()))
        found |= people[person].isin(keys.get("person", ()))
        if len(people) and not found.any():
            raise InputError(
                f"labels/{name}: the batch results have none of the {len(people)} ids that are"
                f" wanted ({person}). Check that they are of this study, and of one kind on both"
                f" sides: name the field with the ids of the results under {_ID_FIELDS[person]}."
            )


def _find(results: pd.DataFrame, people: pd.DataFrame, person: str) -> dict[str, pd.Series]:
    """Return each person's label in batch results, why there is none, and if it was asked here."""
    by_text = _of(results, "text", people["text_hash"])
    by_person = _of(results, "person", people[person])
    label = by_text["label"].fillna(by_person["label"])
    missing = by_text["missing"].where(by_text["found"], by_person["missing"])
    is_known = by_text["found"] | by_person["found"]
    return {
        "label": label,
        "missing": missing.where(is_known, _NOT_IN_RESULTS).mask(label.notna()),
        "asked_here": by_text["found"],
    }


def _of(results: pd.DataFrame, about: str, keys: pd.Series) -> pd.DataFrame:
    """Return label and missing of each key, and whether there is a result of it at all."""
    indexed = results[results["about"] == about].set_index("key")[["label", "missing"]]
    found = indexed.reindex(keys).reset_index(drop=True)
    return found.assign(found=keys.isin(indexed.index).to_numpy())

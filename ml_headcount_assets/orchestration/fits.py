"""How the fit of each estimator is kept in tables, and how companies are drawn from it.

Fitting and drawing do not belong here: that is the model's. An estimator that keeps other things
of the cohort gets recipes of its own for them, and an entry in `KEPT`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from ml_headcount_assets.compute.protocol import Progress
from ml_headcount_assets.model import (
    ESTIMATORS,
    AnnotatorFit,
    HeadcountResult,
    StudyEvidence,
    draw_headcounts,
)
from ml_headcount_assets.warehouse.records import annotators_of

from .reader import Reader

__all__ = [
    "KEPT",
    "KEPT_TABLES",
    "Drawer",
    "Kept",
    "in_turn",
    "keeping",
    "stored_cohort",
    "stored_fit",
]


class Drawer(Protocol):
    """Draws companies, given what has been fitted on all of them."""

    def __call__(
        self, counts: pd.DataFrame, companies: pd.DataFrame, progress: Progress
    ) -> HeadcountResult:
        """Draw the experts of some companies, as `model.draw_headcounts` does."""


@dataclass(frozen=True)
class Kept:
    """What is kept of the fit of an estimator.

    Attributes
    ----------
    tables
        All that its companies are drawn from, save what is known of these companies.
    drawer
        Reads them, once for all companies.
    """

    tables: tuple[str, ...]
    drawer: Callable[[Reader, str], Drawer]


def _scaled_drawer(reader: Reader, estimator: str) -> Drawer:
    """Return how to draw with the error rates of rated CVs and the scale of keyword counts."""
    study = reader.study
    fit, cohort = stored_fit(reader, estimator), stored_cohort(reader, estimator)
    annotators = annotators_of(reader.read("annotators"))

    def draw(counts: pd.DataFrame, companies: pd.DataFrame, progress: Progress) -> HeadcountResult:
        return draw_headcounts(
            fit,
            cohort,
            StudyEvidence(annotators, counts, companies),
            study.settings(),
            estimator=estimator,
            draws=study.draws,
            seed=study.seed,
            compute=reader.around.compute,
            progress=progress,
        )

    return draw


#: What is kept of each estimator.
KEPT: Mapping[str, Kept] = {
    estimator: Kept(("annotators", "annotator_fit", "cohort_fit"), _scaled_drawer)
    for estimator in ESTIMATORS
}

#: All tables that companies are drawn from, save what is known of these companies.
KEPT_TABLES = tuple(dict.fromkeys(table for kept in KEPT.values() for table in kept.tables))


def keeping(reader: Reader, table: str, progress: Progress) -> Iterator[tuple[str, Progress]]:
    """Yield the study's estimators that keep something in a table, and whom to tell of each."""
    estimators = [each for each in reader.study.estimators if table in KEPT[each].tables]
    for turn, estimator in enumerate(estimators):
        yield estimator, in_turn(progress, turn, len(estimators))


def in_turn(progress: Progress, turn: int, turns: int) -> Progress:
    """Return the progress of one of several equal pieces of work as progress of the whole."""
    return lambda done, total: progress(turn * total + done, turns * total)


def stored_fit(reader: Reader, estimator: str) -> AnnotatorFit:
    """Return the annotators' draws of one estimator."""
    annotators = annotators_of(reader.read("annotators"))
    return AnnotatorFit.from_frame(_of(reader, "annotator_fit", estimator), annotators)


def stored_cohort(reader: Reader, estimator: str) -> Any:
    """Return the draws of what companies share, of one estimator."""
    return ESTIMATORS[estimator].read_cohort(_of(reader, "cohort_fit", estimator))


def _of(reader: Reader, table: str, estimator: str) -> pd.DataFrame:
    rows = reader.read(table)
    return rows[rows["estimator"] == estimator]

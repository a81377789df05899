"""How the fit of each estimator is kept in tables, and read from them again.

Fitting and drawing do not belong here: that is the model's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

import pandas as pd

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.model import ESTIMATORS, AnnotatorFit, CohortFit, Estimator
from ml_headcount_assets.model.estimators import Cohort
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import with_estimator
from ml_headcount_assets.warehouse.schemas import TABLES
from ml_headcount_assets.warehouse.store import Tables

from .evidence import USE, study_evidence, used_annotators
from .reader import Reader

__all__ = [
    "KEPT_TABLES",
    "chosen_estimators",
    "in_turn",
    "one_by_one",
    "rows_of",
    "stored_annotators",
    "stored_copula",
    "stored_estimate",
    "stored_fits",
]

Work = TypeVar("Work")

#: All tables that companies are drawn from, save what is known of these companies.
KEPT_TABLES = tuple(
    dict.fromkeys(
        (*USE, "annotator_fit", *(estimator.kept_in for estimator in ESTIMATORS.values()))
    )
)


def chosen_estimators(reader: Reader) -> list[Estimator]:
    """Return the estimators of the study, in its order."""
    return [ESTIMATORS[name] for name in reader.study.estimators]


def one_by_one(work: Iterable[Work], progress: Progress) -> Iterator[tuple[Work, Progress]]:
    """Yield equal pieces of work, and whom to tell how far each has come."""
    pieces = list(work)
    for turn, piece in enumerate(pieces):
        yield piece, in_turn(progress, turn, len(pieces))


def in_turn(progress: Progress, turn: int, turns: int) -> Progress:
    """Return the progress of one of several equal pieces of work as progress of the whole."""
    return lambda done, total: progress(turn * total + done, turns * total)


def rows_of(table: str, frames: Iterable[tuple[str, pd.DataFrame]]) -> pd.DataFrame:
    """Return rows of a table from the frames of estimators; none, if there is no estimator."""
    made = list(frames)
    return with_estimator(made) if made else TABLES[table].empty()


def stored_annotators(reader: Tables, estimator: Estimator) -> AnnotatorFit:
    """Return the annotators' draws of an estimator that fits them to rated CVs alone."""
    rows = _of(reader, "annotator_fit", estimator)
    return AnnotatorFit.from_frame(rows, used_annotators(reader))


def stored_copula(reader: Tables, estimator: Estimator) -> CohortFit:
    """Return the draws of what companies share, of an estimator that goes through the copula."""
    return CohortFit.from_frame(_of(reader, "cohort_fit", estimator))


def stored_fits(reader: Tables, estimator: Estimator) -> tuple[AnnotatorFit | None, Cohort]:
    """Return all that the companies of an estimator are drawn from."""
    fit = stored_annotators(reader, estimator) if estimator.errors is not None else None
    return fit, estimator.read_cohort(_of(reader, estimator.kept_in, estimator))


def stored_estimate(
    reader: Tables,
    study: Study,
    estimator: Estimator,
    *,
    draws: int,
    rated: bool = False,
    compute: Compute | None = None,
) -> Fitted:
    """Return an estimator as it has been fitted and stored.

    Parameters
    ----------
    reader, study, estimator
        The tables, the study that they are of, and which of its estimators.
    draws
        Most draws; the study may have fewer.
    rated
        Whether the rated CVs are needed, too: to fit it otherwise.
    compute
        Where companies are drawn.
    """
    evidence, fits = study_evidence(reader, rated=rated), stored_fits(reader, estimator)
    draws = min(draws, study.draws)
    return Fitted(estimator, evidence, study.settings(), draws, study.seed, *fits, compute)


def _of(reader: Tables, table: str, estimator: Estimator) -> pd.DataFrame:
    rows = reader.read(table)
    return rows[rows["estimator"] == estimator.name]

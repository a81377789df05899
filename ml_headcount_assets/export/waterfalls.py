"""How the evidence of a company leads to its estimate, told anew from what is published."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.figures.catalogue import NothingToDrawError
from ml_headcount_assets.model import ESTIMATORS, Annotator, AnnotatorFit, StudyEvidence
from ml_headcount_assets.model.annotators import likelihood_annotators
from ml_headcount_assets.model.estimators import DrawCompany
from ml_headcount_assets.model.waterfall import company_waterfall
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.records import company_table, used_annotators_of

from .results import StudyResults

__all__ = ["company_steps"]

_NEEDED = (
    *("annotators", "annotator_use", "pattern_counts", "companies", "company_counts"),
    *("runs", "headcount_draws"),
)


def company_steps(results: StudyResults, company: str) -> pd.DataFrame:
    """Return the steps from a company's prior to its estimate; see `company_waterfall`.

    Companies are drawn again from the published fits, with the published settings, so that the
    last step has the very numbers of table headcount_intervals.

    Parameters
    ----------
    results
        What the study found.
    company
        Partition key of the company.

    Raises
    ------
    NothingToDrawError
        No run has been published, or there are no such steps.
    """
    estimator = ESTIMATORS[results.headline_estimator]
    if estimator.predict is None:
        raise NothingToDrawError(f"{estimator.name} has no steps from a prior to an estimate")
    rows = {name: _table(results, name) for name in _NEEDED}
    study = _study(rows["runs"])
    annotators = used_annotators_of(rows["annotators"], rows["annotator_use"])
    own = rows["companies"][rows["companies"]["company"] == company]
    counts = rows["pattern_counts"]
    ratings = results.read("deployed_ratings")
    evidence = StudyEvidence(
        annotators,
        counts[counts["company"] == company],
        company_table(own, rows["company_counts"]),
        ratings=None if ratings is None else ratings[ratings["company"] == company],
    )
    draws = len(results.of_headline(rows["headcount_draws"])["draws"].iloc[0])
    kept = likelihood_annotators(
        evidence.described, six_dimensional=study.settings().six_dimensional
    )
    try:
        return company_waterfall(
            _drawer(results, study, annotators, draws),
            evidence.assess(study.settings())[0],
            [each.name for each in kept],
            results.level,
        )
    except InputError as reason:
        raise NothingToDrawError(str(reason)) from reason


def _study(runs: pd.DataFrame) -> Study:
    last = runs.sort_values("finished").iloc[-1]
    return Study.model_validate({"directory": Path(), **json.loads(last["settings"])})


def _drawer(
    results: StudyResults, study: Study, annotators: tuple[Annotator, ...], draws: int
) -> DrawCompany:
    """Return what draws a company by the headline estimator's published fit."""
    estimator = ESTIMATORS[results.headline_estimator]
    fit = None
    if estimator.errors is not None:
        rows = results.of_headline(_table(results, "annotator_fit"))
        fit = AnnotatorFit.from_frame(rows, annotators)
    cohort = estimator.read_cohort(results.of_headline(_table(results, estimator.kept_in)))
    engine = Engine().settle()
    return estimator.drawer(
        fit, cohort, study.settings(), draws=draws, seed=study.seed, engine=engine
    )


def _table(results: StudyResults, name: str) -> pd.DataFrame:
    rows = results.read(name)
    if rows is None:
        raise NothingToDrawError(f"there is no table {name} among the results")
    return rows

"""A round of ratings from what a run has stored: planned, and afterwards its effect.

Which profiles they are does not belong here, nor to any table of results: see the command
`ratings propose`, which draws them on the people's side.
"""

from __future__ import annotations

import pandas as pd

from ml_headcount_assets.compute.protocol import Compute, Progress
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.estimators import ESTIMATORS, RATINGS_ESTIMATOR
from ml_headcount_assets.model.hierarchical import HierarchicalFit
from ml_headcount_assets.model.rating_design import RANDOM_PART, RatingDesign, design_ratings
from ml_headcount_assets.model.rating_effect import rating_effect
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.store import Tables

from .evidence import study_evidence
from .fits import stored_estimate, stored_fits

__all__ = ["effect_of_ratings", "plan_ratings"]

_DRAWS = 600


def plan_ratings(
    tables: Tables,
    study: Study,
    *,
    n: int = 100,
    purpose: str = "headline",
    random_part: float = RANDOM_PART,
    seed: int | None = None,
) -> RatingDesign:
    """Plan a round by the stored fit; see `design_ratings`.

    Parameters
    ----------
    tables
        Of the warehouse.
    study
        Its estimators, draws, level, and settings are used.
    seed
        None takes the study's.

    Raises
    ------
    InputError
        The study does not use the estimator that learns from ratings.
    """
    _refuse_without_estimator(study)
    _, fit = stored_fits(tables, ESTIMATORS[RATINGS_ESTIMATOR])
    assert isinstance(fit, HierarchicalFit)
    return design_ratings(
        fit,
        study_evidence(tables),
        study.settings(),
        n=n,
        purpose=purpose,
        random_part=random_part,
        draws=min(_DRAWS, study.draws),
        seed=study.seed if seed is None else seed,
        level=study.level,
    )


def effect_of_ratings(
    tables: Tables,
    study: Study,
    *,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare the stored fit with one that has not seen people's verdicts; see `rating_effect`.

    Raises
    ------
    InputError
        The study does not use the estimator that learns from ratings, or the run that made the
        fit knew of none.
    """
    _refuse_without_estimator(study)
    if tables.read("deployed_ratings").empty:
        raise InputError(
            "The last run knew of no verdicts that count. 'ml-headcount ratings import' takes them"
            " in and tells which of them count; run the study after it."
        )
    estimator = ESTIMATORS[RATINGS_ESTIMATOR]
    fitted = stored_estimate(tables, study, estimator, draws=_DRAWS, rated=True, compute=compute)
    return rating_effect(fitted, level=study.level, progress=progress)


def _refuse_without_estimator(study: Study) -> None:
    if RATINGS_ESTIMATOR not in study.estimators:
        raise InputError(
            f"Only the estimator {RATINGS_ESTIMATOR!r} learns from ratings, and this study leaves"
            " it out; add it to 'estimators' in study.yaml and run the study."
        )

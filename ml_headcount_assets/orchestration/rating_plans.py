"""A round of ratings planned from what a run has stored.

Which profiles they are does not belong here, nor to any table of results: see the command
`ratings propose`, which draws them on the people's side.
"""

from __future__ import annotations

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.estimators import ESTIMATORS, RATINGS_ESTIMATOR
from ml_headcount_assets.model.hierarchical import HierarchicalFit
from ml_headcount_assets.model.rating_design import RANDOM_PART, RatingDesign, design_ratings
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.store import Tables

from .evidence import study_evidence
from .fits import stored_fits

__all__ = ["plan_ratings"]

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
    if RATINGS_ESTIMATOR not in study.estimators:
        raise InputError(
            f"Ratings are planned by the estimator {RATINGS_ESTIMATOR!r}, which this study leaves"
            " out; add it to 'estimators' in study.yaml and run the study."
        )
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

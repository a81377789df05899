"""Experts per company, given what the cohort knows about the annotators."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from .annotator_fit import AnnotatorFit
from .drawn_company import DrawnCompany
from .estimators import Cohort, estimator_of
from .evidence import NONE, CompanyEvidence
from .result import HeadcountResult
from .settings import EstimatorSettings
from .study_evidence import StudyEvidence

__all__ = ["draw_headcounts"]


def draw_headcounts(
    fit: AnnotatorFit | None,
    cohort: Cohort,
    evidence: StudyEvidence,
    settings: EstimatorSettings,
    *,
    estimator: str,
    draws: int,
    seed: int,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> HeadcountResult:
    """Draw the number of experts of each company.

    Given `fit` and `cohort` companies are independent of each other, and each has its own
    random streams: any subset in any order gives the same numbers.

    Parameters
    ----------
    fit, cohort
        The estimator's draws of what the cohort shares, at least as many as `draws`. `fit` is
        None for estimators that learn the annotators together with the cohort.
    evidence
        Of the companies to be drawn; the result is in their order.
    settings
        Must be those of `fit` and `cohort`.
    estimator
        One of `estimators.ESTIMATORS`.
    draws, seed, compute, progress
        As in `fit_annotators`.

    Raises
    ------
    InputError
        If the estimator is unknown, the fits hold too few draws, or the tables are unusable.
    """
    chosen = estimator_of(estimator)
    assessed = evidence.assess(settings)
    compute = compute or LocalCompute()
    # What one company needs is too little for a GPU, unless one is asked for.
    engine = compute.engine.settle()
    draw = chosen.drawer(fit, cohort, settings, draws=draws, seed=seed, engine=engine)
    drawn = compute.map(draw, assessed, progress, worker=engine.worker)
    return _collect(assessed, drawn, draws)


def _collect(
    assessed: Sequence[CompanyEvidence], drawn: list[DrawnCompany], draws: int
) -> HeadcountResult:
    kinds = np.array([each.evidence for each in drawn], dtype=object)
    flags = np.array([";".join(each.flags) for each in drawn], dtype=object)
    experts = np.empty((len(assessed), draws), dtype=np.int32)
    for number in reversed(range(len(drawn))):
        # Each row is let go as soon as it is copied, so that all of them are never there twice.
        experts[number] = drawn.pop().experts
    unknown = np.broadcast_to((kinds == NONE)[:, None], experts.shape)
    return HeadcountResult(
        company_id=np.array([company.company_id for company in assessed], dtype=object),
        draws=np.ma.MaskedArray(experts, mask=unknown.copy(), fill_value=-1),
        evidence=kinds,
        flags=flags,
        n_profiles=np.array([company.n_profiles for company in assessed], dtype=np.int64),
        # Where it is not known, the profiles that were seen are no headcount.
        headcount=np.array(
            [company.headcount if company.headcount_is_known else 0 for company in assessed],
            dtype=np.int64,
        ),
    )

"""The estimator that learns: every source of uncertainty from its posterior given all evidence.

Prevalences, deployed error rates, drift and dispersion are learned together with the rated CVs'
error rates, so there is no fit of the annotators beforehand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...compute.engine import Engine
from ...compute.protocol import Compute, Progress
from ..annotators import Annotator, likelihood_annotators
from ..drawn_company import DrawnCompany
from ..evidence import CompanyEvidence
from ..hierarchical import (
    HierarchicalFit,
    Hyperparameters,
    draw_company_hierarchical,
    fit_hierarchical,
)
from ..hierarchical.company_counts import kinds_of_evidence
from ..hierarchical.reports import RIGID, fit_reports, rated_rates, reasons_for_doubt, source_budget
from ..rated import count_rated
from ..settings import EstimatorSettings
from ..study_evidence import StudyEvidence
from .estimator import Estimator

__all__ = ["HIERARCHICAL"]


def _fit(
    fit: None,
    evidence: StudyEvidence,
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    compute: Compute | None = None,
    progress: Progress | None = None,
    hyper: Hyperparameters | None = None,
) -> HierarchicalFit:
    """Fit everything at once; `compute` is of no use, since the fit is one long chain."""
    kept = likelihood_annotators(evidence.described, six_dimensional=settings.six_dimensional)
    return fit_hierarchical(
        count_rated(evidence.rated_cvs, kept, missing_as_zero=settings.missing_as_zero),
        evidence.assess(settings),
        evidence.described,
        settings,
        draws=draws,
        seed=seed,
        progress=progress,
        effort=settings.effort,
        hyper=hyper,
    )


def _patterns(
    rated: pd.DataFrame,
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    compute: Compute | None = None,
) -> NDArray[np.float64]:
    """Return the pattern probabilities that rated CVs alone tell; see `predictive.Predict`."""
    nobody = pd.DataFrame({"company_id": [], "headcount": [], "pattern": [], "n_profiles": []})
    evidence = StudyEvidence(tuple(annotators), nobody, nobody, rated)
    # Without companies there is little to learn: one round of chains is enough.
    once = replace(settings, effort=replace(settings.effort, rounds=1))
    fit = _fit(None, evidence, once, draws=draws, seed=seed)
    names, sizes = fit.layout.instruments.names, 2 ** np.arange(len(fit.annotators))
    # Patterns are numbered by annotators sorted by name, and the model has LLMs first.
    columns = [names.index(annotator.name) for annotator in fit.annotators]
    table = np.empty_like(fit.rated)
    table[..., fit.patterns[:, columns].astype(int) @ sizes] = fit.rated
    return table


@dataclass(frozen=True)
class _Drawer:
    """Draws one company at a time from the posterior."""

    fit: HierarchicalFit
    draws: int
    seed: int

    @classmethod
    def of(
        cls,
        fit: None,
        cohort: HierarchicalFit,
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        engine: Engine,
    ) -> _Drawer:
        return cls(cohort, draws, seed)

    def __call__(self, company: CompanyEvidence) -> DrawnCompany:
        """Return the draws of a company, by all evidence that there is of it."""
        drawn = draw_company_hierarchical(self.fit, company, draws=self.draws, seed=self.seed)
        return DrawnCompany(drawn.experts, drawn.evidence, drawn.flags)


def _diagnostics(fit: None, cohort: HierarchicalFit) -> dict[str, object]:
    return cohort.diagnostics.to_record()


HIERARCHICAL = Estimator(
    name="hierarchical",
    about="learns shares of experts, deployed error rates and drift from all evidence at once",
    errors=None,
    fit_cohort=_fit,
    read_cohort=HierarchicalFit.from_frame,
    kept_in="hierarchical_fit",
    kinds=kinds_of_evidence,
    drawer=_Drawer.of,
    diagnostics=_diagnostics,
    rates=rated_rates,
    foil=False,
    reports=fit_reports,
    doubts=reasons_for_doubt,
    budget=source_budget,
    predict=_patterns,
    without_drift=partial(_fit, hyper=RIGID),
)

"""The bootstrap of five layers (Schons et al. 2026): a multivariate probit and fixed priors.

Rated CVs and correlations are resampled, prevalences drawn from their priors, unseen employees
filled in and truths drawn by Bayes' rule. Prevalences are never updated by the labels.
"""

from __future__ import annotations

from ..calibration import PROBIT, bootstrap_patterns
from ..cohort import CohortFit, bootstrap_diagnostics, bootstrap_rates, fit_cohort
from ..company_draws import BayesDrawer
from ..layered_budget import layered_budget
from .estimator import Estimator

__all__ = ["FIVE_LAYER"]

FIVE_LAYER = Estimator(
    name="five_layer",
    about="resamples the rated CVs and draws each company's share of experts from its prior",
    errors=PROBIT,
    fit_cohort=fit_cohort,
    read_cohort=CohortFit.from_frame,
    kept_in="cohort_fit",
    drawer=BayesDrawer.of,
    diagnostics=bootstrap_diagnostics,
    rates=bootstrap_rates,
    foil=False,
    copula=True,
    budget=layered_budget,
    predict=bootstrap_patterns,
)

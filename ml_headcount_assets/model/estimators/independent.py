"""Dawid and Skene (1979): annotators err independently of each other. A foil.

All else is as in `five_layer`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...compute.engine import Engine
from ..calibration import ErrorModel, bootstrap_patterns
from ..cohort import CohortFit, bootstrap_diagnostics, bootstrap_rates, fit_cohort
from ..company_draws import BayesDrawer
from ..settings import EstimatorSettings
from .estimator import Estimator

__all__ = ["INDEPENDENT"]


def _products(
    rates: NDArray[np.float64],
    matrices: NDArray[np.float64],
    settings: EstimatorSettings,
    engine: Engine,
) -> NDArray[np.float64]:
    """Return the pattern probabilities of independent annotators; (..., J) -> (..., 2**J)."""
    table = np.ones((*rates.shape[:-1], 1))
    for column in range(rates.shape[-1]):
        rate = rates[..., column, None]
        table = np.concatenate([table * (1 - rate), table * rate], axis=-1)
    return table


_ERRORS = ErrorModel(_products, correlated=False)

INDEPENDENT = Estimator(
    name="independent",
    about="takes the annotators' errors for independent; it is shown for comparison only",
    errors=_ERRORS,
    fit_cohort=fit_cohort,
    read_cohort=CohortFit.from_frame,
    kept_in="cohort_fit",
    drawer=BayesDrawer.of,
    diagnostics=bootstrap_diagnostics,
    rates=bootstrap_rates,
    foil=True,
    copula=True,
    predict=partial(bootstrap_patterns, errors=_ERRORS),
)

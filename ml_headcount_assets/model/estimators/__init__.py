"""The estimators, all equals: one module each, and the registry by which they are found.

A new one is a module here that makes an `Estimator`, a line below, and its tests. No other place
tells estimators apart by their names.
"""

from __future__ import annotations

from ...errors import InputError
from ..drawn_company import DrawnCompany
from .estimator import Cohort, DrawCompany, Estimator
from .five_layer import FIVE_LAYER
from .hierarchical import HIERARCHICAL
from .independent import INDEPENDENT
from .log_debias import LOG_DEBIAS

__all__ = [
    "DEFAULT_ESTIMATOR",
    "ESTIMATORS",
    "RATINGS_ESTIMATOR",
    "Cohort",
    "DrawCompany",
    "DrawnCompany",
    "Estimator",
    "estimator_of",
]

#: Every estimator by name, in the order in which they are shown.
ESTIMATORS: dict[str, Estimator] = {
    estimator.name: estimator for estimator in (HIERARCHICAL, FIVE_LAYER, INDEPENDENT, LOG_DEBIAS)
}

#: The one that is used unless another is asked for.
DEFAULT_ESTIMATOR = HIERARCHICAL.name

#: The one that learns from verdicts on deployed profiles, and can plan which to ask for.
RATINGS_ESTIMATOR = HIERARCHICAL.name


def estimator_of(name: str) -> Estimator:
    """Return the estimator of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in ESTIMATORS:
        raise InputError(f"Unknown estimator {name!r}; there are {', '.join(ESTIMATORS)}.")
    return ESTIMATORS[name]

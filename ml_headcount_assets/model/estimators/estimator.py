"""What an estimator is: how annotators and cohort are fitted, and how a company is drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...compute.engine import Engine
from ...compute.protocol import Compute, Progress
from ..calibration import ErrorModel
from ..evidence import CompanyEvidence
from ..settings import EstimatorSettings
from ..study_evidence import StudyEvidence

__all__ = ["Cohort", "DrawCompany", "Estimator", "FitCohort", "MakeDrawer"]


class Cohort(Protocol):
    """What all companies share, drawn; given it they are independent of each other."""

    @property
    def draws(self) -> int:
        """Number of draws."""
        ...

    def to_frame(self) -> pd.DataFrame:
        """Return rows that can be stored."""
        ...

    def diagnostics(self) -> dict[str, object]:
        """Return what is to be known about the fit, by name."""
        ...


#: Experts of a company with evidence in each draw, shape (draws,). Can be pickled.
DrawCompany = Callable[[CompanyEvidence], NDArray[np.int64]]


class FitCohort(Protocol):
    """Learns what all companies share."""

    def __call__(
        self,
        fit: Any,
        evidence: StudyEvidence,
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        compute: Compute | None = None,
        progress: Progress | None = None,
    ) -> Cohort:
        """Return the cohort's draws."""
        ...


class MakeDrawer(Protocol):
    """Prepares, from what all companies share, what draws any one of them."""

    def __call__(
        self,
        fit: Any,
        cohort: Any,
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        engine: Engine,
    ) -> DrawCompany:
        """Return a function of one company."""
        ...


@dataclass(frozen=True)
class Estimator:
    """One way from labels to experts.

    Attributes
    ----------
    name
        The key by which it is asked for and found in every table.
    about
        What it does, as the end of a sentence that begins with its name.
    errors
        How rated CVs alone tell the annotators' errors. None, if they are learned together with
        the cohort: there is no fit of the annotators then.
    fit_cohort
        Learns what all companies share.
    read_cohort
        Rebuilds it from the rows of its `Cohort.to_frame`.
    drawer
        Prepares the drawing of companies, which are independent given the fits.
    copula
        Whether companies with keyword counts only go through the copula (`synthetic_counts`).
    """

    name: str
    about: str
    errors: ErrorModel | None
    fit_cohort: FitCohort
    read_cohort: Callable[[pd.DataFrame], Cohort]
    drawer: MakeDrawer
    copula: bool

    @property
    def predicts_patterns(self) -> bool:
        """Whether label patterns of rated CVs are predicted, and so can be checked."""
        return self.errors is not None and self.errors.tabulate is not None

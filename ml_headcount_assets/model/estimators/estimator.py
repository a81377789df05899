"""What an estimator is: how annotators and cohort are fitted, and how a company is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd

from ...compute.engine import Engine
from ...compute.protocol import Compute, Progress
from ..calibration import ErrorModel
from ..drawn_company import DrawnCompany
from ..evidence import CompanyEvidence
from ..predictive import Predict
from ..settings import EstimatorSettings
from ..study_evidence import StudyEvidence

if TYPE_CHECKING:
    from ..fitted import Fitted

__all__ = ["Cohort", "DrawCompany", "DrawnCompany", "Estimator", "FitCohort", "MakeDrawer"]


Told = Progress | None


class Cohort(Protocol):
    """What all companies share, drawn; given it they are independent of each other."""

    def to_frame(self) -> pd.DataFrame:
        """Return rows that can be stored."""
        ...


#: Draws a company. Can be pickled.
DrawCompany = Callable[[CompanyEvidence], DrawnCompany]


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
    kept_in
        Name of the table that such rows are kept in; estimators may share one.
    drawer
        Prepares the drawing of companies, which are independent given the fits.
    diagnostics
        Returns what is to be known about the fits, by name.
    rates
        Returns the annotators' rates and their correlations among rated CVs as frames, given the
        fits and a level: see `AnnotatorFit.summary` and `AnnotatorFit.correlation_summary`.
    foil
        Whether it is there for comparison only, and nobody is to go by it.
    reports
        What else there is to tell of the fits: tables by name, given a `Fitted`, a level and a
        callback ``(done, total)``. None, if nothing.
    doubts
        Says in sentences why not to trust the fits, given a `Fitted`; no sentence if nothing
        speaks against them. None, if it has no way to tell.
    budget
        How much of the uncertainty each source accounts for, given the same. None, if that
        cannot be told.
    without_drift
        `fit_cohort` under which annotators do to deployed text what they did to rated CVs. None,
        if it is no other.
    predict
        Tells from rated CVs how probable each label pattern is, so that this can be checked on
        CVs that it has not seen. None, if there is no such notion.
    kinds
        Returns which kind of evidence the estimate of each company rests on: "profiles",
        "aggregates" (counts alone) or "none".
    copula
        Whether companies with keyword counts only go through the copula (`synthetic_counts`).
    """

    name: str
    about: str
    errors: ErrorModel | None
    fit_cohort: FitCohort
    read_cohort: Callable[[pd.DataFrame], Cohort]
    kept_in: str
    drawer: MakeDrawer
    diagnostics: Callable[[Any, Any], dict[str, object]]
    rates: Callable[[Any, Any, float], tuple[pd.DataFrame, pd.DataFrame]]
    foil: bool
    kinds: Callable[[StudyEvidence, EstimatorSettings], list[str]] = StudyEvidence.kinds
    copula: bool = False
    reports: Callable[[Fitted, float, Told], Mapping[str, pd.DataFrame]] | None = None
    doubts: Callable[[Fitted], Sequence[str]] | None = None
    budget: Callable[[Fitted, float, Told], pd.DataFrame] | None = None
    without_drift: FitCohort | None = None
    predict: Predict | None = None

"""The parameters of the hierarchical model: their layout in one vector, and their priors.

All but the near misses (`near_misses`) have a normal prior on the scale they are kept on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..priors import SIZE_BANDS
from .instruments import Instruments
from .verdicts import (
    DEPLOYED_FALSE_YES,
    DEPLOYED_MISS,
    RATED_FALSE_YES,
    RATED_MISS,
    RATER_ERRORS,
)

__all__ = ["Hyperparameters", "Layout"]

Normal = tuple[float, float]
# Raters who miss experts among CVs are likely to miss them among profiles.
_SAME_ERROR = (
    np.array([DEPLOYED_MISS, RATED_MISS]),
    np.array([DEPLOYED_FALSE_YES, RATED_FALSE_YES]),
)


@dataclass(frozen=True)
class Hyperparameters:
    """Means and standard deviations of the priors.

    Attributes
    ----------
    expert_mean, negative_mean
        Probit of a sensitivity, and of a false-positive rate among near misses.
    loading, loading_deviation
        A = lambda / sqrt(1 - lambda**2): the mean within a kind, and the sd around it.
    factor
        atanh of the correlation between the factors of two kinds.
    log_drift_scale, drift_correlation
        How far deployed sensitivities lie from the rated ones (probit), per kind and source of
        text, and how much annotators of a kind drift together.
    loading_drift
        Of loadings between rated CVs and deployment, per kind and class.
    harder, easier, hardest
        Near misses in deployment against the rated ones: sd of the shift upwards and downwards,
        and (bound, width) of the logistic curve that cuts off the upward one.
    easy, log_easy_sd
        Logit of the share of easy non-experts: its mean, and its log sd between companies.
    log_easy_shift, easy_shift_deviation
        How much easier they are (probit): all annotators, and one against the other.
    audible
        Logit of the share of people on whom a kind of annotator can fire at all.
    shift, band_shift
        Logit of the mean prevalence against the user's: all bands, and one against the other.
    concentration
        Log of a + b of the Beta between companies, against the user's.
    log_cohort_scale
        The one scale of all effects of a cohort.
    log_profile_dispersion, log_count_dispersion
        Over-dispersion between companies: see `dispersion`.
    rater_error, rater_error_deviation
        Probit of the share of verdicts that are wrong, by truth: 4 %, within a factor of about 3.
        The second is the sd by which raters of CVs and of profiles differ.
    """

    expert_mean: Normal = (0.3, 1.0)
    negative_mean: Normal = (-1.2, 1.0)
    loading: Normal = (0.9, 0.5)
    loading_deviation: float = 0.3
    factor: Normal = (0.5, 0.5)
    log_drift_scale: Normal = (float(np.log(0.12)), 0.6)
    drift_correlation: float = 0.5
    loading_drift: float = 0.4
    harder: float = 0.1
    easier: float = 0.2
    hardest: tuple[float, float] = (0.15, 0.02)
    easy: Normal = (-1.5, 2.0)
    log_easy_sd: Normal = (-1.0, 1.0)
    log_easy_shift: Normal = (0.0, 0.5)
    easy_shift_deviation: float = 0.25
    audible: Normal = (2.5, 2.0)
    shift: float = 1.5
    band_shift: float = 0.4
    concentration: float = 0.7
    log_cohort_scale: Normal = (float(np.log(0.2)), 1.0)
    log_profile_dispersion: Normal = (float(np.log(1e4)), 2.0)
    log_count_dispersion: Normal = (float(np.log(300.0)), 2.5)
    rater_error: Normal = (-1.75, 0.3)
    rater_error_deviation: float = 0.25

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Hyperparameters:
        """Rebuild from `dataclasses.asdict`'s values, as JSON keeps them."""
        pairs: dict[str, Any] = {
            name: tuple(value) if isinstance(value, Sequence) else value
            for name, value in record.items()
        }
        return cls(**pairs)


@dataclass(frozen=True)
class Layout:
    """Where each parameter stands in the vector theta of length D.

    Attributes
    ----------
    instruments
        The J annotators.
    cohorts
        Names of the H cohorts; effects of cohorts exist from two on.
    separate_search
        Whether hits found by a search have near misses, drift and silence of their own.
    hyper
        The priors.
    verdicts
        Whether deployed profiles have been rated; the raters' errors are parameters then.
    """

    instruments: Instruments
    cohorts: tuple[str, ...]
    separate_search: bool
    hyper: Hyperparameters = Hyperparameters()
    verdicts: bool = False

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Number of components of each parameter, in the order of theta."""
        annotators, kinds = len(self.instruments.names), len(self.instruments.kinds)
        silent, searched = len(self.instruments.silenceable), len(self.instruments.searched)
        sizes = {
            "expert_mean": annotators,
            "expert_loading": annotators,
            "expert_factor": kinds - 1,
            "negative_mean": annotators,
            "negative_loading": annotators,
            "negative_factor": kinds - 1,
            "expert_drift": annotators,
            "log_drift_scale": kinds,
            "expert_loading_drift": kinds,
            "negative_loading_drift": kinds,
            "deployed_rate": annotators,
            "easy": 1,
            "log_easy_sd": 1,
            "log_easy_shift": 1,
            "easy_shift_deviation": annotators,
            "audible": silent,
            "band_shift": len(SIZE_BANDS),
            "band_concentration": len(SIZE_BANDS),
            "log_profile_dispersion": 1,
            "log_hit_dispersion": 1,
            "log_margin_dispersion": 1,
        }
        if self.separate_search:
            sizes |= {
                "search_drift": searched,
                "log_search_drift_scale": silent,
                "search_rate": searched,
                "search_shift_deviation": searched,
                "search_audible": silent,
            }
        if len(self.cohorts) > 1:
            count = len(self.cohorts)
            sizes |= {
                "log_cohort_scale": 1,
                "cohort_easy": count,
                "cohort_shift": count,
                "cohort_concentration": count,
            }
        if self.verdicts:
            sizes[RATER_ERRORS] = 4
        return {name: size for name, size in sizes.items() if size}

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Place of each parameter in theta."""
        ends = np.cumsum(list(self.sizes.values())).tolist()
        starts = [0, *ends]
        return {name: slice(starts[i], ends[i]) for i, name in enumerate(self.sizes)}

    @property
    def size(self) -> int:
        """D, the length of theta."""
        return sum(self.sizes.values())

    @cached_property
    def normal(self) -> NDArray[np.float64]:
        """1 where the prior is the normal one, 0 where `near_misses` gives it; (D,)."""
        flags = np.ones(self.size)
        for name in ("deployed_rate", "search_rate"):
            if name in self.slices:
                flags[self.slices[name]] = 0.0
        return flags

    @cached_property
    def prior(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean (D,) and covariance (D, D)."""
        hyper = self.hyper
        mean, covariance = np.zeros(self.size), np.zeros((self.size, self.size))
        for name, (centre, sd) in self._normals().items():
            if name in self.slices:
                place = np.arange(self.size)[self.slices[name]]
                mean[place] = centre
                covariance[place, place] = sd**2
        kinds = self.instruments.kinds
        for name in ("expert_loading", "negative_loading"):
            self._share(covariance, name, kinds, hyper.loading[1] ** 2)
        self._correlate(covariance, "expert_drift", kinds)
        searched = self.instruments.kind_of[self.instruments.searched]
        groups = [np.flatnonzero(searched == k) for k in self.instruments.silenceable]
        self._correlate(covariance, "search_drift", groups)
        self._share(covariance, RATER_ERRORS, _SAME_ERROR, hyper.rater_error[1] ** 2)
        self._share(covariance, "band_shift", [np.arange(len(SIZE_BANDS))], hyper.shift**2)
        return mean, covariance

    def _normals(self) -> dict[str, Normal]:
        hyper = self.hyper
        return {
            "expert_mean": hyper.expert_mean,
            "negative_mean": hyper.negative_mean,
            "expert_loading": (hyper.loading[0], hyper.loading_deviation),
            "negative_loading": (hyper.loading[0], hyper.loading_deviation),
            "expert_factor": hyper.factor,
            "negative_factor": hyper.factor,
            "expert_drift": (0.0, 1.0),
            "search_drift": (0.0, 1.0),
            "log_drift_scale": hyper.log_drift_scale,
            "log_search_drift_scale": hyper.log_drift_scale,
            "expert_loading_drift": (0.0, hyper.loading_drift),
            "negative_loading_drift": (0.0, hyper.loading_drift),
            # Only to set a scale for the optimiser.
            "deployed_rate": (-1.2, 0.3),
            "search_rate": (-1.2, 0.3),
            "easy": hyper.easy,
            "log_easy_sd": hyper.log_easy_sd,
            "log_easy_shift": hyper.log_easy_shift,
            "easy_shift_deviation": (0.0, hyper.easy_shift_deviation),
            "search_shift_deviation": (0.0, hyper.easy_shift_deviation),
            "audible": hyper.audible,
            "search_audible": hyper.audible,
            "band_shift": (0.0, hyper.band_shift),
            "band_concentration": (0.0, hyper.concentration),
            "log_profile_dispersion": hyper.log_profile_dispersion,
            "log_hit_dispersion": hyper.log_count_dispersion,
            "log_margin_dispersion": hyper.log_count_dispersion,
            "log_cohort_scale": hyper.log_cohort_scale,
            RATER_ERRORS: (hyper.rater_error[0], hyper.rater_error_deviation),
            "cohort_easy": (0.0, 1.0),
            "cohort_shift": (0.0, 1.0),
            "cohort_concentration": (0.0, 1.0),
        }

    def _share(
        self,
        covariance: NDArray[np.float64],
        name: str,
        groups: Sequence[NDArray[np.intp]],
        variance: float,
    ) -> None:
        """Give the components of each group a common part."""
        if name in self.slices:
            place = np.arange(self.size)[self.slices[name]]
            for group in groups:
                covariance[np.ix_(place[group], place[group])] += variance

    def _correlate(
        self, covariance: NDArray[np.float64], name: str, groups: Sequence[NDArray[np.intp]]
    ) -> None:
        if name in self.slices:
            place = np.arange(self.size)[self.slices[name]]
            share = self.hyper.drift_correlation
            for group in groups:
                block = share + (1 - share) * np.eye(len(group))
                covariance[np.ix_(place[group], place[group])] = block

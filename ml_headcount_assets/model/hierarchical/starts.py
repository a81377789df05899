"""Two places to start the search for the mode from.

One start alone was up to 260 nats off: whether deployed positives are experts or near misses is
a question with two answers until the joint patterns decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

from .instruments import PROFILE_TEXT, SEARCH
from .problem import Problem

__all__ = ["starting_points"]

# Firing rate of easy people in units of near misses', for the crude fit only.
_EASY_RATE = 0.02
_PREVALENCES = np.exp(np.linspace(np.log(1e-5), np.log(0.6), 60))
_EASY_LOGITS = np.linspace(-4.0, 7.0, 45)
# Near misses start a little below the rated ones, where their prior has no kink.
_START_SHIFT = -0.03
# A kind that fires below this share of what it should is taken as partly silent.
_SILENT_BELOW = 0.4
_FEWEST_LABELLED = 50.0


@dataclass(frozen=True)
class _Rates:
    """Shares of positive labels: rated (2, J), and by source, cohort and annotator."""

    rated: NDArray[np.float64]
    fired: NDArray[np.float64]
    labelled: NDArray[np.float64]

    @classmethod
    def of(cls, problem: Problem) -> _Rates:
        positive = problem.rated_counts @ (problem.rated_labels == 1)
        known = problem.rated_counts @ (problem.rated_labels >= 0)
        return cls((positive + 0.5) / (known + 1.0), *problem.firing)

    @property
    def deployed(self) -> NDArray[np.float64]:
        return (self.fired + 0.5) / (self.labelled + 1.0)


def starting_points(problem: Problem) -> list[NDArray[np.float64]]:
    """Return two parameter vectors: least squares per cohort, and everybody like the rated."""
    rates = _Rates.of(problem)
    return [_least_squares(problem, rates), _like_the_rated(problem, rates)]


def _leading(problem: Problem, rates: _Rates, cohort: int) -> tuple[int, NDArray[np.intp]]:
    """Return source and annotators that tell most about a cohort."""
    instruments = problem.layout.instruments
    first = instruments.kinds[0]
    if rates.labelled[PROFILE_TEXT, cohort, first].min() > _FEWEST_LABELLED:
        return PROFILE_TEXT, first
    searched = instruments.searched
    if len(searched) and rates.labelled[SEARCH, cohort, searched].max() > 0:
        return SEARCH, searched[rates.labelled[SEARCH, cohort, searched] > 0]
    told = np.flatnonzero(rates.labelled[PROFILE_TEXT, cohort] > 0)
    return PROFILE_TEXT, told


def _prior_logit(problem: Problem, cohort: int) -> float:
    """Return the mean logit of the user's prior means in a cohort."""
    members = [c for c, h in zip(problem.companies, problem.cohort, strict=True) if h == cohort]
    return float(np.mean([np.log(c.prior[0] / c.prior[1]) for c in members]))


def _least_squares(problem: Problem, rates: _Rates) -> NDArray[np.float64]:
    """Fit prevalence and share of easy people to each cohort's firing rates, in logs."""
    easy, shift = [], []
    for cohort in range(len(problem.layout.cohorts)):
        source, members = _leading(problem, rates, cohort)
        if not len(members):
            easy.append(0.0)
            shift.append(0.0)
            continue
        wanted = np.log(rates.deployed[source, cohort, members])
        false, true = rates.rated[:, members]
        pi, e = np.meshgrid(_PREVALENCES, expit(_EASY_LOGITS), indexing="ij")
        pi, e = pi[..., None], e[..., None]
        expected = pi * true + (1 - pi) * ((1 - e) * false + e * false * _EASY_RATE)
        loss = ((np.log(expected) - wanted) ** 2).sum(-1) + 0.01 * _EASY_LOGITS**2 / 9
        row, column = np.unravel_index(loss.argmin(), loss.shape)
        easy.append(float(_EASY_LOGITS[column]))
        shift.append(float(logit(_PREVALENCES[row])) - _prior_logit(problem, cohort))
    centre = float(np.mean(easy))
    theta = _base(problem, rates)
    put = problem.layout.slices
    theta[put["easy"]] = np.clip(centre, -2.0, 3.0)
    if centre > 1:
        theta[put["log_easy_shift"]] = 0.5
    effects = np.clip(np.array(easy) - centre, -3.0, 3.0)
    if len(easy) == 1:
        theta[put["band_shift"]] = np.clip(shift[0], -3.0, 3.0)
    else:
        middle = 0.5 * float(np.mean(shift))
        theta[put["band_shift"]] = middle
        _spread(problem, theta, effects, np.clip(np.array(shift) - middle, -4.0, 4.0))
    return _solve_rates(problem, theta)


def _like_the_rated(problem: Problem, rates: _Rates) -> NDArray[np.float64]:
    """Take people as the rated ones, and the prevalence from the most specific annotator."""
    shift = []
    for cohort in range(len(problem.layout.cohorts)):
        source, members = _leading(problem, rates, cohort)
        if not len(members):
            shift.append(0.0)
            continue
        rate = rates.deployed[source, cohort, members]
        false, true = rates.rated[:, members]
        excess = (rate - 0.5 * false) / np.maximum(true - 0.5 * false, 1e-3)
        prevalence = float(np.clip(np.maximum(excess, 0.05 * rate / true).min(), 1e-6, 0.9))
        shift.append(float(logit(prevalence)) - _prior_logit(problem, cohort))
    shifts = np.clip(shift, -5.0, 5.0)
    theta = _base(problem, rates)
    put = problem.layout.slices
    theta[put["band_shift"]] = shifts.mean()
    theta[put["easy"]] = -1.5
    if len(shifts) > 1:
        _spread(problem, theta, np.zeros(len(shifts)), shifts - shifts.mean())
    return _solve_rates(problem, theta)


def _base(problem: Problem, rates: _Rates) -> NDArray[np.float64]:
    """Return the prior's mean with the rated rates, and silence where it is plain."""
    theta = problem.layout.prior[0].copy()
    put = problem.layout.slices
    theta[put["negative_mean"]], theta[put["expert_mean"]] = ndtri(rates.rated)
    instruments = problem.layout.instruments
    fired = rates.fired[PROFILE_TEXT].sum(axis=0)
    labelled = rates.labelled[PROFILE_TEXT].sum(axis=0)
    if labelled.min() <= 0:
        return theta
    relative = (fired + 0.5) / (labelled + 1.0) / rates.rated[0]
    llm = [k for k in range(len(instruments.kinds)) if k not in instruments.silenceable]
    standard = np.mean([relative[instruments.kinds[k]].mean() for k in llm]) if llm else 1.0
    for column, kind in enumerate(instruments.silenceable):
        share = relative[instruments.kinds[kind]].mean() / standard
        if share < _SILENT_BELOW:
            theta[put["audible"].start + column] = logit(max(0.9 * share, 0.03))
    return theta


def _spread(
    problem: Problem,
    theta: NDArray[np.float64],
    easy: NDArray[np.float64],
    shift: NDArray[np.float64],
) -> None:
    """Write cohort effects as a scale and standard effects."""
    put = problem.layout.slices
    scale = float(np.clip(np.sqrt(np.mean(np.concatenate([easy, shift]) ** 2)), 0.1, 2.0))
    theta[put["log_cohort_scale"]] = np.log(scale)
    theta[put["cohort_easy"]] = easy / scale
    theta[put["cohort_shift"]] = shift / scale


def _solve_rates(problem: Problem, theta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Set the deployed rates to those of near misses a little below the rated ones."""
    layout, put = problem.layout, problem.layout.slices
    instruments = layout.instruments
    share = _mean_share(problem, theta)
    for rate, deviation, audible, members in (
        ("deployed_rate", "easy_shift_deviation", "audible", np.arange(len(instruments.names))),
        ("search_rate", "search_shift_deviation", "search_audible", instruments.searched),
    ):
        if rate not in put:
            continue
        shift = np.exp(theta[put["log_easy_shift"]] + theta[put[deviation]])
        near = theta[put["negative_mean"]][members] + _START_SHIFT
        firing = (1 - share) * ndtr(near) + share * ndtr(near - shift)
        heard = np.ones(len(instruments.kinds))
        if audible in put:
            heard[list(instruments.silenceable)] = expit(theta[put[audible]])
        heard = heard[instruments.kind_of[members]]
        theta[put[rate]] = ndtri(heard * firing / (1 - firing + heard * firing))
    return theta


def _mean_share(problem: Problem, theta: NDArray[np.float64]) -> float:
    """Return the share of easy people that a vector implies, over the cohorts."""
    put = problem.layout.slices
    centre = theta[put["easy"]]
    if "cohort_easy" in put:
        centre = centre + np.exp(theta[put["log_cohort_scale"]]) * theta[put["cohort_easy"]]
    return float((problem.mass[0] * expit(centre)).sum())

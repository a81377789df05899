"""Rogan & Gladen (1978): the acceptance rate of one judge, corrected for its two error rates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ...errors import InputError
from ...worlds.simulation import SimulatedWorld
from ..answers import IntervalAnswer
from .votes import Votes, answer_by_rate, votes_of

__all__ = ["answer", "corrected_share"]


def answer(world: SimulatedWorld, draws: int, seed: int) -> IntervalAnswer:
    """Shares with the delta method's intervals (their section on variance), cut off at 0 and 1."""
    votes = votes_of(world)

    def rate(company: NDArray[np.int64], level: float) -> tuple[float, float, float]:
        share, error = corrected_share(votes, company)
        half = float(ndtri((1 + level) / 2)) * error
        low, point, high = np.clip([share - half, share, share + half], 0.0, 1.0)
        return float(point), float(low), float(high)

    return answer_by_rate(world, votes, rate)


def corrected_share(votes: Votes, company: NDArray[np.int64]) -> tuple[float, float]:
    """Return the corrected share of experts, not cut off, and its standard error.

    Raises
    ------
    InputError
        The judge is no better than chance.
    """
    expert = votes.verdicts == 1
    sensitivity, false = votes.rated[expert].mean(), votes.rated[~expert].mean()
    gain = sensitivity - false
    if gain <= 0:
        raise InputError("The majority of the LLMs is no better than chance on the rated CVs.")
    accepted = company.mean()
    share = (accepted - false) / gain
    variance = (
        accepted * (1 - accepted) / len(company)
        + (1 - share) ** 2 * false * (1 - false) / (~expert).sum()
        + share**2 * sensitivity * (1 - sensitivity) / expert.sum()
    )
    return float(share), float(np.sqrt(variance)) / float(gain)

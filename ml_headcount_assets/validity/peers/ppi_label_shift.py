"""ppi-python: prediction-powered intervals of a class distribution under label shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...worlds.simulation import SimulatedWorld
from ..answers import IntervalAnswer
from .rogan_gladen import corrected_share
from .votes import answer_by_rate, votes_of

__all__ = ["answer"]

_EXPERT = np.array([0.0, 1.0])


def answer(world: SimulatedWorld, draws: int, seed: int) -> IntervalAnswer:
    """Ask `ppi_py.ppi_distribution_label_shift_ci` for each company.

    It returns an interval only; the point is the inverted confusion matrix that it is built
    around, which for two classes is Rogan's and Gladen's.
    """
    from ppi_py import ppi_distribution_label_shift_ci

    votes = votes_of(world)

    def rate(company: NDArray[np.int64], level: float) -> tuple[float, float, float] | None:
        if len(np.unique(company)) < len(_EXPERT):
            return None  # it counts the classes that it sees, and needs all of them
        low, high = ppi_distribution_label_shift_ci(
            votes.verdicts,
            votes.rated,
            company,
            len(_EXPERT),
            _EXPERT,
            alpha=1 - level,
            return_counts=False,
        )
        point, _ = corrected_share(votes, company)
        return float(np.clip(point, 0, 1)), float(low), float(high)

    return answer_by_rate(world, votes, rate)

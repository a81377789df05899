"""judgy: bootstrap of a judge's corrected acceptance rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...worlds.simulation import SimulatedWorld
from ..answers import IntervalAnswer
from .votes import answer_by_rate, old_random_numbers, votes_of

__all__ = ["answer"]

# It ships with 20,000, of a loop in Python: minutes a world, for ends that move by a hundredth.
_RESAMPLES = 500


def answer(world: SimulatedWorld, draws: int, seed: int) -> IntervalAnswer:
    """Ask `judgy.estimate_success_rate` for each company."""
    from judgy import estimate_success_rate

    votes = votes_of(world)

    def rate(company: NDArray[np.int64], level: float) -> tuple[float, float, float]:
        with old_random_numbers(seed):
            point, low, high = estimate_success_rate(
                votes.verdicts, votes.rated, company, _RESAMPLES, confidence_level=level
            )
        return float(point), low, high

    return answer_by_rate(world, votes, rate)

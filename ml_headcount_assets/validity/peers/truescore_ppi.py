"""truescore: ppi++, with the rated CVs as gold labels among a company's profiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...worlds.simulation import SimulatedWorld
from ..answers import IntervalAnswer
from .votes import answer_by_rate, votes_of

__all__ = ["answer"]

_FEWEST_PROFILES = 2


def answer(world: SimulatedWorld, draws: int, seed: int) -> IntervalAnswer:
    """Ask `truescore.correct.ppi_estimate` for each company."""
    from truescore.correct import ppi_estimate

    votes = votes_of(world)
    gold = np.arange(len(votes.rated))

    def rate(company: NDArray[np.int64], level: float) -> tuple[float, float, float] | None:
        if len(company) < _FEWEST_PROFILES:
            return None
        judged = np.concatenate([votes.rated, company])
        found = ppi_estimate(judged, votes.verdicts, gold, alpha=1 - level)
        low, point, high = np.clip([found.low, found.point, found.high], 0.0, 1.0)
        return float(point), float(low), float(high)

    return answer_by_rate(world, votes, rate)

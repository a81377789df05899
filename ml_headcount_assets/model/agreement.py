"""How far two raters agree beyond chance: Cohen's kappa with an interval.

Who they are, and what they rated, does not belong here: a table of four counts does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from .intervals import LEVEL, check_level
from .streams import stream

__all__ = ["Agreement", "agreement"]

_DRAWS = 20_000
#: What is added to each count, as Jeffreys has it for shares.
_PRIOR = 0.5


@dataclass(frozen=True)
class Agreement:
    """How far two raters agree.

    Attributes
    ----------
    counts
        Subjects to which both said yes, only the first, only the second, neither.
    agreed
        Share of the subjects on which they agree.
    kappa
        Cohen's kappa; nan where both always say the same one thing, so that agreement by chance
        is all there can be.
    low, high
        The ends of its interval.
    level
        Probability content of the interval.
    """

    counts: tuple[int, int, int, int]
    agreed: float
    kappa: float
    low: float
    high: float
    level: float

    def __str__(self) -> str:
        told = "undefined" if math.isnan(self.kappa) else f"{self.kappa:.2f}"
        return f"kappa {told} ({self.low:.2f} to {self.high:.2f}), {sum(self.counts)} subjects"


def agreement(
    both_yes: int, first_only: int, second_only: int, both_no: int, *, level: float = LEVEL
) -> Agreement:
    """Return Cohen's kappa (Cohen 1960) of two raters with an interval.

    The interval is the shortest one that holds `level` of kappa's posterior, given the four
    counts and half an observation more in each cell. The usual standard error of Fleiss, Cohen
    and Everitt (1969) is zero where two raters agree on all they have seen.

    Parameters
    ----------
    both_yes, first_only, second_only, both_no
        Subjects by what the two raters said.
    level
        Probability content of the interval.

    Raises
    ------
    InputError
        There are no subjects, or a count is negative.

    Examples
    --------
    >>> found = agreement(20, 5, 10, 15)
    >>> round(found.kappa, 3), round(found.agreed, 2)
    (0.4, 0.7)
    """
    counts = (int(both_yes), int(first_only), int(second_only), int(both_no))
    if min(counts) < 0 or not sum(counts):
        raise InputError(
            f"Agreement needs counts of subjects that both raters rated, not {counts}."
        )
    check_level(level)
    draws = stream(0, "agreement", *counts).dirichlet(np.add(counts, _PRIOR), _DRAWS)
    low, high = _shortest(_kappa(draws), level)
    shares = np.array([counts]) / sum(counts)
    (kappa,) = _kappa(shares)
    agreed = (counts[0] + counts[3]) / sum(counts)
    # Draws come near to perfect agreement and never reach it.
    high = max(high, float(kappa)) if not first_only + second_only else high
    return Agreement(counts, agreed, float(kappa), low, high, level)


def _kappa(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return kappa for each row of four shares; nan where it is 0/0."""
    both, first, second, neither = shares.T
    agreed = both + neither
    by_chance = (both + first) * (both + second) + (neither + first) * (neither + second)
    room = 1 - by_chance
    return np.where(room > 0, (agreed - by_chance) / np.where(room > 0, room, 1), np.nan)


def _shortest(draws: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Return the ends of the shortest interval that holds a share of some draws."""
    ordered = np.sort(draws)
    inside = math.ceil(level * len(ordered))
    widths = ordered[inside - 1 :] - ordered[: len(ordered) - inside + 1]
    start = int(np.argmin(widths))
    return float(ordered[start]), float(ordered[start + inside - 1])

"""What any method says about a world, whatever it is made of: draws, or intervals and a mean.

Estimators, the oracle and peers come through this one door, so that all of them are scored alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .scoring import randomised_rank

__all__ = ["LEVELS", "Answer", "DrawnAnswer", "IntervalAnswer"]

#: Probability contents at which intervals are scored.
LEVELS = (0.5, 0.8, 0.95)

FloatArray = NDArray[np.float64]
Bounds = tuple[FloatArray, FloatArray]


class Answer(Protocol):
    """Numbers of experts, and how sure they are, in the order of the world's companies.

    Attributes
    ----------
    known
        Companies that the method says anything about, (C,).
    mean
        Expected experts of each company, (C,); NaN where nothing is said.
    """

    @property
    def known(self) -> NDArray[np.bool_]: ...  # noqa: D102

    @property
    def mean(self) -> FloatArray: ...  # noqa: D102

    def interval(self, level: float) -> Bounds | None:
        """Ends of each company's interval, each (C,); None if the method has none."""
        ...

    def total(self, chosen: NDArray[np.bool_], level: float) -> tuple[float, float] | None:
        """Ends of the joint interval of the companies in a mask (C,); None if there is none."""
        ...

    def ranks(
        self, truth: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.float64] | None:
        """Randomised rank of each truth among the draws, (C,); None without draws."""
        ...


@dataclass(frozen=True)
class DrawnAnswer:
    """Joint draws (C, B): draw b of all companies belongs together."""

    draws: NDArray[np.int64]
    known: NDArray[np.bool_]

    @property
    def mean(self) -> FloatArray:
        """Mean over the draws, (C,)."""
        return np.where(self.known, self.draws.mean(axis=1), np.nan)

    def interval(self, level: float) -> Bounds:
        """Quantiles of the draws, which are draws themselves."""
        ends = ((1 - level) / 2, (1 + level) / 2)
        low, high = np.quantile(self.draws, ends, axis=1, method="inverted_cdf").astype(float)
        return np.where(self.known, low, np.nan), np.where(self.known, high, np.nan)

    def total(self, chosen: NDArray[np.bool_], level: float) -> tuple[float, float]:
        """Quantiles of the sums within each draw."""
        sums = self.draws[chosen & self.known].sum(axis=0)
        ends = ((1 - level) / 2, (1 + level) / 2)
        low, high = np.quantile(sums, ends, method="inverted_cdf")
        return float(low), float(high)

    def ranks(self, truth: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
        """Randomised ranks; see `scoring.randomised_rank`."""
        return randomised_rank(self.draws, truth, rng)


@dataclass(frozen=True)
class IntervalAnswer:
    """Means and intervals without draws, as most peers give them.

    Attributes
    ----------
    known, mean
        As in `Answer`.
    bounds
        (low, high), each (C,), by level; empty if the method has no intervals.
    totals
        (low, high) of all known companies together, by level; empty if it has none.
    """

    known: NDArray[np.bool_]
    mean: FloatArray
    bounds: Mapping[float, Bounds] = field(default_factory=dict)
    totals: Mapping[float, tuple[float, float]] = field(default_factory=dict)

    def interval(self, level: float) -> Bounds | None:
        """The interval as it was given."""
        return self.bounds.get(level)

    def total(self, chosen: NDArray[np.bool_], level: float) -> tuple[float, float] | None:
        """The total of everybody; of no other set is there a joint interval."""
        return self.totals.get(level) if chosen[self.known].all() else None

    def ranks(self, truth: NDArray[np.int64], rng: np.random.Generator) -> None:
        """There are none: a rank needs draws."""
        return None

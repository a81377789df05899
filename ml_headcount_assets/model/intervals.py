"""Intervals of a given content: where their ends are, and how many draws that takes."""

from __future__ import annotations

import math
from numbers import Real

from scipy.special import ndtri

from ..errors import InputError

__all__ = ["LEVEL", "check_level", "fewest_draws", "half_width", "tails"]

#: Probability content of intervals that nobody has asked for otherwise.
LEVEL = 0.8


def check_level(level: float, draws: int | None = None) -> None:
    """Refuse a content that is none, or of which too few draws know the ends.

    Parameters
    ----------
    level
        Probability content of the interval.
    draws
        How many draws it is to be told from; None if it does not come from draws.

    Raises
    ------
    InputError
        The message says what would do.
    """
    if isinstance(level, bool) or not isinstance(level, Real) or not 0 < level < 1:
        raise InputError(f"level must be a number between 0 and 1, not {level!r}.")
    if draws is not None and draws < fewest_draws(level):
        raise InputError(
            f"{draws} draws cannot tell the ends of an interval of level {level:g}: they would be "
            f"the smallest and the largest draw. Take at least {fewest_draws(level)} draws, or a "
            "lower level."
        )


def fewest_draws(level: float) -> int:
    """Return how many draws leave at least one outside each end."""
    # A hair less, since 1 - 0.9 is not quite 0.1.
    return math.ceil(2 / (1 - level) - 1e-9)


def tails(level: float, draws: int | None = None) -> tuple[float, float]:
    """Return the probabilities below the lower and below the upper end; see `check_level`."""
    check_level(level, draws)
    return (1 - level) / 2, (1 + level) / 2


def half_width(level: float) -> float:
    """Return half the width of a normal interval in standard deviations (1.28 at 0.8)."""
    return float(ndtri(tails(level)[1]))

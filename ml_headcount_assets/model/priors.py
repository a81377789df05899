"""Beta priors of a company's share of experts, by headcount band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError

__all__ = ["DEFAULT_PRIORS", "PAPER_PRIORS", "SIZE_BANDS", "Priors", "size_band"]

SIZE_BANDS = ("under_100", "100_to_999", "1000_to_9999", "10000_and_more", "unknown")
_EDGES = np.array([100, 1_000, 10_000])


@dataclass(frozen=True)
class Priors:
    """Beta(a, b) of the share of experts.

    Attributes
    ----------
    bands
        (a, b) for each of `SIZE_BANDS`.
    cohorts
        (a, b) for whole cohorts; takes precedence over the band.
    """

    bands: Mapping[str, tuple[float, float]]
    cohorts: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = sorted(set(self.bands) - set(SIZE_BANDS))
        absent = sorted(set(SIZE_BANDS) - set(self.bands))
        if unknown or absent:
            raise InputError(
                f"Priors need exactly the bands {', '.join(SIZE_BANDS)}; "
                f"unknown: {unknown or 'none'}, absent: {absent or 'none'}."
            )
        for name, pair in {**self.bands, **self.cohorts}.items():
            if len(pair) != 2 or not all(np.isfinite(pair)) or min(pair) <= 0:
                raise InputError(f"The prior of {name!r} needs two positive numbers, not {pair}.")

    def parameters(self, band: str, cohort: str | None) -> tuple[float, float]:
        """Return (a, b) of a company; a company in several cohorts ("a;b") takes the first."""
        for name in (cohort or "").split(";"):
            if name in self.cohorts:
                return self.cohorts[name]
        return self.bands[band]


def size_band(headcount: ArrayLike) -> NDArray[np.object_]:
    """Return the band of each headcount; missing ones are ``"unknown"``."""
    values = np.asarray(headcount, dtype=float)
    known = ~np.isnan(values)
    bands = np.full(values.shape, "unknown", dtype=object)
    bands[known] = np.array(SIZE_BANDS, dtype=object)[
        np.searchsorted(_EDGES, values[known], side="right")
    ]
    return bands


def _sd_equal_to_mean(mean: float) -> tuple[float, float]:
    # var = m (1 - m) / (a + b + 1) = m**2
    concentration = (1 - mean) / mean - 1
    return mean * concentration, (1 - mean) * concentration


_MIDDLE = (1.5638, 154.8196)

DEFAULT_PRIORS = Priors(
    {
        "under_100": (2.4159, 21.7430),
        "100_to_999": (3.0016, 57.0302),
        "1000_to_9999": _MIDDLE,
        "10000_and_more": _sd_equal_to_mean(0.005),
        "unknown": _MIDDLE,
    }
)

PAPER_PRIORS = Priors(
    {**DEFAULT_PRIORS.bands, "10000_and_more": (1.0, 999.0)},
    cohorts={"comparator_non_ml": (1.0, 9999.0)},
)

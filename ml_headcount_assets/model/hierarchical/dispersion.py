"""Over-dispersion between companies, as extended quasi-likelihood (Nelder and Pregibon 1987).

Every company's log-likelihood, measured from its saturated value, is multiplied by a weight
below 1, and half of the expected deviance times log weight pays for it. Rare cells have an
expected deviance below 1; with 1 in its place, dispersion would be invented.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy
from scipy.stats import poisson

__all__ = ["count_saturation", "expected_deviance", "profile_saturation"]

# From this expectation on the deviance of a Poisson cell is 1 within a few per cent.
_LARGE = 50.0
_LOG_EXPECTATIONS = np.linspace(-9.0, 4.0, 120)
# Added to a pattern's frequency in a group, so that none is impossible.
_PSEUDO_COUNT = 0.3


def _tabulate() -> NDArray[np.float64]:
    means, counts = np.exp(_LOG_EXPECTATIONS), np.arange(200)[:, None]
    deviance = 2 * (xlogy(counts, np.maximum(counts, 1) / means) - (counts - means))
    return (poisson.pmf(counts, means) * deviance).sum(axis=0)


_DEVIANCES = _tabulate()


def expected_deviance(expectation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the expected deviance of Poisson counts with these expectations."""
    log = np.log(np.maximum(expectation, 1e-4))
    return np.where(expectation > _LARGE, 1.0, np.interp(log, _LOG_EXPECTATIONS, _DEVIANCES))


def profile_saturation(
    counts: NDArray[np.float64], labels: NDArray[np.int8], group: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return saturated log-likelihood and expected deviance of companies' profiles.

    Parameters
    ----------
    counts
        Profiles by pattern, (C, P).
    labels
        The patterns, (P, J). Those with the same gaps form one multinomial.
    group
        Companies whose frequencies are pooled for the expectations, (C,).
    """
    gaps = np.unique(labels >= 0, axis=0, return_inverse=True)[1].ravel()
    saturated, deviance = np.zeros(len(counts)), np.zeros(len(counts))
    for gap in np.unique(gaps):
        part = counts[:, gaps == gap]
        total = part.sum(axis=1)
        saturated += (xlogy(part, part) - xlogy(part, np.maximum(total, 1)[:, None])).sum(axis=1)
        for number in np.unique(group):
            rows = np.flatnonzero(group == number)
            share = part[rows].sum(axis=0) + _PSEUDO_COUNT
            cells = expected_deviance(total[rows, None] * share / share.sum())
            # One cell follows from the others.
            free = np.maximum(cells.sum(axis=1) - cells.max(axis=1), 0.0)
            deviance[rows] += np.where(total[rows] > 0, free, 0.0)
    return saturated, deviance


def count_saturation(
    counts: NDArray[np.float64], people: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the saturated Poisson log-likelihood of each cell, without log y!."""
    return xlogy(counts, counts) - xlogy(counts, np.maximum(people, 1.0)) - counts

"""Tetrachoric correlation of two-by-two tables, vectorised over any number of tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from ..compute.engine import Engine
from ..errors import InputError
from .bivariate import bivariate_density, bivariate_upper

__all__ = ["MAX_CORRELATION", "tetrachoric"]

# Beyond this the likelihood is flat at any sample size met here, and Cholesky factors of
# matrices with such entries lose all digits. A table without an off-diagonal lands on it.
MAX_CORRELATION = 0.99999

# Bisection alone would need 50 steps for 1e-15; Newton reaches it in five to eight.
_ITERATIONS = 60
_TOLERANCE = 1e-12


def tetrachoric(
    tables: ArrayLike, *, continuity_correction: float = 0.5, engine: Engine | None = None
) -> NDArray[np.float64]:
    """Return the maximum-likelihood tetrachoric correlation of each table.

    Parameters
    ----------
    tables
        Counts, shape ``(..., 2, 2)``: ``[[n00, n01], [n10, n11]]``. Need not be integers.
    continuity_correction
        Added to zero cells only, the margins being recomputed; 0 leaves the tables as they are.
    engine
        Where the bivariate normal is integrated; None is NumPy.

    Returns
    -------
    ndarray, shape ``(...)``
        In [-0.99999, 0.99999]: the bound where a cell is empty, since the likelihood then rises
        all the way. 0 where a margin is empty: such a table says nothing about the correlation.

    Raises
    ------
    InputError
        If the last two axes are not 2 x 2, or a count is negative or not finite.

    Notes
    -----
    Thresholds come from the margins (Olsson 1979, two-step). A two-by-two table is then
    saturated, so the maximum of the likelihood is the correlation at which the model's P(1, 1)
    equals the observed one; P(1, 1) grows with the correlation, its derivative being the
    bivariate normal density (Plackett 1954). Solved by Newton's method inside a bracket.

    Examples
    --------
    >>> round(float(tetrachoric([[40, 10], [10, 40]])), 3)
    0.809
    """
    counts = np.asarray(tables, dtype=float)
    if counts.ndim < 2 or counts.shape[-2:] != (2, 2):
        raise InputError(f"tetrachoric needs tables of shape (..., 2, 2), not {counts.shape}.")
    if not np.isfinite(counts).all() or (counts < 0).any():
        raise InputError("tetrachoric needs finite counts that are not negative.")
    if continuity_correction:
        counts = np.where(counts == 0, continuity_correction, counts)
    total = counts.sum(axis=(-2, -1))
    with np.errstate(divide="ignore", invalid="ignore"):
        first = counts[..., 1, :].sum(axis=-1) / total
        second = counts[..., :, 1].sum(axis=-1) / total
        both = counts[..., 1, 1] / total
    informative = (total > 0) & (first > 0) & (first < 1) & (second > 0) & (second < 1)
    # Far from the diagonal the likelihood is flat long before the bound, to the last digit, and
    # a search would stop where rounding has it.
    result = np.zeros(total.shape)
    result[informative & (counts[..., 0, 1] * counts[..., 1, 0] == 0)] = MAX_CORRELATION
    result[informative & (counts[..., 0, 0] * counts[..., 1, 1] == 0)] = -MAX_CORRELATION
    informative &= result == 0
    if informative.any():
        result[informative] = _solve(
            ndtri(first[informative]), ndtri(second[informative]), both[informative], engine
        )
    return result


def _solve(
    h: NDArray[np.float64],
    k: NDArray[np.float64],
    both: NDArray[np.float64],
    engine: Engine | None,
) -> NDArray[np.float64]:
    """Return rho with P(X > 0, Y > 0; means h, k) = both, clipped to the allowed range."""
    rho = np.zeros_like(h)
    low, high = np.full_like(h, -MAX_CORRELATION), np.full_like(h, MAX_CORRELATION)
    # Each table leaves when it has converged, so its result does not depend on its company.
    active = np.arange(len(h))
    for _ in range(_ITERATIONS):
        current = rho[active]
        upper = bivariate_upper(h[active], k[active], current, engine=engine)
        excess = upper - both[active]
        low[active] = np.where(excess < 0, current, low[active])
        high[active] = np.where(excess < 0, high[active], current)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            step = current - excess / bivariate_density(h[active], k[active], current)
        # At the root a step of rounding error may lead out of the bracket; halving what is left
        # of it would lead away again.
        settled = np.abs(step - current) < _TOLERANCE
        inside = settled | ((step > low[active]) & (step < high[active]))
        rho[active] = np.where(inside, step, 0.5 * (low[active] + high[active]))
        active = active[~settled & (high[active] - low[active] >= _TOLERANCE)]
        if len(active) == 0:
            break
    return np.clip(rho, -MAX_CORRELATION, MAX_CORRELATION)

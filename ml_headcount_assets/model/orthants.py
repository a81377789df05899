"""Probabilities of all sign patterns of a multivariate normal at once."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri
from scipy.stats import qmc

from ..errors import ComputeError, InputError
from .bivariate import bivariate_upper

__all__ = ["MAX_ANNOTATORS", "orthant_probabilities"]

# 2**J patterns are kept per draw and class; above this the table itself is the problem.
MAX_ANNOTATORS = 16
_SMALLEST = np.finfo(float).tiny
# Parameter sets times points expanded together: their arrays fit a core's second-level cache.
_BATCH_DOUBLES = 25 * 512
_FEWEST_POINTS, _MOST_POINTS = 1024, 131_072
_SCRAMBLING = 1992  # any fixed seed will do


def orthant_probabilities(
    mean: ArrayLike,
    correlation: ArrayLike,
    *,
    tolerance: float = 1e-4,
    points: int | None = None,
) -> NDArray[np.float64]:
    """Return the probability of each of the 2**J sign patterns.

    Parameters
    ----------
    mean
        Latent means, shape ``(..., J)``.
    correlation
        Positive-definite correlation matrices, shape ``(..., J, J)``; leading axes broadcast.
    tolerance
        Absolute error wanted of every pattern. Points are doubled, for each parameter set on
        its own, until two independent halves agree within half of it.
    points
        Take exactly this many points (a power of two up to 131,072) and ignore `tolerance`.
        J <= 2 is exact and uses none.

    Returns
    -------
    ndarray, shape ``(..., 2**J)``
        Entry ``sum(y_j << j)`` is P(y), with y_j = 1 iff latent j is positive. All entries are
        positive and each row sums to 1 (within rounding), whatever `points` is.

    Raises
    ------
    InputError
        If shapes do not fit, an entry is not finite, or a matrix is not positive definite.
    ComputeError
        If 131,072 points do not reach the tolerance.

    Notes
    -----
    Genz's (1992) separation of variables conditions one latent after the other. Patterns with
    a common prefix share its conditioning, so the 2**J expansions are walked depth first as one
    binary tree; at each node the two branches' weights add up to the node's, hence the sum of
    1. The last two latents are integrated exactly (bivariate normal), which removes a dimension
    and most of the roughness of the integrand (Genz and Bretz 2009). The points are Owen-
    scrambled Sobol points with a fixed scrambling: the function is deterministic.
    """
    mean = np.asarray(mean, dtype=float)
    correlation = np.asarray(correlation, dtype=float)
    dimension = mean.shape[-1] if mean.ndim else 0
    _check(mean, correlation, dimension, points)
    lead = np.broadcast_shapes(mean.shape[:-1], correlation.shape[:-2])
    means = np.broadcast_to(mean, (*lead, dimension)).reshape(-1, dimension)
    matrices = np.broadcast_to(correlation, (*lead, dimension, dimension))
    matrices = matrices.reshape(-1, dimension, dimension)
    _require_positive_definite(matrices)
    order = _pivots(matrices)
    means = np.take_along_axis(means, order, axis=1)
    factors = np.asarray(np.linalg.cholesky(_reorder(matrices, order)), dtype=float)
    if dimension == 1:
        table = np.stack([ndtr(-means[:, 0]), ndtr(means[:, 0])], axis=-1)
    elif dimension == 2:
        table = _expand_batches(means, factors, np.empty((0, 1)))
    elif points is not None:
        table = _expand_batches(means, factors, _sobol(dimension - 2)[:, :points])
    else:
        table = _expand_to_tolerance(means, factors, tolerance)
    table = np.take_along_axis(table, _pattern_order(order), axis=1)
    return np.maximum(table, _SMALLEST).reshape(*lead, 2**dimension)


def _check(
    mean: NDArray[np.float64],
    correlation: NDArray[np.float64],
    dimension: int,
    points: int | None,
) -> None:
    if not 1 <= dimension <= MAX_ANNOTATORS:
        raise InputError(f"Orthants need 1 to {MAX_ANNOTATORS} latents, not {dimension}.")
    if correlation.shape[-2:] != (dimension, dimension):
        raise InputError(
            f"Correlation of shape {correlation.shape} does not fit means of shape {mean.shape}."
        )
    if not (np.isfinite(mean).all() and np.isfinite(correlation).all()):
        raise InputError("Orthants need finite means and correlations.")
    if points is not None and (not 1 <= points <= _MOST_POINTS or points & (points - 1)):
        raise InputError(f"points must be a power of two up to {_MOST_POINTS}, not {points}.")


def _pivots(matrices: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the order in which to condition, largest remaining variance first; (B, J).

    In a nearly singular matrix some latent is all but determined by others. Conditioned on
    early, it puts jumps into the integrand; at the end, it is integrated exactly.
    """
    rest = matrices.copy()
    rows, count = np.arange(len(rest)), rest.shape[-1]
    order = np.empty((len(rest), count), dtype=np.int64)
    free = np.ones((len(rest), count), dtype=bool)
    for step in range(count):
        variance = np.where(free, np.diagonal(rest, axis1=1, axis2=2), -np.inf)
        # Variances that differ by rounding only must not reorder equal latents.
        pivot = np.argmax(variance > variance.max(axis=1, keepdims=True) - 1e-9, axis=1)
        order[:, step] = pivot
        free[rows, pivot] = False
        column = rest[rows, :, pivot]
        scale = np.maximum(column[rows, pivot], _SMALLEST)
        rest = rest - column[:, :, None] * column[:, None, :] / scale[:, None, None]
    return order


def _reorder(matrices: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    rows = np.arange(len(matrices))[:, None, None]
    return matrices[rows, order[:, :, None], order[:, None, :]]


def _pattern_order(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, for each pattern of the given latents, its index among the reordered; (B, 2**J)."""
    patterns = np.arange(2 ** order.shape[1])
    bits = (patterns[None, None, :] >> order[:, :, None]) & 1
    return (bits << np.arange(order.shape[1])[None, :, None]).sum(axis=1)


def _require_positive_definite(matrices: NDArray[np.float64]) -> None:
    smallest = np.linalg.eigvalsh(matrices)[:, 0]
    # Below rounding error a Cholesky factor exists on some machines and not on others.
    bad = int((smallest <= 1e-12).sum())
    if bad:
        raise InputError(
            f"{bad} of {len(matrices)} correlation matrices are not positive definite "
            f"(smallest eigenvalue {smallest.min():.3g}); repair them first."
        )


@lru_cache(maxsize=16)
def _sobol(dimension: int) -> NDArray[np.float64]:
    """Return scrambled Sobol points, shape (dimension, _MOST_POINTS), none of them 0 or 1."""
    sequence = qmc.Sobol(dimension, scramble=True, rng=_SCRAMBLING)
    points = sequence.random_base2(_MOST_POINTS.bit_length() - 1)
    return np.ascontiguousarray(np.clip(points, 1e-12, 1 - 1e-12).T)


def _expand_to_tolerance(
    means: NDArray[np.float64], factors: NDArray[np.float64], tolerance: float
) -> NDArray[np.float64]:
    """Double the points of the parameter sets whose two halves still disagree."""
    uniforms = _sobol(means.shape[1] - 2)
    table = _expand_batches(means, factors, uniforms[:, :_FEWEST_POINTS])
    pending, used = np.arange(len(means)), _FEWEST_POINTS
    while len(pending):
        if used == _MOST_POINTS:
            raise ComputeError(
                f"{len(pending)} orthant tables did not reach a tolerance of {tolerance:g} with "
                f"{_MOST_POINTS} points; ask for a larger tolerance."
            )
        # In a Sobol sequence the next `used` points are a net of their own, so they give a
        # second estimate of the same quality, and the mean of both is better than either.
        other = _expand_batches(means[pending], factors[pending], uniforms[:, used : 2 * used])
        apart = np.abs(other - table[pending]).max(axis=1)
        table[pending] = 0.5 * (table[pending] + other)
        pending, used = pending[apart > 0.5 * tolerance], 2 * used
    return table


def _expand_batches(
    means: NDArray[np.float64], factors: NDArray[np.float64], uniforms: NDArray[np.float64]
) -> NDArray[np.float64]:
    table = np.empty((len(means), 2 ** means.shape[1]))
    batch = max(1, _BATCH_DOUBLES // uniforms.shape[1])
    for start in range(0, len(means), batch):
        part = slice(start, start + batch)
        table[part] = _expand(means[part], factors[part], uniforms)
    return table


def _expand(
    mean: NDArray[np.float64], factor: NDArray[np.float64], uniforms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Walk the binary tree of prefixes for a batch of parameter sets (B)."""
    batch, dimension = mean.shape
    points = uniforms.shape[1]
    table = np.empty((batch, 2**dimension))
    above, last = factor[:, -1, -2, None], factor[:, -1, -1, None]
    last_sd = np.hypot(above, last)
    last_rho = above / last_sd

    def leaf(centres: list[NDArray[np.float64]], weight: NDArray[np.float64], index: int) -> None:
        h = centres[0] / factor[:, -2, -2, None]
        k = centres[1] / last_sd
        p_h, p_k = ndtr(h), ndtr(k)
        p_hk = bivariate_upper(h, k, last_rho)
        first, second = 1 << (dimension - 2), 1 << (dimension - 1)
        quadrants = {
            index | first | second: p_hk,
            index | first: p_h - p_hk,
            index | second: p_k - p_hk,
            index: (ndtr(-h) - p_k) + p_hk,
        }
        for pattern, probability in quadrants.items():
            table[:, pattern] = (weight * np.maximum(probability, 0.0)).mean(axis=1)

    def node(
        centres: list[NDArray[np.float64]], weight: NDArray[np.float64], index: int, level: int
    ) -> None:
        if level == dimension - 2:
            leaf(centres, weight, index)
            return
        threshold = centres[0] / factor[:, level, level, None]
        positive, negative = ndtr(threshold), ndtr(-threshold)
        u = uniforms[level]
        branches = (
            (1, positive, -ndtri(np.maximum(u * positive, _SMALLEST))),
            (0, negative, ndtri(np.maximum(u * negative, _SMALLEST))),
        )
        for bit, probability, latent in branches:
            children = [
                centre + factor[:, row, level, None] * latent
                for row, centre in enumerate(centres[1:], start=level + 1)
            ]
            node(children, weight * probability, index | (bit << level), level + 1)

    start = [np.broadcast_to(mean[:, j, None], (batch, points)) for j in range(dimension)]
    node(start, np.ones((batch, points)), 0, 0)
    return table

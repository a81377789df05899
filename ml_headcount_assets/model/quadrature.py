"""Where to evaluate the integrand of an orthant: Gauss rules if it is smooth, else Sobol points.

A rule says how one latent, known to be above a bound, is integrated: at which values and with
which weights. The weights of a rule add up to 1, whatever it errs otherwise, so that the
probabilities of all patterns do too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from .arithmetic import Arithmetic, Array

__all__ = [
    "MOST_POINTS",
    "TOO_MANY",
    "GaussRule",
    "Rule",
    "SobolRule",
    "gauss_nodes",
    "sobol_points",
]

MOST_POINTS = 131_072
_SMALLEST = np.finfo(float).tiny
_SCRAMBLING = 1992  # any fixed seed will do

# Stands for more nodes than any rule has.
TOO_MANY = 2**20
# Numbers of nodes, and the steepest Phi(s z) that each integrates, over any half-line and at any
# place of the step, to about 1e-4 of a probability (measured).
_SMALLEST_VARIANCE = 1e-15
_LADDER = np.array([1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, TOO_MANY])
_STEEPEST = np.array([0.02, 0.15, 0.4, 0.6, 1.0, 1.3, 1.8, 2.2, 2.8, 3.8, 5.7, 7.6, 11.4, 15.2])
# Up to here Gauss rules of the truncated normal; beyond, Gauss and Legendre with the normal
# density as a weight. The former bunch their nodes where the density is, the latter spread them.
_MOST_TRUNCATED_NORMAL = 16
_NEGLIGIBLE_TAIL = 1e-9
# Rules are tabulated over the bound and interpolated linearly: 1e-6 of a node's value.
_BOUND, _PER_UNIT = 8.0, 256


@dataclass(frozen=True)
class GaussRule:
    """Tensor product of Gauss rules: `nodes[level]` values of the latent conditioned on there."""

    nodes: tuple[int, ...]

    start = 1  # copies of a parameter set that the expansion starts with

    def expand(
        self, calculator: Arithmetic, level: int, bound: Array, beyond: Array, share: Array
    ) -> tuple[Array, Array]:
        """Return values above `bound`, and what each weighs.

        Parameters
        ----------
        calculator
            Library and device.
        level
            Which latent, in the order of conditioning.
        bound
            Of a standard normal; shape (B, 2, F).
        beyond
            Probability of being above it, same shape.
        share
            What its values are to weigh together, same shape.

        Returns
        -------
        values, weights
            Shape (B, 2, nodes, F). The weights add up to `share`.
        """
        xp, count = calculator.xp, self.nodes[level]
        table = _device_table(calculator, count)
        position = calculator.clip(bound, -_BOUND, _BOUND)
        # Beyond the table, where there is no probability left to speak of, rules are moved along.
        excess = calculator.clip(bound - position, 0.0, None)
        position = (position + _BOUND) * _PER_UNIT
        whole = calculator.clip(xp.floor(position), 0, 2 * _BOUND * _PER_UNIT - 1)
        position -= whole
        index = xp.reshape(xp.astype(whole, xp.int64), (-1,))
        found = xp.take(table, index, axis=1)
        value, slope, weight, change = (
            xp.reshape(found[kind * count : (kind + 1) * count], (count, *bound.shape))
            for kind in range(4)
        )
        slope *= position
        slope += excess
        change *= position
        change += weight
        # Nodes come first in the table, and after the bits in the tree.
        shape = (*bound.shape[:2], count, bound.shape[2])
        values = xp.empty(shape, **calculator.like(bound))
        weights = xp.empty_like(values)
        xp.permute_dims(values, (2, 0, 1, 3))[...] = slope + value
        xp.permute_dims(weights, (2, 0, 1, 3))[...] = change * share
        return values, weights


@dataclass(frozen=True, eq=False)
class SobolRule:
    """Quasi-Monte Carlo: one value per point; `uniforms` has shape (levels, points)."""

    uniforms: NDArray[np.float64]

    @property
    def start(self) -> int:
        """Copies of a parameter set that the expansion starts with."""
        return self.uniforms.shape[1]

    def parts(self, points: int) -> list[SobolRule]:
        """Cut into rules of so many points each."""
        starts = range(0, self.start, points)
        return [SobolRule(self.uniforms[:, start : start + points]) for start in starts]

    @property
    def nodes(self) -> tuple[int, ...]:
        """Values per latent."""
        return (1,) * len(self.uniforms)

    def expand(
        self, calculator: Arithmetic, level: int, bound: Array, beyond: Array, share: Array
    ) -> tuple[Array, Array]:
        """Return one value above `bound` for each point; see `GaussRule.expand`."""
        xp = calculator.xp
        uniforms = calculator.array(self.uniforms[level])
        cut = xp.reshape(beyond, (*share.shape[:2], -1, uniforms.shape[0])) * uniforms
        values = -calculator.ndtri(calculator.clip(cut, _SMALLEST, None))
        shape = (*share.shape[:2], 1, share.shape[2])
        return xp.reshape(values, shape), xp.reshape(share, shape)


Rule = GaussRule | SobolRule


def gauss_nodes(factors: NDArray[np.float64], refinement: int = 0) -> NDArray[np.int64]:
    """Return how many nodes each latent needs, shape (B, J - 2); `TOO_MANY` above 128.

    Parameters
    ----------
    factors
        Cholesky factors of the correlation matrices, shape (B, J, J).
    refinement
        Steps to go beyond what an error of about 1e-4 needs, or to stay behind it.

    Notes
    -----
    As a function of the latent that is conditioned on, with all before it given and all after
    it integrated out, the steepest thing to integrate is Phi(s z), s being a later latent's
    loading on this one over what is left of its standard deviation.
    """
    count = factors.shape[1]
    left = 1.0 - np.cumsum(factors**2, axis=2)
    steps = np.zeros((len(factors), count - 2), dtype=np.int64)
    for level in range(count - 2):
        sd = np.sqrt(np.maximum(left[:, level + 1 :, level], _SMALLEST_VARIANCE))
        steepness = (np.abs(factors[:, level + 1 :, level]) / sd).max(axis=1)
        steps[:, level] = np.searchsorted(_STEEPEST, steepness)
    return _LADDER[np.clip(steps + refinement, 0, len(_LADDER) - 1)]


@lru_cache(maxsize=16)
def sobol_points(dimension: int) -> NDArray[np.float64]:
    """Return Owen-scrambled Sobol points, shape (dimension, MOST_POINTS), none of them 0 or 1."""
    sequence = qmc.Sobol(dimension, scramble=True, rng=_SCRAMBLING)
    points = sequence.random_base2(MOST_POINTS.bit_length() - 1)
    return np.ascontiguousarray(np.clip(points, 1e-12, 1 - 1e-12).T)


@lru_cache(maxsize=64)
def _device_table(calculator: Arithmetic, nodes: int) -> Array:
    """Return values, their slopes over a grid step, weights, their slopes; (4 * nodes, grid)."""
    values, weights = (
        _truncated_normal(nodes) if nodes <= _MOST_TRUNCATED_NORMAL else _legendre_normal(nodes)
    )
    columns = (values[:-1], np.diff(values, axis=0), weights[:-1], np.diff(weights, axis=0))
    return calculator.array(np.concatenate([column.T for column in columns]))


def _grid() -> NDArray[np.float64]:
    return np.linspace(-_BOUND, _BOUND, int(2 * _BOUND * _PER_UNIT) + 1)


def _legendre_normal(
    nodes: int, tail: float = _NEGLIGIBLE_TAIL
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Gauss-Legendre nodes from each bound to where only `tail` is left, and weights.

    Both have shape (grid, nodes); the weights are the normal density's and add up to 1.
    """
    below = _grid()[:, None]
    positive = np.maximum(below, 0.0)
    above = np.sqrt(positive**2 - 2 * np.log(tail))
    x, w = np.polynomial.legendre.leggauss(nodes)
    values = below + (above - below) * (x + 1) / 2
    weights = w * np.exp(-0.5 * (values**2 - positive**2))
    return values, weights / weights.sum(axis=1, keepdims=True)


def _truncated_normal(nodes: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Gauss rule of the normal distribution above each bound; shapes (grid, nodes).

    Stieltjes' procedure on a fine discretisation gives the recurrence of the orthogonal
    polynomials; nodes and weights are the eigenvalues and the first components of the
    eigenvectors of its Jacobi matrix (Golub and Welsch 1969).
    """
    # 64 points integrate every product of two polynomials needed here to rounding error.
    values, weights = _legendre_normal(64, tail=1e-16)
    diagonal = np.zeros((len(values), nodes))
    squares = np.ones((len(values), nodes))
    before, current = np.zeros_like(values), np.ones_like(values)
    norm = np.ones(len(values))
    for k in range(nodes):
        weighted = weights * current**2
        squares[:, k], norm = weighted.sum(axis=1) / norm, weighted.sum(axis=1)
        diagonal[:, k] = (weighted * values).sum(axis=1) / norm
        ratio = squares[:, k, None] if k else 0.0
        before, current = (
            current,
            (values - diagonal[:, k, None]) * current - ratio * before,
        )
    jacobi = np.zeros((len(values), nodes, nodes))
    i = np.arange(nodes)
    jacobi[:, i, i] = diagonal
    jacobi[:, i[1:], i[:-1]] = jacobi[:, i[:-1], i[1:]] = np.sqrt(squares[:, 1:])
    abscissas, vectors = np.linalg.eigh(jacobi)
    return abscissas, vectors[:, 0, :] ** 2

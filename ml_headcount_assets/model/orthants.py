"""Probabilities of all sign patterns of a multivariate normal at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from ..compute.engine import Engine
from ..errors import ComputeError, InputError
from .arithmetic import Arithmetic, Array, arithmetic
from .bivariate import correlation_class, same_class_upper
from .quadrature import MOST_POINTS, GaussRule, Rule, SobolRule, gauss_nodes, sobol_points

__all__ = ["MAX_ANNOTATORS", "orthant_probabilities"]

# 2**J patterns are kept per draw and class; above this the table itself is the problem.
MAX_ANNOTATORS = 16
_SMALLEST = np.finfo(float).tiny
# Nodes per pattern from which Sobol points are tried instead, and twice the error of the
# tabulated Gauss rules.
_MOST_NODES, _FINEST_TOLERANCE = 16_384, 2e-6
_FEWEST_POINTS = 1024
_LARGEST_RHO = 1 - 1e-15


def orthant_probabilities(
    mean: ArrayLike,
    correlation: ArrayLike,
    *,
    tolerance: float = 1e-4,
    points: int | None = None,
    engine: Engine | None = None,
) -> NDArray[np.float64]:
    """Return the probability of each of the 2**J sign patterns.

    Parameters
    ----------
    mean
        Latent means, shape ``(..., J)``.
    correlation
        Positive-definite correlation matrices, shape ``(..., J, J)``; leading axes broadcast.
    tolerance
        Absolute error wanted of every pattern. Rules are refined, for each parameter set on its
        own, until two in a row agree within half of it.
    points
        Take at most this many nodes per pattern (a power of two up to 131,072) and ignore
        `tolerance`. J <= 2 is exact and uses none.
    engine
        Where to compute; None is NumPy.

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
        If 131,072 points do not reach the tolerance, as none below 2e-6 may.

    Notes
    -----
    Genz's (1992) separation of variables conditions one latent after the other. Patterns with
    a common prefix share its conditioning, so the 2**J expansions are walked as one binary tree;
    at each node the two branches' weights add up to the node's, hence the sum of 1. The last two
    latents are integrated exactly (bivariate normal), which removes a dimension and most of the
    roughness of the integrand (Genz and Bretz 2009).

    The others are integrated, one by one, by Gauss rules of the truncated normal distribution,
    each with as many nodes as the steepness of its integrand asks for (`quadrature`). Where
    their product would take more nodes than `points`, or more than 16,384 with a tolerance, as
    for nearly singular matrices and in many dimensions, Sobol points with a fixed Owen
    scrambling take their place. Which it is depends on the matrix alone: the function is
    deterministic, and a result does not depend on what it is computed with.

    Examples
    --------
    Two annotators that agree more often than by chance; the last pattern is 11:

    >>> table = orthant_probabilities([0.0, 0.0], [[1.0, 0.5], [0.5, 1.0]])
    >>> [round(float(probability), 4) for probability in table]
    [0.3333, 0.1667, 0.1667, 0.3333]
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
    calculator = arithmetic(engine)
    means = np.take_along_axis(means, order, axis=1)
    factors = np.asarray(np.linalg.cholesky(_reorder(matrices, order)), dtype=float)
    if dimension == 1:
        table = np.stack([ndtr(-means[:, 0]), ndtr(means[:, 0])], axis=-1)
    elif dimension == 2:
        table = _expand_batches(calculator, means, factors, GaussRule(()))
    elif points is not None:
        table = _expand_points(calculator, means, factors, points)
    else:
        table = _expand_to_tolerance(calculator, means, factors, tolerance)
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
    if points is not None and (not 1 <= points <= MOST_POINTS or points & (points - 1)):
        raise InputError(f"points must be a power of two up to {MOST_POINTS}, not {points}.")


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


def _expand_to_tolerance(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64]:
    """Refine Gauss rules until two in a row agree; leave to Sobol points what is too steep."""
    if tolerance < _FINEST_TOLERANCE:
        return _double_to_tolerance(calculator, means, factors, tolerance)
    table = np.empty((len(means), 2 ** means.shape[1]))
    nodes = gauss_nodes(factors, refinement=-1)
    steep = nodes.prod(axis=1, dtype=float) > _MOST_NODES
    table[~steep] = _expand_gauss(calculator, means[~steep], factors[~steep], nodes[~steep])
    pending, refinement = np.arange(len(means)), -1
    while len(pending):
        refinement += 1
        nodes = gauss_nodes(factors[pending], refinement)
        steep = nodes.prod(axis=1, dtype=float) > _MOST_NODES
        left = pending[steep]
        if len(left):
            table[left] = _double_to_tolerance(calculator, means[left], factors[left], tolerance)
        pending, nodes = pending[~steep], nodes[~steep]
        better = _expand_gauss(calculator, means[pending], factors[pending], nodes)
        apart = np.abs(better - table[pending]).max(axis=1, initial=0.0)
        table[pending] = better
        pending = pending[apart > 0.5 * tolerance]
    return table


def _double_to_tolerance(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    tolerance: float,
) -> NDArray[np.float64]:
    """Double the points of the parameter sets whose two halves still disagree."""
    uniforms = sobol_points(means.shape[1] - 2)
    table = _expand_sobol(calculator, means, factors, uniforms[:, :_FEWEST_POINTS])
    pending, used = np.arange(len(means)), _FEWEST_POINTS
    while len(pending):
        if used == MOST_POINTS:
            raise ComputeError(
                f"{len(pending)} orthant tables did not reach a tolerance of {tolerance:g} with "
                f"{MOST_POINTS} points; ask for a larger tolerance."
            )
        # In a Sobol sequence the next `used` points are a net of their own, so they give a
        # second estimate of the same quality, and the mean of both is better than either.
        following = uniforms[:, used : 2 * used]
        other = _expand_sobol(calculator, means[pending], factors[pending], following)
        apart = np.abs(other - table[pending]).max(axis=1)
        table[pending] = 0.5 * (table[pending] + other)
        pending, used = pending[apart > 0.5 * tolerance], 2 * used
    return table


def _expand_points(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    points: int,
) -> NDArray[np.float64]:
    """Take Gauss rules where `points` nodes are enough for them, else as many Sobol points."""
    table = np.empty((len(means), 2 ** means.shape[1]))
    nodes = gauss_nodes(factors)
    smooth = nodes.prod(axis=1, dtype=float) <= points
    table[smooth] = _expand_gauss(calculator, means[smooth], factors[smooth], nodes[smooth])
    if not smooth.all():
        uniforms = sobol_points(means.shape[1] - 2)[:, :points]
        table[~smooth] = _expand_sobol(calculator, means[~smooth], factors[~smooth], uniforms)
    return table


def _expand_sobol(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    uniforms: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Average over points, as many at a time as the device likes."""
    at_a_time = max(1, calculator.doubles >> (means.shape[1] - 2))
    rules = SobolRule(uniforms).parts(at_a_time)
    table = _expand_batches(calculator, means, factors, rules[0])
    for rule in rules[1:]:
        table += _expand_batches(calculator, means, factors, rule)
    return table / len(rules)


def _expand_gauss(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    nodes: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Expand parameter sets that need the same nodes together."""
    table = np.empty((len(means), 2 ** means.shape[1]))
    rules, member = np.unique(nodes, axis=0, return_inverse=True)
    for number, counts in enumerate(rules):
        part = np.flatnonzero(member == number)
        rule = GaussRule(tuple(counts.tolist()))
        table[part] = _expand_batches(calculator, means[part], factors[part], rule)
    return table


def _expand_batches(
    calculator: Arithmetic,
    means: NDArray[np.float64],
    factors: NDArray[np.float64],
    rule: Rule,
) -> NDArray[np.float64]:
    """Cut a batch by the rule of the bivariate normal, and to the size the device likes."""
    table = np.empty((len(means), 2 ** means.shape[1]))
    pair_sd = np.hypot(factors[:, -1, -2], factors[:, -1, -1])
    rho = np.clip(factors[:, -1, -2] / pair_sd, -_LARGEST_RHO, _LARGEST_RHO)
    classes = correlation_class(rho)
    leaves = rule.start * int(np.prod([2 * count for count in rule.nodes]))
    batch = max(1, calculator.doubles // leaves)
    for number in np.unique(classes):
        members = np.flatnonzero(classes == number)
        for start in range(0, len(members), batch):
            part = members[start : start + batch]
            tree = _Tree(calculator, factors[part], rho[part], int(number), rule)
            table[part] = tree.table(means[part])
    return table


class _Tree:
    """The binary tree of prefixes of a batch of parameter sets, walked level by level.

    An array at level l has shape (B, F): F runs over bits and nodes of the latents so far, the
    latest outermost, and over the rule's points. B parameter sets, all of one correlation class.
    """

    def __init__(
        self,
        calculator: Arithmetic,
        factors: NDArray[np.float64],
        rho: NDArray[np.float64],
        number: int,
        rule: Rule,
    ) -> None:
        self.calculator, self.rule, self.rho, self.number = calculator, rule, rho, number
        self.batch, self.dimension = factors.shape[:2]
        self.levels = self.dimension - 2
        self.scales = np.diagonal(factors, axis1=1, axis2=2).copy()
        self.scales[:, -1] = np.hypot(factors[:, -1, -2], factors[:, -1, -1])
        # Scaled once and for all, so that a centre is a threshold as soon as its turn comes.
        loadings = factors / self.scales[:, :, None]
        # Bit 0 first: a latent below -t is minus a latent above t.
        signed = np.stack([-loadings, loadings], axis=3)
        self.loadings = calculator.array(signed)

    def table(self, means: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probabilities of all patterns, shape (B, 2**J)."""
        xp, points = self.calculator.xp, self.rule.start
        centres = [
            xp.zeros_like(weight) + column[:, None]
            for weight in [self._ones(points)]
            for column in map(self.calculator.array, (means / self.scales).T)
        ]
        weight = self._ones(points)
        if not self.levels:
            return self._assemble(self._leaf(centres, weight))
        centres, weight = self._split(centres, weight, 0)
        # Columns of the first level are taken apart where a whole tree would be too large.
        columns = weight.shape[1]
        below = int(np.prod([2 * count for count in self.rule.nodes[1:]]))
        width = max(1, 4 * self.calculator.doubles // (self.batch * below))
        parts = []
        for start in range(0, columns, width):
            part = slice(start, start + width)
            parts.append(self._subtree([centre[:, part] for centre in centres], weight[:, part]))
        sums = parts[0] if len(parts) == 1 else xp.concat(parts, axis=-1)
        # (B, 4, patterns of the upper latents, bit and nodes of the first, points)
        sums = xp.reshape(sums, (self.batch, -1, self.rule.nodes[0], points))
        sums = _add_up(sums, 2)
        while sums.shape[-1] > 1:
            half = sums.shape[-1] // 2
            sums = sums[..., :half] + sums[..., half:]
        return self._assemble(sums / points)

    def _ones(self, points: int) -> Array:
        return self.calculator.array(np.ones((self.batch, points)))

    def _subtree(self, centres: list[Array], weight: Array) -> Array:
        """Return the leaves' sums over all nodes but the first level's, (B, 4 * patterns, F)."""
        xp, width = self.calculator.xp, weight.shape[1]
        for level in range(1, self.levels):
            centres, weight = self._split(centres, weight, level)
        sums = []
        for kind in self._leaf(centres, weight):
            for count in reversed(self.rule.nodes[1:]):
                inner = kind.shape[-1] // (2 * count)
                kind = _add_up(xp.reshape(kind, (-1, 2, count, inner)), 2)
                kind = xp.reshape(kind, (-1, inner))
            sums.append(xp.reshape(kind, (self.batch, 1, -1, width)))
        return xp.reshape(xp.concat(sums, axis=1), (self.batch, -1, width))

    def _split(self, centres: list[Array], weight: Array, level: int) -> tuple[list[Array], Array]:
        """Condition on the first of the latents left: both signs, all nodes of the rule."""
        calculator, xp = self.calculator, self.calculator.xp
        threshold = centres[0]
        small = calculator.ndtr(-xp.abs(threshold))
        above = threshold > 0
        large = 1 - small
        beyond = xp.stack([xp.where(above, small, large), xp.where(above, large, small)], axis=1)
        share = beyond * weight[:, None, :]
        bound = xp.stack([threshold, -threshold], axis=1)
        latent, share = self.rule.expand(calculator, level, bound, beyond, share)
        children = []
        for row, centre in enumerate(centres[1:], start=level + 1):
            child = latent * self.loadings[:, row, level, :, None, None]
            child += centre[:, None, None, :]
            children.append(xp.reshape(child, (self.batch, -1)))
        return children, xp.reshape(share, (self.batch, -1))

    def _leaf(self, centres: list[Array], weight: Array) -> list[Array]:
        """Integrate the last two latents: weight times 1, P(x), P(y) and P(x and y)."""
        h, k = centres
        both, first, second = same_class_upper(self.calculator, h, k, self.rho, self.number)
        for probability in (both, first, second):
            probability *= weight
        return [weight, first, second, both]

    def _assemble(self, sums: Array | list[Array]) -> NDArray[np.float64]:
        """Return all cells from the sums of the four kinds."""
        if isinstance(sums, list):
            sums = self.calculator.xp.stack(sums, axis=1)
        host = self.calculator.host(sums).reshape(self.batch, 4, -1)
        weight, first, second, both = np.moveaxis(host, 1, 0)
        cells = [(weight - first - second) + both, first - both, second - both, both]
        return np.concatenate(cells, axis=1)


def _add_up(values: Array, axis: int) -> Array:
    """Add up an axis node by node, so that the order does not depend on the array's shape."""
    index: list[slice | int] = [slice(None)] * len(values.shape)
    total = None
    for node in range(values.shape[axis]):
        index[axis] = node
        part = values[tuple(index)]
        if total is None:
            total = part
        elif node == 1:
            total = total + part
        else:
            total += part
    return total

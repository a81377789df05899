"""Correlation matrices of annotators: pairwise estimates, shrinkage, repair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ..compute.engine import Engine
from .annotators import Annotator
from .arithmetic import Arithmetic, Array, arithmetic
from .tetrachoric import tetrachoric

__all__ = [
    "Shrinkage",
    "annotator_pairs",
    "fit_shrinkage",
    "matrices_from_pairs",
    "pair_correlations",
    "repair_correlation",
]

# Fisher's z of larger correlations is dominated by the continuity correction of one cell.
_LARGEST_SHRUNK = 0.98
# Floors of the smallest eigenvalue. The published study clipped at 1e-6; a floor of 1e-3 costs
# at most 0.001 in an entry and keeps the separation of variables well conditioned.
_EIGENVALUE_FLOOR = {"nearest": 1e-3, "clip": 1e-6}
_HIGHAM_ITERATIONS = 200
_HIGHAM_TOLERANCE = 1e-9


def annotator_pairs(count: int) -> NDArray[np.int64]:
    """Return the index pairs (i < j) of `count` annotators, shape (pairs, 2)."""
    return np.array(list(combinations(range(count), 2)), dtype=np.int64).reshape(-1, 2)


def pair_correlations(
    labels: NDArray[np.int8],
    weights: NDArray[np.float64],
    continuity_correction: float,
    *,
    engine: Engine | None = None,
) -> NDArray[np.float64]:
    """Return the tetrachoric correlation of every pair of annotators.

    Parameters
    ----------
    labels
        Patterns, shape (P, J), -1 where missing; a pair is counted where both are present.
    weights
        Counts of the patterns, shape (..., P).
    continuity_correction, engine
        See `tetrachoric`.

    Returns
    -------
    ndarray, shape (..., pairs)
    """
    pairs = annotator_pairs(labels.shape[1])
    first, second = labels[:, pairs[:, 0]], labels[:, pairs[:, 1]]
    cells = [(first == a) & (second == b) for a in (0, 1) for b in (0, 1)]
    # Whole numbers add up exactly, so this product does not depend on how it is blocked.
    counts = np.stack([weights @ cell.astype(float) for cell in cells], axis=-1)
    tables = counts.reshape(*counts.shape[:-1], 2, 2)
    return tetrachoric(tables, continuity_correction=continuity_correction, engine=engine)


def matrices_from_pairs(correlations: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Arrange pairwise correlations (..., pairs) as matrices (..., count, count)."""
    pairs = annotator_pairs(count)
    matrices = np.zeros((*correlations.shape[:-1], count, count))
    matrices[..., pairs[:, 0], pairs[:, 1]] = correlations
    matrices[..., pairs[:, 1], pairs[:, 0]] = correlations
    matrices[..., np.arange(count), np.arange(count)] = 1.0
    return matrices


@dataclass(frozen=True)
class Shrinkage:
    """How far pairwise correlations are drawn towards the mean of their block.

    Attributes
    ----------
    blocks
        Block of each pair, shape (pairs,).
    precision
        Weight of each pair in its block's mean, shape (2, pairs).
    kept
        Share of its own deviation that a pair keeps, shape (2, pairs): 1 is no shrinkage.
    """

    blocks: NDArray[np.int64]
    precision: NDArray[np.float64]
    kept: NDArray[np.float64]

    def apply(
        self, correlations: NDArray[np.float64], *, engine: Engine | None = None
    ) -> NDArray[np.float64]:
        """Shrink correlations of shape (..., 2, pairs)."""
        calculator = arithmetic(engine)
        xp = calculator.xp
        kept = calculator.array(self.kept)
        z = calculator.clip(calculator.array(correlations), -_LARGEST_SHRUNK, _LARGEST_SHRUNK)
        # Written out, because torch's atanh and tanh round otherwise at the end of an array.
        z = 0.5 * xp.log((1 + z) / (1 - z))
        means = xp.zeros_like(z)
        for block in np.unique(self.blocks):
            inside = np.flatnonzero(self.blocks == block)
            weight = self.precision[:, inside]
            share = calculator.array(weight / weight.sum(axis=1, keepdims=True))
            # Pair by pair: the order of adding up must not depend on the number of draws.
            mean = sum(z[..., pair] * share[:, i] for i, pair in enumerate(inside.tolist()))
            for pair in inside.tolist():
                means[..., pair] = mean
        return calculator.host(1 - 2 / (xp.exp(2 * (kept * z + (1 - kept) * means)) + 1))


def _fisher(correlations: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.arctanh(np.clip(correlations, -_LARGEST_SHRUNK, _LARGEST_SHRUNK))


def _block_means(
    z: NDArray[np.float64], blocks: NDArray[np.int64], precision: NDArray[np.float64]
) -> NDArray[np.float64]:
    means = np.empty_like(z)
    for block in np.unique(blocks):
        inside = blocks == block
        share = precision[..., inside] / precision[..., inside].sum(axis=-1, keepdims=True)
        means[..., inside] = (z[..., inside] * share).sum(axis=-1, keepdims=True)
    return means


def _pair_blocks(annotators: Sequence[Annotator]) -> NDArray[np.int64]:
    """Number the blocks: pairs of the same two kinds share a block."""
    kinds = [
        tuple(sorted((annotators[i].kind, annotators[j].kind)))
        for i, j in annotator_pairs(len(annotators))
    ]
    order = {kind: number for number, kind in enumerate(sorted(set(kinds)))}
    return np.array([order[kind] for kind in kinds], dtype=np.int64)


def fit_shrinkage(
    annotators: Sequence[Annotator],
    observed: NDArray[np.float64],
    resampled: NDArray[np.float64],
) -> Shrinkage:
    """Choose the intensity of shrinkage from the data (empirical Bayes).

    Parameters
    ----------
    annotators
        J annotators; their kinds define the blocks (within LLMs, within filters, across).
    observed
        Tetrachoric correlations of the rated CVs, shape (2, pairs).
    resampled
        The same of resampled CVs, shape (resamples, 2, pairs); gives the sampling variances.

    Notes
    -----
    Random-effects model on Fisher's scale: z_ij ~ N(block mean, tau^2 + v_ij), tau^2 of each
    class by the method of moments (DerSimonian and Laird 1986) with the block means fitted by
    precision; each pair keeps tau^2 / (tau^2 + v_ij) of its deviation. Errors of pairs that
    share an annotator are treated as independent, which leaves tau^2 unbiased enough for a
    tuning constant.
    """
    blocks = _pair_blocks(annotators)
    z = _fisher(observed)
    # A pair that never varies would otherwise claim infinite precision.
    variance = np.maximum(_fisher(resampled).var(axis=0, ddof=1), 1e-4)
    precision = 1.0 / variance
    deviation = z - _block_means(z, blocks, precision)
    statistic = (precision * deviation**2).sum(axis=-1)
    freedom = len(blocks) - len(np.unique(blocks))
    scale = np.zeros(2)
    for block in np.unique(blocks):
        inside = precision[:, blocks == block]
        scale += inside.sum(axis=-1) - (inside**2).sum(axis=-1) / inside.sum(axis=-1)
    tau2 = np.divide(np.maximum(statistic - freedom, 0.0), scale, out=np.zeros(2), where=scale > 0)
    kept = tau2[:, None] / (tau2[:, None] + variance)
    return Shrinkage(blocks, precision, kept)


def repair_correlation(
    matrices: NDArray[np.float64], method: str = "nearest", *, engine: Engine | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make correlation matrices positive definite, and say how far they moved.

    Parameters
    ----------
    matrices
        Symmetric, unit diagonal, shape (..., J, J).
    method
        ``"nearest"``: nearest correlation matrix in the Frobenius norm (Higham 2002,
        alternating projections with Dykstra's correction), then a floor of 1e-3 under the
        eigenvalues. ``"clip"``: eigenvalues below 1e-6 are raised to it and the diagonal
        renormalised, as in the published study; it moves entries that were not at fault.
    engine
        Where the matrices that need it are decomposed; None is NumPy.

    Returns
    -------
    repaired : ndarray, shape (..., J, J)
        Matrices whose eigenvalues are above the floor already are returned untouched.
    distance : ndarray, shape (...)
        Frobenius norm of the change.
    """
    shape = matrices.shape
    flat = matrices.reshape(-1, *shape[-2:]).copy()
    floor = _EIGENVALUE_FLOOR[method]
    ill = np.linalg.eigvalsh(flat)[:, 0] < floor
    distance = np.zeros(len(flat))
    if ill.any():
        start, calculator = flat[ill], arithmetic(engine)
        target = calculator.array(start)
        if method == "nearest":
            target = _nearest_semidefinite(calculator, target)
        flat[ill] = calculator.host(_raise_eigenvalues(calculator, target, floor))
        distance[ill] = np.sqrt(((flat[ill] - start) ** 2).sum(axis=(-2, -1)))
    return flat.reshape(shape), distance.reshape(shape[:-2])


def _raise_eigenvalues(calculator: Arithmetic, matrices: Array, floor: float) -> Array:
    """Raise eigenvalues to `floor` and renormalise the diagonal to 1."""
    xp = calculator.xp
    rebuilt = _with_eigenvalues_above(calculator, matrices, floor)
    sd = xp.sqrt(xp.linalg.diagonal(rebuilt))
    rebuilt = rebuilt / (sd[:, :, None] * sd[:, None, :])
    return 0.5 * (rebuilt + xp.matrix_transpose(rebuilt))


def _with_eigenvalues_above(calculator: Arithmetic, matrices: Array, floor: float) -> Array:
    values, vectors = calculator.xp.linalg.eigh(matrices)
    values = calculator.clip(values, floor, None)
    rebuilt = calculator.xp.zeros_like(matrices)
    # Term by term: a library's product of matrices may round otherwise in larger stacks.
    for i in range(matrices.shape[-1]):
        vector = vectors[:, :, i]
        rebuilt += (vector * values[:, i, None])[:, :, None] * vector[:, None, :]
    return rebuilt


def _nearest_semidefinite(calculator: Arithmetic, matrices: Array) -> Array:
    """Higham's (2002) algorithm 3.3 on a stack of matrices, each until it stands still."""
    xp = calculator.xp
    current, correction = xp.zeros_like(matrices) + matrices, xp.zeros_like(matrices)
    identity = calculator.array(np.eye(matrices.shape[-1]))
    moving = np.arange(matrices.shape[0])
    for _ in range(_HIGHAM_ITERATIONS):
        at = calculator.array(moving)
        before = xp.take(current, at, axis=0)
        shifted = before - xp.take(correction, at, axis=0)
        projected = _with_eigenvalues_above(calculator, shifted, 0.0)
        correction[at] = projected - shifted
        projected = projected * (1 - identity) + identity
        current[at] = projected
        moved = xp.max(xp.abs(projected - before), axis=(-2, -1))
        moving = moving[calculator.host(moved) > _HIGHAM_TOLERANCE]
        if len(moving) == 0:
            break
    return current

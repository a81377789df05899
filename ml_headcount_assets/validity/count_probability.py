"""Probability of counts that overlap, of people of whom some are experts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_count_probability"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Numbers in the table of all possible counts up to which a convolution is exact.
_EXACT_CELLS = 500_000


def log_count_probability(
    increments: IntArray,
    probabilities: FloatArray,
    people: int,
    counts: IntArray,
    experts: IntArray,
) -> FloatArray:
    """Return log P(counts | experts), up to a constant that is the same for all of `experts`.

    Parameters
    ----------
    increments
        What a person of each of S sorts adds to the D counts, (S, D), of 0 and 1.
    probabilities
        Of the sorts, among non-experts and experts, (2, S).
    people
        Number of people counted.
    counts
        What was counted, (D,).
    experts
        Numbers of experts among the people, (K,).

    Notes
    -----
    Exact (a convolution of the two groups' distributions) where the table of all numbers of
    people by all counts up to `counts` has at most 500,000 entries; else normal.
    """
    cells = (people + 1) * float(np.prod(counts + 1.0))
    if cells > _EXACT_CELLS:
        return _normal(increments, probabilities, people, counts, experts)
    tables = [_group_tables(increments, p, people, counts) for p in probabilities]
    other, expert = (table.reshape(people + 1, -1) for table in tables)
    exact = (expert * other[::-1, ::-1]).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.log(exact)[experts]


def _group_tables(
    increments: IntArray, probabilities: FloatArray, people: int, counts: IntArray
) -> FloatArray:
    """P(counts) of groups of 0, 1, ... `people` alike, for all counts up to `counts`."""
    tables = np.zeros((people + 1, *(counts + 1)))
    tables[(0, *np.zeros(len(counts), dtype=int))] = 1.0
    moves = [
        (
            probability,
            tuple(slice(step, None) for step in steps),
            tuple(slice(None, n + 1 - step) for step, n in zip(steps, counts, strict=True)),
        )
        for steps, probability in zip(increments, probabilities, strict=True)
    ]
    for size in range(people):
        smaller, larger = tables[size], tables[size + 1]
        for probability, to, origin in moves:
            larger[to] += probability * smaller[origin]
    return tables


def _normal(
    increments: IntArray,
    probabilities: FloatArray,
    people: int,
    counts: IntArray,
    experts: IntArray,
) -> FloatArray:
    means = probabilities @ increments
    second = np.einsum("zs,sd,se->zde", probabilities, increments, increments)
    covariances = second - means[:, :, None] * means[:, None, :]
    sizes = np.stack([people - experts, experts], axis=1).astype(float)
    gap = counts - sizes @ means
    covariance = np.einsum("kz,zde->kde", sizes, covariances)
    solved = np.linalg.solve(covariance, gap[:, :, None])[:, :, 0]
    return -0.5 * ((gap * solved).sum(axis=1) + np.linalg.slogdet(covariance)[1])

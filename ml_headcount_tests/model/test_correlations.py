"""Shrinkage and repair of correlation matrices."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.model.annotators import Annotator
from ml_headcount_assets.model.correlations import (
    annotator_pairs,
    fit_shrinkage,
    matrices_from_pairs,
    pair_correlations,
    repair_correlation,
)
from ml_headcount_assets.model.tetrachoric import tetrachoric

FIVE = tuple(
    Annotator(name, name.split("_")[0])
    for name in ("filter_a", "filter_b", "llm_a", "llm_b", "llm_c")
)


def test_pair_tables_count_only_rows_where_both_labelled():
    labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1], [1, -1]], dtype=np.int8)
    weights = np.array([30.0, 5.0, 7.0, 20.0, 900.0])
    assert pair_correlations(labels, weights, 0.5)[0] == tetrachoric([[30, 5], [7, 20]])


def test_pairs_and_matrices_correspond():
    values = np.arange(10) / 20
    matrix = matrices_from_pairs(values, 5)
    for value, (i, j) in zip(values, annotator_pairs(5), strict=True):
        assert matrix[i, j] == matrix[j, i] == value
    assert (np.diag(matrix) == 1).all()


def test_shrinkage_is_total_when_pairs_differ_by_noise_only():
    rng = np.random.default_rng(4)
    truth = np.array([0.3, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.5, 0.5, 0.5])
    # Spread of the observed values far below the sampling sd of 0.1: nothing to keep.
    observed = np.stack([np.tanh(np.arctanh(truth) + 0.001 * rng.normal(size=10))] * 2)
    resampled = np.tanh(np.arctanh(observed) + 0.1 * rng.normal(size=(400, 2, 10)))
    shrinkage = fit_shrinkage(FIVE, observed, resampled)
    assert (shrinkage.kept == 0).all()
    shrunk = shrinkage.apply(observed)
    # Blocks: filter-filter (pair 0), filter-llm (1-6), llm-llm (7-9).
    assert np.ptp(shrunk[:, 1:7], axis=1) == pytest.approx(0, abs=1e-12)
    assert np.ptp(shrunk[:, 7:], axis=1) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(shrunk[:, 0], observed[:, 0])


def test_shrinkage_keeps_what_exceeds_the_noise():
    rng = np.random.default_rng(5)
    observed = np.tanh(rng.normal(0.3, 0.5, size=(2, 10)))
    resampled = np.tanh(np.arctanh(observed) + 0.02 * rng.normal(size=(400, 2, 10)))
    kept = fit_shrinkage(FIVE, observed, resampled).kept
    # tau^2 is about 0.25, the noise 0.0004: at least 99 % of each deviation survives.
    assert kept.min() > 0.99


def test_nearest_correlation_of_highams_example():
    matrix = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])
    repaired, distance = repair_correlation(matrix)
    # Higham (2002), section 4: 0.7607 and 0.1573. The eigenvalue floor of 1e-3 moves entries
    # by about as much again.
    assert repaired[0, 1] == pytest.approx(0.7607, abs=2e-3)
    assert repaired[0, 2] == pytest.approx(0.1573, abs=2e-3)
    assert distance == pytest.approx(np.sqrt(((repaired - matrix) ** 2).sum()))


@pytest.mark.parametrize("method", ["nearest", "clip"])
def test_repair_makes_any_matrix_usable_and_leaves_good_ones_alone(method):
    rng = np.random.default_rng(6)
    values = rng.uniform(-0.99, 0.99, size=(200, 15))
    matrices = matrices_from_pairs(values, 6)
    good = np.linalg.eigvalsh(matrices)[:, 0] > 0.01
    matrices[0] = np.eye(6)
    good[0] = True
    repaired, distance = repair_correlation(matrices, method)
    np.linalg.cholesky(repaired)
    np.testing.assert_allclose(np.diagonal(repaired, axis1=1, axis2=2), 1.0)
    assert (distance[~good] > 0).sum() > 100
    np.testing.assert_array_equal(repaired[good], matrices[good])


def test_nearest_moves_less_than_clipping():
    rng = np.random.default_rng(7)
    matrices = matrices_from_pairs(rng.uniform(-0.95, 0.95, size=(100, 15)), 6)
    bad = matrices[np.linalg.eigvalsh(matrices)[:, 0] < -0.05]
    nearest = repair_correlation(bad, "nearest")[1]
    clipped = repair_correlation(bad, "clip")[1]
    assert len(bad) > 50
    # The floor under the eigenvalues may cost "nearest" up to about 1e-2 in the norm.
    assert (nearest < clipped + 1e-2).all()
    assert nearest.mean() < clipped.mean()

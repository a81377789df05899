"""Orthant probabilities against closed forms, quadrature and R."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import orthant_probabilities

# The accuracy promised to callers.
PROMISED = 1e-4


def equicorrelated(dimension: int, rho: float) -> np.ndarray:
    return np.full((dimension, dimension), rho) + (1 - rho) * np.eye(dimension)


def one_factor_table(mean: np.ndarray, rho: float) -> np.ndarray:
    """All pattern probabilities under equal correlations, by one-dimensional quadrature."""
    # 4,001 trapezoids over +-9 standard deviations integrate a normal factor to 1e-12.
    factor = np.linspace(-9, 9, 4_001)
    weight = np.exp(-(factor**2) / 2) * (factor[1] - factor[0]) / np.sqrt(2 * np.pi)
    above = ndtr((mean[:, None] + np.sqrt(rho) * factor) / np.sqrt(1 - rho))
    patterns = (np.arange(2 ** len(mean))[:, None] >> np.arange(len(mean))) & 1
    terms = np.where(patterns[:, :, None] == 1, above, 1 - above)
    return (terms.prod(axis=1) * weight).sum(axis=1)


@pytest.mark.parametrize("points", [None, 1024])
def test_gold_values_of_r_and_of_quadrature(gold, points):
    assert gold["orthants"]
    for case in gold["orthants"]:
        table = orthant_probabilities(case["mean"], case["corr"], points=points)
        index = sum(bit << j for j, bit in enumerate(case["pattern"]))
        assert table[index] == pytest.approx(case["prob"], abs=PROMISED), case["id"]


@pytest.mark.parametrize("dimension", [3, 5, 6, 7])
def test_equicorrelated_half_at_zero_mean(dimension):
    table = orthant_probabilities(np.zeros(dimension), equicorrelated(dimension, 0.5))
    # Closed form: all positive with probability 1 / (J + 1).
    assert table[-1] == pytest.approx(1 / (dimension + 1), abs=PROMISED)
    assert table[0] == pytest.approx(1 / (dimension + 1), abs=PROMISED)


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95, 0.999])
def test_bivariate_closed_form_is_exact(rho):
    table = orthant_probabilities([0.0, 0.0], equicorrelated(2, rho))
    both = 0.25 + np.arcsin(rho) / (2 * np.pi)
    np.testing.assert_allclose(table, [both, 0.5 - both, 0.5 - both, both], atol=1e-14)


def test_trivariate_closed_form():
    r12, r13, r23 = 0.3, -0.5, 0.4
    matrix = [[1, r12, r13], [r12, 1, r23], [r13, r23, 1]]
    expected = 0.125 + np.arcsin([r12, r13, r23]).sum() / (4 * np.pi)
    assert orthant_probabilities(np.zeros(3), matrix)[7] == pytest.approx(expected, abs=PROMISED)


@pytest.mark.parametrize("rho", [0.05, 0.5, 0.95])
@pytest.mark.parametrize("mean", [0.0, -3.0, 3.0, (3.0, -3.0, 1.0, -1.0, 0.5, 0.0)])
def test_all_patterns_against_one_factor_quadrature(rho, mean):
    means = np.broadcast_to(np.asarray(mean, float), (6,))
    table = orthant_probabilities(means, equicorrelated(6, rho))
    assert np.abs(table - one_factor_table(means, rho)).max() < PROMISED


def test_sum_is_one_and_every_pattern_positive():
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(30, 6, 7))
    matrices = factors @ factors.transpose(0, 2, 1)
    sd = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    matrices /= sd[:, :, None] * sd[:, None, :]
    means = rng.normal(scale=2.5, size=(30, 6))
    table = orthant_probabilities(means, matrices, points=512)
    assert table.min() > 0
    np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-9)


def test_one_latent_is_the_normal_distribution():
    np.testing.assert_allclose(
        orthant_probabilities([0.7], [[1.0]]), [ndtr(-0.7), ndtr(0.7)], atol=1e-15
    )


def test_nearly_singular_matrix_does_not_depend_on_the_order_of_latents():
    # The third latent is all but the sum of the first two: conditioned on in that order it
    # puts a jump into the integrand.
    loadings = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0], [0.3, 0, 1, 0], [0, 0.3, 1, 1]])
    matrix = loadings @ loadings.T + 1e-7 * np.eye(5)
    sd = np.sqrt(np.diag(matrix))
    matrix /= np.outer(sd, sd)
    mean = np.array([0.3, -0.4, 0.1, -0.2, 0.5])
    order = np.array([4, 2, 0, 3, 1])
    table = orthant_probabilities(mean, matrix)
    other = orthant_probabilities(mean[order], matrix[np.ix_(order, order)])
    patterns = (np.arange(32)[:, None] >> np.arange(5)) & 1
    index = (patterns[:, order] << np.arange(5)).sum(axis=1)
    # Each is within the promised accuracy of the truth.
    assert np.abs(table - other[index]).max() < 2 * PROMISED


def test_batches_give_each_set_its_own_numbers():
    rng = np.random.default_rng(1)
    means = rng.normal(size=(57, 2, 5))
    table = orthant_probabilities(means, equicorrelated(5, 0.4), points=512)
    assert table.shape == (57, 2, 32)
    alone = orthant_probabilities(means[31, 1], equicorrelated(5, 0.4), points=512)
    np.testing.assert_array_equal(table[31, 1], alone)


@pytest.mark.parametrize(
    ("mean", "matrix", "message"),
    [
        (np.zeros(3), np.eye(2), "does not fit"),
        ([0.0, np.nan], np.eye(2), "finite"),
        (np.zeros(2), [[1, 2], [2, 1]], "not positive definite"),
        (np.zeros(17), np.eye(17), "1 to 16"),
    ],
)
def test_unusable_input_is_refused(mean, matrix, message):
    with pytest.raises(InputError, match=message):
        orthant_probabilities(mean, matrix)


def test_unreachable_tolerance_is_an_error_not_a_guess():
    with pytest.raises(ComputeError, match="did not reach"):
        orthant_probabilities(np.ones(4), equicorrelated(4, 0.7), tolerance=1e-13)

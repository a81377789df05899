"""Rules of integration against the moments of the truncated normal distribution."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import truncnorm

from ml_headcount_assets.model import orthant_probabilities
from ml_headcount_assets.model.arithmetic import arithmetic
from ml_headcount_assets.model.quadrature import (
    TOO_MANY,
    GaussRule,
    SobolRule,
    gauss_nodes,
    sobol_points,
)

# On grid points of the tabulated bounds and between them, and beyond their end.
BOUNDS = np.array([-7.9, -2.0, -0.31, 0.0, 0.123, 1.0, 3.3, 7.0, 9.0])


def expand(rule: GaussRule | SobolRule, bounds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    bound = np.stack([bounds, bounds])[None]
    beyond = ndtr(-bound)
    return rule.expand(arithmetic(None), 0, bound, beyond, np.ones_like(bound))


@pytest.mark.parametrize("nodes", [1, 2, 3, 4, 6, 8, 12, 16, 24, 48])
def test_weights_are_positive_and_add_up(nodes):
    values, weights = expand(GaussRule((nodes,)), BOUNDS)
    assert values.shape == weights.shape == (1, 2, nodes, len(BOUNDS))
    assert (weights >= 0).all()
    assert (values > BOUNDS).all()
    np.testing.assert_allclose(weights.sum(axis=2), 1.0, atol=1e-12)


@pytest.mark.parametrize("nodes", [2, 4, 8, 16, 32])
def test_moments_of_the_truncated_normal(nodes):
    inside = BOUNDS[BOUNDS < 8]
    values, weights = expand(GaussRule((nodes,)), inside)
    for moment in (1, 2, 3):
        exact = [truncnorm.moment(moment, bound, np.inf) for bound in inside]
        found = (weights * values**moment).sum(axis=2)[0, 0]
        # Interpolation in a table errs by about 1e-6 of a node.
        np.testing.assert_allclose(found, exact, atol=2e-5, rtol=2e-5)


@pytest.mark.parametrize("steepness", [0.3, 0.6, 1.2, 2.5, 5.0])
def test_nodes_are_enough_for_the_steepness(steepness):
    """Integrate Phi(s z - c) over half-lines: one latent given another, any threshold."""
    loading = steepness / np.sqrt(1 + steepness**2)
    factor = np.linalg.cholesky(np.array([[1, loading, 0], [loading, 1, 0], [0, 0, 1.0]]))
    nodes = int(gauss_nodes(factor[None])[0, 0])
    bounds = np.linspace(-3, 3, 13)
    values, weights = expand(GaussRule((nodes,)), bounds)
    grid = np.linspace(0, 12, 20_001)
    for place in np.linspace(-2, 2, 9):
        exact = [
            np.trapezoid(
                np.exp(-((b + grid) ** 2) / 2) * ndtr(steepness * (b + grid - place)), grid
            )
            for b in bounds
        ]
        found = ndtr(-bounds) * (weights * ndtr(steepness * (values - place))).sum(axis=2)[0, 0]
        # Worst over bound and place; an orthant averages over many of them.
        assert np.abs(found - np.array(exact) / np.sqrt(2 * np.pi)).max() < 3e-4


def test_nodes_grow_with_the_steepness_and_with_refinement():
    matrices = [np.full((4, 4), rho) + (1 - rho) * np.eye(4) for rho in (0.01, 0.5, 0.95)]
    factors = np.linalg.cholesky(np.array(matrices))
    nodes = gauss_nodes(factors)
    assert (np.diff(nodes, axis=0) >= 0).all()
    assert (gauss_nodes(factors, 1) > nodes).all()
    assert (gauss_nodes(factors, -1) <= nodes).all()


def test_a_jump_is_left_to_other_rules():
    """Were the longest rule taken, a finer one would be the same and agree with it."""
    jump = np.linalg.cholesky(np.full((3, 3), 0.9999) + 0.0001 * np.eye(3))
    assert gauss_nodes(jump[None])[0, 0] == TOO_MANY
    assert gauss_nodes(np.eye(3)[None], 30)[0, 0] == TOO_MANY
    # Both reach the promised accuracy all the same: three equal latents have one sign.
    table = orthant_probabilities(np.zeros(3), np.full((3, 3), 0.9999) + 0.0001 * np.eye(3))
    both = 0.25 + np.arcsin(0.9999) / (2 * np.pi)
    # P(+++) = 1/8 + (three times arcsin rho) / (4 pi).
    assert table[7] == pytest.approx(0.125 + 3 * (both - 0.25) / 2, abs=1e-4)


def test_sobol_values_follow_the_truncated_normal():
    rule = SobolRule(sobol_points(2)[:, :1024])
    bounds = np.repeat([-1.0, 0.5], 1024)
    values, weights = expand(rule, bounds)
    assert (weights == 1).all()
    by_bound = values[0, 0, 0].reshape(2, 1024)
    assert (by_bound > [[-1.0], [0.5]]).all()
    means = [truncnorm.mean(bound, np.inf) for bound in (-1.0, 0.5)]
    # Scrambled Sobol points: an error of about one point of 1,024.
    np.testing.assert_allclose(by_bound.mean(axis=1), means, atol=2e-3)

"""Coordinates of effects: there and back, and the density that belongs to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ml_headcount_assets.model.hierarchical.differentiable.density import Density
from ml_headcount_assets.model.hierarchical.differentiable.mode import Mode
from ml_headcount_assets.model.hierarchical.differentiable.recentred import Recentred
from ml_headcount_assets.model.hierarchical.starts import starting_points


@pytest.fixture(scope="module")
def recentred(study):
    density = Density(study.problem(True))
    theta = starting_points(density.problem)[0]
    # Curvatures between those of the prior and 20 times as much.
    curvature = np.diag(np.linspace(1.0, 20.0, density.size))
    return Recentred(density, Mode(theta, 0.0, 0.0, None, 0, curvature))


def _somewhere(recentred, spread=0.3):
    rng = np.random.default_rng(5)
    moves = rng.standard_normal((3, recentred.size)) @ (spread * recentred.density.root.T)
    return recentred.theta_at_mode + torch.as_tensor(moves)


def test_the_way_there_is_the_way_back(recentred):
    phi = _somewhere(recentred)
    theta = recentred.theta(phi)
    assert torch.allclose(recentred.phi(theta), phi, atol=1e-12)
    assert (theta - phi).abs().max() > 0.01
    assert torch.equal(recentred.theta(recentred.theta_at_mode), recentred.theta_at_mode)


def test_the_density_has_the_jacobian_of_the_coordinates(recentred):
    phi = _somewhere(recentred)
    for row in range(len(phi)):
        jacobian = torch.autograd.functional.jacobian(recentred.theta, phi[row])
        expected = recentred.density.value(recentred.theta(phi[row : row + 1]))
        expected = expected + float(torch.linalg.slogdet(jacobian)[1])
        assert recentred.value(phi[row : row + 1]) == pytest.approx(expected, abs=1e-9)


def test_slopes_at_the_mode_are_those_of_the_coordinates(recentred):
    exact = torch.autograd.functional.jacobian(recentred.phi, recentred.theta_at_mode)
    assert np.allclose(exact.numpy(), recentred.slopes, atol=1e-12)


def test_gradients_are_those_of_finite_differences(recentred):
    phi = _somewhere(recentred, 0.1)[:1]
    _, gradient = recentred.value_and_gradient(phi)
    for place in torch.cat([recentred.effect, recentred.scale]).unique().tolist():
        move = torch.zeros(recentred.size, dtype=torch.float64)
        move[place] = 1e-5
        slope = (recentred.value(phi + move) - recentred.value(phi - move)) / 2e-5
        assert gradient[0, place].item() == pytest.approx(slope[0], rel=1e-4, abs=2e-4)

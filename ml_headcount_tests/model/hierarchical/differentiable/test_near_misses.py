"""Near misses solved from the population's false-positive rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logit, ndtr

from ml_headcount_assets.model.hierarchical.differentiable.near_misses import (
    shift_log_prior,
    solve_near_misses,
)
from ml_headcount_assets.model.hierarchical.parameters import Hyperparameters


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    return {
        "deployed": rng.normal(-1.5, 0.5, (6, 4)),
        "easy_share": rng.uniform(0.01, 0.97, (6, 1)),
        "easy_shift": rng.uniform(0.3, 2.5, (6, 4)),
        "audible": np.broadcast_to([1.0, 1.0, 0.6, 0.6], (6, 4)).copy(),
    }


def _solve(case):
    return solve_near_misses(*(torch.as_tensor(case[name]) for name in case))


def test_the_mixture_has_the_rate_that_was_asked_for(case):
    x = _solve(case)[0].numpy()
    share, shift = case["easy_share"], case["easy_shift"]
    rate = (1 - share) * ndtr(x) + share * ndtr(x - shift)
    wanted = logit(ndtr(case["deployed"])) - np.log(case["audible"])
    assert np.allclose(logit(rate), wanted, atol=1e-8)


def test_the_jacobian_is_that_of_finite_differences(case):
    step = 1e-5
    _, log_jacobian = _solve(case)
    above = _solve({**case, "deployed": case["deployed"] + step})[0]
    below = _solve({**case, "deployed": case["deployed"] - step})[0]
    slope = np.log(((above - below) / (2 * step)).numpy()).sum(axis=1)
    assert np.allclose(log_jacobian.numpy(), slope, atol=1e-6)


@pytest.mark.parametrize("name", ["deployed", "easy_share", "easy_shift", "audible"])
def test_gradients_flow_through_the_solution(case, name):
    free = torch.as_tensor(case[name]).requires_grad_(True)
    values = {key: torch.as_tensor(value) for key, value in case.items()} | {name: free}
    x, log_jacobian = solve_near_misses(*values.values())
    (gradient,) = torch.autograd.grad((x.sum(-1) + log_jacobian).sum(), free)
    step = np.zeros_like(case[name])
    step[2, 0] = 1e-6
    ends = []
    for sign in (1, -1):
        moved, jacobian = _solve({**case, name: case[name] + sign * step})
        ends.append(float((moved.sum(-1) + jacobian).sum()))
    assert float(gradient[2, 0]) == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4)


def test_harder_near_misses_than_the_rated_ones_are_all_but_excluded():
    hyper = Hyperparameters()
    shift = torch.tensor([[-0.25], [0.0], [0.25]], dtype=torch.float64)
    easier, same, harder = shift_log_prior(shift, hyper).tolist()
    assert same > easier > harder
    assert same - harder > 5

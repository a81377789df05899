"""The log posterior: gradients, and integrals against brute force."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad
from scipy.special import expit
from scipy.stats import beta

from ml_headcount_assets.model.hierarchical.differentiable.company_likelihood import (
    group_log_likelihood,
)
from ml_headcount_assets.model.hierarchical.differentiable.density import Density
from ml_headcount_assets.model.hierarchical.grids import EASY_LIMIT
from ml_headcount_assets.model.hierarchical.starts import starting_points


@pytest.mark.parametrize("separate_search", [False, True])
def test_gradients_are_those_of_finite_differences(study, separate_search):
    density = Density(study.problem(separate_search))
    theta = torch.as_tensor(np.stack(starting_points(density.problem)))
    _, gradient = density.value_and_gradient(theta)
    step = 1e-5
    for place in range(density.size):
        move = torch.zeros(density.size, dtype=torch.float64)
        move[place] = step
        above, below = density.value(theta + move), density.value(theta - move)
        slope = (above - below) / (2 * step)
        assert np.allclose(gradient[:, place].numpy(), slope, rtol=1e-4, atol=2e-4), place


def test_a_company_is_integrated_as_by_brute_force(study, some_theta):
    """Of each group one company, over prevalence and share of easy people."""
    density = Density(study.problem())
    theta = torch.as_tensor(some_theta[:1])
    components = density.model.components(theta)
    compared = 0
    for data in density.groups:
        inputs = data.inputs(theta, components)
        for row in range(min(2, len(data.group.companies))):
            alone = _alone(data, row)
            value = float(group_log_likelihood([alone], [_inputs_of(inputs, row)]).item())
            exact = _brute_force(density, data, theta, components, row)
            # The grids' own resolution; a twentieth of a nat moves no posterior.
            assert value == pytest.approx(exact, abs=0.05), density.problem.companies[
                data.group.companies[row]
            ]
            compared += 1
    assert compared >= 6


def _alone(data, row):
    group = data.group
    return replace(
        group,
        companies=group.companies[row : row + 1],
        multiplicity=np.ones(1),
        profiles=group.profiles[row : row + 1],
        prior=group.prior[row : row + 1],
    )


def _inputs_of(inputs, row):
    part = slice(row, row + 1)
    return replace(
        inputs,
        weight=inputs.weight[:, part],
        hits=inputs.hits[:, part],
        people=inputs.people[:, part],
    )


def _brute_force(density, data, theta, components, row) -> float:
    group = data.group
    weight, cell = (w[0].detach().numpy() for w in data.weights(theta))
    tables = [
        (t[0][0] @ cells).numpy()
        for cells in (data.pattern_cells, data.cells)
        for t in (components.expert, components.near, components.easy)
    ]
    logit_mean, log_size = density.beta(theta, data.band, group.cohort, data.kinds)
    place = group.prior[row]
    mean, size = float(torch.sigmoid(logit_mean)[0, place]), float(log_size[0, place].exp())
    centre = float(density.model.easy_centre(theta, group.cohort))
    spread = float(torch.exp(density.model.part(theta, "log_easy_sd")))
    share = data.share[row].numpy() * cell[row]
    y, n = data.y[row].numpy(), data.people[row].numpy()

    def log_likelihood(pi: float, z: float) -> float:
        easy = expit(centre + spread * z)
        q, c = (
            pi * tables[i] + (1 - pi) * ((1 - easy) * tables[i + 1] + easy * tables[i + 2])
            for i in (0, 3)
        )
        profiles = float(weight[row] * (group.profiles[row] * np.log(q)).sum())
        return profiles + float((share * (y * np.log(c) - n * c)).sum())

    prior = beta(mean * size, (1 - mean) * size)
    # On the scale of the prior's own quantiles the integrand is smooth.
    look = [log_likelihood(prior.ppf(u), z) for u in np.linspace(0.02, 0.98, 25) for z in (-1, 1)]
    top = max(look)
    value, _ = dblquad(
        lambda u, z: np.exp(log_likelihood(prior.ppf(u), z) - top - 0.5 * z * z),
        -EASY_LIMIT,
        EASY_LIMIT,
        1e-9,
        1 - 1e-9,
        epsabs=1e-4,
        epsrel=1e-3,
    )
    normaliser = np.sqrt(2 * np.pi) * 0.99404
    return top + float(np.log(value / normaliser))


def test_refined_grids_and_threads_leave_the_density_as_it_is(study, some_theta):
    density = Density(study.problem())
    theta = torch.as_tensor(starting_points(density.problem)[0] + 0.0 * some_theta)
    before = density.value(theta)
    with ThreadPoolExecutor(2) as pool:
        density.pool = pool
        assert np.array_equal(density.value(theta), before)
    density.pool = None
    nodes = sum(len(data.group.grid.pair) for data in density.groups)
    density.refine(theta)
    assert sum(len(data.group.grid.pair) for data in density.groups) < nodes
    assert np.abs(density.value(theta) - before).max() < 0.05


def test_single_precision_costs_little_accuracy(study, some_theta):
    density = Density(study.problem())
    theta = torch.as_tensor(starting_points(density.problem)[0] + 0.0 * some_theta)
    value, gradient = density.value_and_gradient(theta)
    with density.roughly():
        rough, slope = density.value_and_gradient(theta)
    # A hundredth of a nat changes the acceptance of a trajectory by a hundredth.
    assert (value - rough).abs().max() < 0.01
    # Per standard deviation of the prior, which moves by far more than one nat.
    assert ((gradient - slope) @ torch.as_tensor(density.root)).abs().max() < 0.05
    assert torch.equal(density.value_and_gradient(theta)[0], value)


def test_companies_with_the_same_data_are_computed_once(study, some_theta):
    twice = [replace(c, company_id=f"{c.company_id} again") for c in study.companies[:6]]
    both = replace(study, companies=study.companies + twice)
    one, two = Density(study.problem()), Density(both.problem())
    rows = [sum(len(d.group.companies) for d in density.groups) for density in (one, two)]
    assert rows[0] == rows[1]
    told = sum(d.group.multiplicity.sum() for d in two.groups)
    assert told == len(two.problem.companies)

"""Verdicts about deployed profiles in the density: gradients, and integrals by brute force."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import dblquad
from scipy.special import expit, ndtr
from scipy.stats import beta

from ml_headcount_assets.model.hierarchical.differentiable.company_likelihood import (
    group_log_likelihood,
)
from ml_headcount_assets.model.hierarchical.differentiable.density import Density
from ml_headcount_assets.model.hierarchical.differentiable.verdict_cells import tables_of_verdicts
from ml_headcount_assets.model.hierarchical.grids import EASY_LIMIT
from ml_headcount_assets.model.hierarchical.starts import starting_points


def test_gradients_are_those_of_finite_differences(rated_study):
    density = Density(rated_study.problem())
    theta = torch.as_tensor(np.stack(starting_points(density.problem)))
    _, gradient = density.value_and_gradient(theta)
    step = 1e-5
    for place in range(density.size):
        move = torch.zeros(density.size, dtype=torch.float64)
        move[place] = step
        slope = (density.value(theta + move) - density.value(theta - move)) / (2 * step)
        assert np.allclose(gradient[:, place].numpy(), slope, rtol=1e-4, atol=2e-4), place


def test_verdicts_are_integrated_as_by_brute_force(study, rated_study, some_theta):
    """log E[P(verdicts | pi, e)] under the company's posterior by its labels, two ways."""
    rated, plain = rated_study.problem(), study.problem()
    theta = np.concatenate([some_theta[:1], [[-1.5, -1.9, -1.6, -1.8]]], axis=1)
    told = Density(rated)
    value = _companies_only(told, theta) - _companies_only(Density(plain), some_theta[:1])
    exact = sum(
        _brute_force(told, theta, number)
        for number, company in enumerate(rated.companies)
        if company.verdicts is not None
    )
    assert value == pytest.approx(exact, abs=0.02)


def _companies_only(density, theta):
    tensor = torch.as_tensor(theta)
    components = density.model.components(tensor)
    inputs = [data.inputs(tensor, components) for data in density.groups]
    return float(group_log_likelihood([d.group for d in density.groups], inputs))


def _brute_force(density, theta, number) -> float:
    """Integrate one company's likelihood with its verdicts, and without."""
    data, row = next(
        (data, list(data.group.companies).index(number))
        for data in density.groups
        if number in data.group.companies
    )
    theta = torch.as_tensor(theta)
    components, company = density.model.components(theta), density.problem.companies[number]
    tables = {}
    for name, cells in (
        ("profiles", data.pattern_cells),
        ("counts", data.cells),
        ("rated", torch.as_tensor(density.instruments.consistent(company.verdicts.labels))),
    ):
        tables[name] = [
            (t[0][0] @ cells).numpy() for t in (components.expert, components.near, components.easy)
        ]
    weight, cell = (w[0].detach().numpy() for w in data.weights(theta))
    logit_mean, log_size = density.beta(theta, data.band, data.group.cohort, data.kinds)
    place = data.group.prior[row]
    mean, size = float(torch.sigmoid(logit_mean)[0, place]), float(log_size[0, place].exp())
    centre = float(density.model.easy_centre(theta, data.group.cohort))
    spread = float(torch.exp(density.model.part(theta, "log_easy_sd")))
    miss, false_yes = ndtr(density.model.part(theta, "rater_errors")[0, :2].numpy())
    of = company.verdicts

    def log_likelihood(pi: float, z: float, with_verdicts: bool) -> float:
        easy = expit(centre + spread * z)

        def parts(name):
            expert, near, easier = tables[name]
            return pi * expert, (1 - pi) * ((1 - easy) * near + easy * easier)

        q, c = sum(parts("profiles")), sum(parts("counts"))
        y, n = data.y[row].numpy(), data.people[row].numpy()
        share = data.share[row].numpy() * cell[row]
        value = weight[row] * (data.group.profiles[row] * np.log(q)).sum()
        value += (share * (y * np.log(c) - n * c)).sum()
        if with_verdicts:
            expert, other = parts("rated")
            q = expert / (expert + other)
            said = q * (1 - miss) ** of.yes * miss**of.no
            said = said + (1 - q) * false_yes**of.yes * (1 - false_yes) ** of.no
            value += (of.counts * np.log(said)).sum()
        return float(value)

    prior = beta(mean * size, (1 - mean) * size)
    logs = []
    for with_verdicts in (True, False):
        top = max(
            log_likelihood(prior.ppf(u), z, with_verdicts)
            for u in np.linspace(0.02, 0.98, 25)
            for z in (-1, 0, 1)
        )
        value, _ = dblquad(
            lambda u, z, w=with_verdicts, top=top: np.exp(
                log_likelihood(prior.ppf(u), z, w) - top - 0.5 * z * z
            ),
            -EASY_LIMIT,
            EASY_LIMIT,
            1e-9,
            1 - 1e-9,
            epsabs=1e-3,
            epsrel=2e-3,
        )
        logs.append(top + np.log(value))
    return logs[0] - logs[1]


def test_raters_who_err_mix_the_classes_of_rated_cvs():
    other, expert = torch.tensor([[0.9, 0.1]]).double(), torch.tensor([[0.2, 0.8]]).double()
    errors = torch.as_tensor(np.full((1, 4), -1.2815515655446004))  # a tenth
    no, yes = tables_of_verdicts((other, expert), errors, yes_share=0.5)
    assert torch.allclose(no, 0.9 * other + 0.1 * expert, atol=1e-6)
    assert torch.allclose(yes, 0.9 * expert + 0.1 * other, atol=1e-6)

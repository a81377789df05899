"""Bayes' rule and the company's layers against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.model import EstimatorSettings
from ml_headcount_assets.model.evidence import PROFILES, CompanyEvidence
from ml_headcount_assets.model.posterior import (
    draw_employees,
    draw_experts,
    draw_prevalence,
    expert_posterior,
)

DEFAULT = EstimatorSettings.default()
BLOCKS = 80  # 4,000 draws know a mean to 1.6 % of a standard deviation, a variance to 2.2 %


def company(counts, headcount, prior=(2.0, 18.0)) -> CompanyEvidence:
    counts = np.array(counts)
    labels = np.arange(len(counts), dtype=np.int8)[:, None]
    return CompanyEvidence(
        "acme", headcount, "under_100", None, prior, labels, counts, {}, PROFILES, ()
    )


def test_posterior_is_bayes_rule():
    # sensitivity 0.8, specificity 0.9, prevalence 0.1: positive predictive value 8 / 17.
    likelihood = np.array([[[0.9, 0.1], [0.2, 0.8]]])
    posterior = expert_posterior(likelihood, np.array([0.1]))
    np.testing.assert_allclose(posterior, [[0.02 / 0.83, 0.08 / 0.17]])


def test_prevalence_follows_its_prior():
    drawn = draw_prevalence(company([5, 5], 10), DEFAULT, 0, BLOCKS)
    mean, variance = 0.1, 0.1 * 0.9 / 21
    assert drawn.mean() == pytest.approx(mean, abs=4 * np.sqrt(variance / len(drawn)))
    assert drawn.var() == pytest.approx(variance, rel=0.12)
    fixed = draw_prevalence(company([5, 5], 10), DEFAULT.with_layers([]), 0, 1)
    assert (fixed == 0.1).all()


def test_polya_urn_has_the_dirichlet_multinomial_variance():
    seen, headcount = np.array([30, 10]), 100
    drawn = draw_employees(company(seen, headcount), DEFAULT, 0, BLOCKS)
    assert (drawn.sum(axis=1) == headcount).all()
    assert (drawn >= seen).all()
    unseen, n, p = 60, 40, 0.25
    # Dirichlet-multinomial: m p (1 - p) (n + m) / (n + 1).
    variance = unseen * p * (1 - p) * (n + unseen) / (n + 1)
    assert drawn[:, 1].mean() == pytest.approx(25, abs=4 * np.sqrt(variance / len(drawn)))
    assert drawn[:, 1].var() == pytest.approx(variance, rel=0.1)


def test_no_sampling_error_when_everybody_was_seen():
    drawn = draw_employees(company([30, 10], 40), DEFAULT, 0, 2)
    assert (drawn == [30, 10]).all()


def test_two_profiles_of_many_employees_leave_nearly_everything_open():
    """Resampling two rows 1,000 times pretends to know the split; the urn does not."""
    urn = draw_employees(company([1, 1], 1000), DEFAULT, 0, BLOCKS)
    resampled = draw_employees(
        company([1, 1], 1000), EstimatorSettings.preset("paper-2026"), 0, BLOCKS
    )
    # Beta(1, 1) against Binomial(1000, 1/2): sd 288 against 16.
    assert urn[:, 1].std() == pytest.approx(998 / np.sqrt(12), rel=0.05)
    assert resampled[:, 1].std() == pytest.approx(np.sqrt(250), rel=0.05)


def test_employees_layer_off_keeps_the_seen_shares():
    drawn = draw_employees(company([3, 1], 41), DEFAULT.with_layers([]), 0, 1)
    assert (drawn.sum(axis=1) == 41).all()
    # 37 unseen split 3 : 1 is 27.75 and 9.25; the remainder goes to the larger fraction.
    assert (drawn == [31, 10]).all()


def test_truth_is_binomial_per_pattern():
    employees = np.tile([100, 50], (BLOCKS * 50, 1))
    posterior = np.tile([0.1, 0.6], (BLOCKS * 50, 1))
    drawn = draw_experts("acme", employees, posterior, DEFAULT, 0)
    variance = 100 * 0.09 + 50 * 0.24
    assert drawn.mean() == pytest.approx(40, abs=4 * np.sqrt(variance / len(drawn)))
    assert drawn.var() == pytest.approx(variance, rel=0.1)
    expected = draw_experts("acme", employees, posterior, DEFAULT.with_layers([]), 0)
    assert (expected == 40).all()

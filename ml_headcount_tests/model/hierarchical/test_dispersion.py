"""Expected deviances, and saturated likelihoods, of over-dispersion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import xlogy
from scipy.stats import multinomial

from ml_headcount_assets.model.hierarchical.dispersion import (
    count_saturation,
    expected_deviance,
    profile_saturation,
)


@pytest.mark.parametrize("mean", [0.05, 0.7, 6.0, 40.0])
def test_expected_deviance_is_the_mean_over_poisson_counts(mean):
    counts = np.random.default_rng(0).poisson(mean, 400_000)
    deviance = 2 * (xlogy(counts, np.maximum(counts, 1) / mean) - (counts - mean))
    told = expected_deviance(np.array([mean]))[0]
    assert told == pytest.approx(deviance.mean(), rel=0.02)


def test_rare_cells_have_less_deviance_than_one_degree_of_freedom():
    assert expected_deviance(np.array([0.01]))[0] < 0.15
    assert expected_deviance(np.array([1e6]))[0] == 1.0


def test_saturation_is_the_likelihood_at_the_own_frequencies():
    labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.int8)
    counts = np.array([[50.0, 20.0, 20.0, 10.0], [7.0, 0.0, 0.0, 3.0]])
    saturated, deviance = profile_saturation(counts, labels, np.zeros(2, int))
    for row, value in zip(counts, saturated, strict=True):
        best = multinomial.logpmf(row, row.sum(), row / row.sum())
        other = multinomial.logpmf(row, row.sum(), np.full(4, 0.25))
        gain = value - (row * np.log(0.25)).sum()
        assert gain == pytest.approx(best - other)
    # Three cells are free; a Poisson cell of a few people has a little more than 1.
    assert ((deviance > 2.5) & (deviance < 3.6)).all()


def test_patterns_with_other_gaps_are_a_multinomial_of_their_own():
    labels = np.array([[0, 0], [1, 1], [-1, 1], [-1, 0]], dtype=np.int8)
    counts = np.array([[8.0, 2.0, 3.0, 0.0]])
    saturated, _ = profile_saturation(counts, labels, np.zeros(1, int))
    assert saturated[0] == pytest.approx(8 * np.log(0.8) + 2 * np.log(0.2))


def test_counts_are_saturated_at_their_own_share():
    told = count_saturation(np.array([5.0, 0.0]), np.array([100.0, 100.0]))
    assert told == pytest.approx([5 * np.log(0.05) - 5, 0.0])

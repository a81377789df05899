"""Tetrachoric correlations against R, against themselves inverted, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import orthant_probabilities, tetrachoric

# psych and polycor stop their optimisers at about this distance.
R_TOLERANCE = 1e-4


def test_gold_tables(gold):
    assert gold["tetrachoric"]
    for case in gold["tetrachoric"]:
        table = np.reshape(case["table_n00_n01_n10_n11"], (2, 2))
        corrected = tetrachoric(table)
        assert corrected == pytest.approx(case["exact_half_in_zero_cells"], abs=R_TOLERANCE)
        plain = tetrachoric(table, continuity_correction=0)
        assert plain == pytest.approx(case["exact_uncorrected"], abs=R_TOLERANCE), case["id"]


@pytest.mark.parametrize("rho", [-0.97, -0.5, 0.0, 0.3, 0.8, 0.995])
@pytest.mark.parametrize("means", [(0.0, 0.0), (-1.3, -1.9), (0.0, 1.1), (-2.5, 2.0)])
def test_recovers_the_correlation_of_exact_proportions(rho, means):
    probability = orthant_probabilities(means, [[1, rho], [rho, 1]])
    table = probability.reshape(2, 2).T * 1e6
    # The smaller the smallest cell, the fewer of its digits are left to tell the correlation;
    # below 1e-12 only its sign and rough size are.
    tolerance = 1e-9 if probability.min() > 1e-6 else 1e-2 if probability.min() > 1e-12 else 0.1
    assert tetrachoric(table, continuity_correction=0) == pytest.approx(rho, abs=tolerance)


def test_broadcasts_over_leading_axes_without_mixing_tables():
    rng = np.random.default_rng(2)
    tables = rng.integers(0, 50, size=(3, 4, 2, 2))
    together = tetrachoric(tables)
    assert together.shape == (3, 4)
    for index in np.ndindex(3, 4):
        assert together[index] == tetrachoric(tables[index])


def test_exchanging_labels_of_one_side_changes_the_sign():
    table = np.array([[40, 10], [15, 35]])
    assert tetrachoric(table[::-1]) == pytest.approx(-tetrachoric(table), abs=1e-12)


def test_a_perfect_table_reaches_the_bound_and_stays_below_one():
    perfect = tetrachoric([[50, 0], [0, 50]], continuity_correction=0)
    assert 0.9999 < perfect < 1
    assert tetrachoric([[50, 0], [0, 50]]) < perfect


def test_an_empty_margin_says_nothing():
    assert tetrachoric([[10, 5], [0, 0]], continuity_correction=0) == 0
    assert tetrachoric(np.zeros((2, 2)), continuity_correction=0) == 0


@pytest.mark.parametrize(
    "table", [[[1, 2, 3], [4, 5, 6]], [[1, -1], [2, 3]], [[1, np.inf], [2, 3]]]
)
def test_unusable_tables_are_refused(table):
    with pytest.raises(InputError):
        tetrachoric(table)

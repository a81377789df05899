"""Cohen's kappa against published numbers, and its interval against what it promises."""

import math

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.agreement import agreement


def test_kappa_is_that_of_worked_examples():
    # Both have 60 % agreement; Cohen's kappa tells them apart (45-15-25-15, 25-35-5-35).
    assert agreement(45, 15, 25, 15).kappa == pytest.approx(0.1304, abs=1e-4)
    assert agreement(25, 35, 5, 35).kappa == pytest.approx(0.2593, abs=1e-4)
    assert agreement(20, 5, 10, 15).agreed == pytest.approx(0.7)


def test_agreement_on_everything_is_still_uncertain():
    few, many = agreement(5, 0, 0, 5), agreement(50, 0, 0, 50)
    assert few.kappa == many.kappa == few.high == many.high == 1.0
    assert 0.3 < few.low < 0.9 < many.low < 1.0


def test_where_both_always_say_no_there_is_no_kappa_but_an_interval():
    found = agreement(0, 0, 0, 30)
    assert math.isnan(found.kappa)
    assert found.low < found.high
    assert str(found).startswith("kappa undefined")


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (-1, 2, 3, 4)])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(InputError, match="both raters rated"):
        agreement(*counts)


def test_the_interval_covers_as_often_as_it_says():
    shares = np.array([0.25, 0.06, 0.09, 0.60])
    by_chance = 0.31 * 0.34 + 0.69 * 0.66
    kappa = (0.85 - by_chance) / (1 - by_chance)
    tables = np.random.default_rng(1).multinomial(60, shares, 300)
    found = [agreement(*table) for table in tables]
    covered = np.mean([each.low <= kappa <= each.high for each in found])
    assert covered == pytest.approx(0.8, abs=0.07)  # three standard errors

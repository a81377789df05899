"""The log-odds ratio against closed forms, and against simulations whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit

from ml_headcount_assets.text.keywords.log_odds import log_odds_ratio


def _simulated(share_experts, share_others, size=(153, 432), count=20_000, prior=20.0):
    rng = np.random.default_rng(1)
    experts = rng.binomial(size[0], share_experts, count)
    others = rng.binomial(size[1], share_others, count)
    return log_odds_ratio(experts, others, size, prior)


def test_without_a_prior_it_is_the_log_odds_ratio_with_a_half_in_each_cell() -> None:
    odds = log_odds_ratio(np.array([30]), np.array([20]), (100, 200), 0.0)
    assert odds.ratio[0] == pytest.approx(np.log(30.5 / 70.5) - np.log(20.5 / 180.5))
    assert odds.sd[0] ** 2 == pytest.approx(1 / 30.5 + 1 / 70.5 + 1 / 20.5 + 1 / 180.5)


def test_the_prior_adds_cvs_with_the_share_of_both_classes() -> None:
    odds = log_odds_ratio(np.array([30]), np.array([20]), (100, 200), 12.0)
    # 50 of 300 CVs have it, so of twelve CVs two have it and ten have not.
    with_prior = log_odds_ratio(np.array([32]), np.array([22]), (112, 212), 0.0)
    assert odds.ratio[0] == pytest.approx(with_prior.ratio[0])
    assert odds.sd[0] == pytest.approx(with_prior.sd[0])


def test_swapping_the_classes_changes_the_sign() -> None:
    a, b = np.array([3, 50]), np.array([9, 0])
    one, other = log_odds_ratio(a, b, (60, 90), 20.0), log_odds_ratio(b, a, (90, 60), 20.0)
    np.testing.assert_allclose(one.ratio, -other.ratio)
    np.testing.assert_allclose(one.sd, other.sd)


@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.6])
def test_z_is_standard_normal_if_the_classes_do_not_differ(share: float) -> None:
    z = _simulated(share, share).z
    # The prior pulls z in by √(n/(n + s)) in the smaller class: 0.94 here. The standard error of
    # a standard deviation from 20,000 draws is 0.005, that of a mean 0.007. A share of 0.05 is 8
    # of 153 CVs, where the counts' discreteness and the ½ are still felt.
    assert abs(z.mean()) < (0.15 if share == 0.05 else 0.06)
    assert 0.90 < z.std() < 1.02
    assert np.mean(np.abs(z) > 1.96) < 0.06


@pytest.mark.parametrize("share", [0.005, 0.01, 0.02])
def test_rare_phrases_do_not_look_better_than_they_are(share: float) -> None:
    z = _simulated(share, share).z
    # A strict list asks for z of 3 and a broad one for 2: one-sided, 0.1 % and 2.3 %.
    assert np.mean(z > 3) < 0.0015
    assert np.mean(z > 2) < 0.03


@pytest.mark.parametrize("effect", [0.5, 1.0, 2.0, -1.0])
def test_a_known_effect_is_recovered(effect: float) -> None:
    others = 0.15
    odds = _simulated(expit(logit(others) + effect), others, size=(3000, 6000))
    # With 3,000 CVs the twenty of the prior weigh less than one per cent.
    assert odds.ratio.mean() == pytest.approx(effect, rel=0.02)
    assert odds.ratio.std() == pytest.approx(odds.sd.mean(), rel=0.03)


def test_it_is_shrunk_the_more_the_fewer_cvs_there_are() -> None:
    shrunk = [
        np.abs(_simulated(0.4, 0.1, size=(n, 3 * n)).ratio.mean() / (logit(0.4) - logit(0.1)))
        for n in (20, 60, 200, 2000)
    ]
    assert shrunk == sorted(shrunk)
    assert shrunk[0] < 0.8
    assert shrunk[-1] > 0.97

"""What verdicts have changed: two fits beside each other, and each of them what it says it is."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model.effort import Effort
from ml_headcount_assets.model.estimate import prepare
from ml_headcount_assets.model.estimators import RATINGS_ESTIMATOR
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.model.rating_effect import RATING_EFFECT_COLUMNS, rating_effect
from ml_headcount_assets.model.settings import EstimatorSettings
from ml_headcount_assets.validity.rating_rounds import rate_profiles
from ml_headcount_assets.worlds.simulation import simulate_study

LIGHT = Effort(look=10, search=40, particles=40, chains=10, warmup=5, kept=12, rounds=1)


@pytest.fixture(scope="module")
def world():
    return simulate_study("shifted_labs", 6, 1_500, seed=3)


def fit(world, ratings):
    settings = replace(EstimatorSettings.default(), effort=LIGHT)
    chosen, evidence, settings, _ = prepare(
        world.validation, world.profiles, world.companies, RATINGS_ESTIMATOR, settings, ratings
    )
    return Fitted.of(chosen, evidence, settings, draws=120, seed=0)


@pytest.fixture(scope="module")
def rated(world):
    """Every third profile has been rated, rightly: what drift there is must show."""
    rows = np.arange(0, len(world.profiles), 3)
    return fit(world, rate_profiles(world, rows, wrong=0.0, twice=0.0, seed=0))


@pytest.fixture(scope="module")
def found(rated):
    return rating_effect(rated, level=0.8)


def test_before_and_after_are_the_two_estimates(found, rated, world):
    total = found.set_index(["quantity", "subject"]).loc[("experts", "all")]
    without = fit(world, None).draw().total()
    with_them = rated.draw().total()
    for end in ("low", "median", "high"):
        assert total[f"before_{end}"] == without[end]
        assert total[f"after_{end}"] == with_them[end]
    assert total["narrowed"] == pytest.approx(
        (with_them["high"] - with_them["low"]) / (without["high"] - without["low"])
    )


def test_five_hundred_verdicts_tell_the_sensitivities(found, world):
    """Some 150 experts among them: a sensitivity is known to 4 points, of 6 without them."""
    experts = world.profiles[world.is_expert.astype(bool)]
    rates = found[(found["quantity"] == "sensitivity") & (found["text"] == "profiles")]
    assert len(rates) == 5
    for row in rates.to_dict("records"):
        true = experts[row["subject"]].astype("Float64").mean()
        # Three standard errors of a share among 150.
        assert row["after_median"] == pytest.approx(true, abs=0.12)
    assert rates["narrowed"].mean() < 0.9


def test_rates_scales_and_levels_are_told(found, rated):
    assert list(found.columns) == list(RATING_EFFECT_COLUMNS)
    assert set(found["quantity"]) == {
        *("experts", "sensitivity", "near_miss_rate", "easy_rate", "drift scale")
    }
    assert (found["rated_profiles"] == rated.evidence.ratings["n_profiles"].sum()).all()
    assert (found["level"] == 0.8).all()
    for when in ("before", "after"):
        assert (found[f"{when}_low"] <= found[f"{when}_median"]).all()
        assert (found[f"{when}_median"] <= found[f"{when}_high"]).all()
    assert not found.duplicated(["quantity", "subject", "text"]).any()


def test_without_verdicts_there_is_nothing_to_compare(rated):
    unrated = replace(rated, evidence=replace(rated.evidence, ratings=None))
    pd.testing.assert_frame_equal(
        rating_effect(unrated, level=0.8), pd.DataFrame(columns=list(RATING_EFFECT_COLUMNS))
    )

"""Which profiles to rate: the plan's arithmetic, and that it spreads ratings where they tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import rating_design
from ml_headcount_assets.model.effort import Effort
from ml_headcount_assets.model.estimate import prepare
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.model.rating_design import design_ratings
from ml_headcount_assets.model.settings import EstimatorSettings
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_tests.little_effort import LITTLE


@pytest.fixture(scope="module")
def fitted() -> Fitted:
    world = simulate_study("twelve_labs", companies=6, profiles=600, seed=2)
    settings = replace(EstimatorSettings.default(), effort=replace(LITTLE, chains=16, kept=6))
    chosen, evidence, settings, _ = prepare(
        world.validation, world.profiles, world.companies, "hierarchical", settings
    )
    assert isinstance(settings.effort, Effort)
    return Fitted.of(chosen, evidence, settings, draws=90, seed=0)


def _plan(fitted, **options):
    return design_ratings(
        fitted.cohort, fitted.evidence, fitted.settings, **{"draws": 90, "n": 40, **options}
    )


def test_a_verdict_takes_from_the_variance_what_bayes_rule_says():
    """One kind of profile, whose share and the total are normal and known to move together."""
    rng = np.random.default_rng(0)
    share = 0.5 + 0.05 * rng.standard_normal(4_000)
    total = 1_000 * share + 20 * rng.standard_normal(4_000)
    joint = rating_design._Joint.of(share[:, None], total)
    slope, noise = 0.92, 0.25
    n = 80
    explained = (1_000 * 0.05**2 * slope) ** 2 / ((slope * 0.05) ** 2 + noise / n)
    exact = np.sqrt(1 - explained / (50**2 + 20**2))
    assert joint.narrowed(np.array([n])) == pytest.approx(exact, rel=0.02)


def test_ratings_go_where_they_tell_and_no_kind_gets_more_than_it_has():
    rng = np.random.default_rng(1)
    shares = 0.5 + np.array([0.1, 0.1, 0.001]) * rng.standard_normal((2_000, 3))
    total = 900 * shares[:, 0] + 300 * shares[:, 1]
    joint = rating_design._Joint.of(shares, total)
    first = np.array([0, 0, 3])
    numbers = joint.spread(first, np.array([20, 500, 500]), 60)
    assert numbers.sum() == 63
    assert numbers[0] == 20  # all that there are
    assert numbers[2] == 3  # by chance only
    assert joint.narrowed(numbers) < joint.narrowed(np.array([21, 21, 21]))


def test_a_round_is_full_keeps_its_random_part_and_says_what_it_buys(fitted):
    plan = _plan(fitted)
    assert plan.strata["n_ratings"].sum() == 40
    assert plan.strata["n_random"].sum() == 8
    assert (plan.strata["n_ratings"] <= plan.strata["n_profiles"]).all()
    assert 0 < plan.narrowed < plan.narrowed_by_chance <= 1
    assert "40 ratings for headline" in repr(plan)
    again = _plan(fitted)
    pd.testing.assert_frame_equal(plan.strata, again.strata)


def test_profiles_are_drawn_within_their_kind(fitted):
    plan = _plan(fitted, purpose="cohort=ml_labs")
    rows = [
        {"company_id": company_id, "pattern": pattern}
        for company_id in plan.company_group
        for pattern in plan.strata["pattern"]
        for _ in range(30)
    ]
    chosen = plan.choose(pd.DataFrame(rows))
    assert chosen.index.is_unique
    found = chosen.groupby("pattern").size()
    wanted = plan.strata.set_index("pattern")["n_ratings"]
    assert (found == wanted.reindex(found.index)).all()
    assert chosen["by_chance"].sum() == plan.strata["n_random"].sum()
    assert np.allclose(
        chosen["inclusion"], wanted.reindex(chosen["pattern"]) / (30 * len(plan.company_group))
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"purpose": "labs"}, "headline, cohort=NAME or company=ID"),
        ({"purpose": "company=nobody"}, "No company with evidence"),
        ({"n": 10_000}, "are not rated yet"),
        ({"random_part": 1.5}, "random part from 0 to 1"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(fitted, options, message):
    with pytest.raises(InputError, match=message):
        _plan(fitted, **options)

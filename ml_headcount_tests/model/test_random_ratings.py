"""Ratings of deployed profiles as rated CVs, where they are a random sample."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import Annotator, EstimatorSettings
from ml_headcount_assets.model.deployed_verdicts import cvs_for_errors
from ml_headcount_assets.model.estimate import prepare
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.validity.rating_rounds import rate_profiles
from ml_headcount_assets.worlds.simulation import simulate_study

_TWO = (Annotator("b", "llm"), Annotator("a", "llm"))


def _ratings(*rows: tuple[str, int, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["pattern", "yes", "no", "n_profiles"])
    return frame.assign(company_id="acme")


def test_each_profile_is_a_row_with_the_verdict_of_most_raters() -> None:
    rated = pd.DataFrame({"is_expert": [1, 0], "b": [1, 0], "a": [0, 0]}, index=["x", "y"])
    ratings = _ratings(("10", 2, 0, 2), ("-1", 1, 2, 1), ("11", 1, 1, 5), ("00", 0, 0, 3))
    together = cvs_for_errors(rated, ratings, _TWO, ratings_are_random=True)
    found = together[["is_expert", "a", "b"]].astype("Int8").iloc[2:]
    assert found.fillna(-1).to_numpy().tolist() == [[1, 1, 0], [1, 1, 0], [0, -1, 1]]
    pd.testing.assert_frame_equal(
        together.iloc[:2].astype(int), rated.reset_index(drop=True).astype(int)
    )


@pytest.mark.parametrize("ratings", [None, _ratings(), _ratings(("10", 1, 0, 1))])
def test_without_the_promise_rated_cvs_stay_alone(ratings: pd.DataFrame | None) -> None:
    rated = pd.DataFrame({"is_expert": [1, 0], "b": [1, 0], "a": [0, 0]})
    assert cvs_for_errors(rated, ratings, _TWO, ratings_are_random=False) is rated


def test_five_layer_learns_from_a_random_sample_that_sensitivities_have_moved() -> None:
    world = simulate_study("shifted_labs", seed=3)
    rows = np.random.default_rng(1).choice(len(world.profiles), 2_000, replace=False)
    ratings = rate_profiles(world, rows, wrong=0.0, twice=0.0, seed=1)
    error = {}
    for random in (False, True):
        settings = replace(EstimatorSettings.default(), ratings_are_random=random)
        tables = world.validation, world.profiles, world.companies
        chosen, evidence, settings, _ = prepare(*tables, "five_layer", settings, ratings)
        fit = Fitted.of(chosen, evidence, settings, draws=200, seed=0).fit
        names = [annotator.name for annotator in fit.annotators]
        fitted = pd.Series(fit.positive_rates[:, 1].mean(axis=0), names)
        deployed = _shares(world, rows)
        error[random] = float((fitted - deployed).abs().mean())
    # 560 experts of the sample and 153 rated ones together: 153/713 of the error is left, and
    # twice that allows for the sampling of both.
    assert error[True] < 2 * 153 / 713 * error[False]


def _shares(world, rows) -> pd.Series:
    experts = world.profiles.iloc[rows][world.is_expert[rows].astype(bool)]
    return experts.drop(columns="company_id").mean()

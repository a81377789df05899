"""Simulated raters, and what is made of the rounds."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.validity.rating_rounds import rate_profiles, summarise_rounds
from ml_headcount_assets.worlds.simulation import simulate_study


@pytest.fixture(scope="module")
def world():
    return simulate_study("shifted_labs", companies=4, profiles=400, seed=1)


def test_raters_who_do_not_err_tell_the_truth(world):
    rows = np.arange(0, len(world.profiles), 2)
    rated = rate_profiles(world, rows, wrong=0.0, twice=1.0, seed=0)
    assert (rated["yes"] * rated["no"] == 0).all()
    assert (rated["yes"] + rated["no"] == 2).all()
    yes = rated.loc[rated["yes"] == 2, "n_profiles"].sum()
    assert yes == world.is_expert[rows].sum()
    assert rated["n_profiles"].sum() == len(rows)


def test_raters_err_as_often_as_they_are_said_to(world):
    rows = np.arange(len(world.profiles))
    rated = rate_profiles(world, rows, wrong=1.0, twice=0.0, seed=0)
    yes = rated.loc[rated["yes"] == 1, "n_profiles"].sum()
    assert yes == (1 - world.is_expert).sum()


def test_rounds_are_compared_within_their_world():
    base = {"scenario": "s", "group": "all", "truth": 100, "mean": 110.0, "log_score": 0.0}
    rows = [
        base | {"world": w, "design": d, "ratings": n, "relative_width": width, "covered": True}
        for w, scale in ((0, 1.0), (1, 3.0))
        for d, n, width in (("none", 0, 0.2 * scale), ("proposed", 100, 0.1 * scale))
    ]
    table = summarise_rounds(rows).set_index("design")
    assert table.loc["proposed", "of_width_before"] == pytest.approx(0.5)
    assert table.loc["proposed", "error"] == pytest.approx(0.1)
    assert table.loc["none", "worlds"] == 2

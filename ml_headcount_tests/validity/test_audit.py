"""What each of the four old flaws does, on a few small worlds with fixed seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.validity.audit import FLAWS, audit_flaws
from ml_headcount_assets.validity.methods import estimated
from ml_headcount_assets.worlds.simulation import simulate_study


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return audit_flaws(worlds=3, companies=50, profiles=4_000, draws=100).set_index("flaw")


def test_there_is_a_line_without_one_of_each_and_one_of_all(table: pd.DataFrame) -> None:
    assert list(table.index) == ["five_layer", *FLAWS, "log_debias"]
    assert table["description"].notna().all()
    assert (table["worlds"] == 3).all()
    assert table.loc["five_layer", ["coverage_change", "ranks_change"]].tolist() == [0, 0]


def test_intervals_of_disagreement_alone_cover_far_too_little(table: pd.DataFrame) -> None:
    assert table.loc["disagreement_only", "ranks_change"] < -0.15
    assert table.loc["disagreement_only", "total_80"] <= table.loc["five_layer", "total_80"]


def test_independent_witnesses_cover_less(table: pd.DataFrame) -> None:
    assert table.loc["independent", "ranks_change"] < 0
    assert table.loc["independent", "total_ratio"] > 1.2 * table.loc["five_layer", "total_ratio"]
    assert table.loc["independent", "log_score"] > table.loc["five_layer", "log_score"]


def test_all_four_together_are_worst(table: pd.DataFrame) -> None:
    assert table["ranks"].idxmin() == "log_debias"
    assert table["log_score"].idxmax() == "log_debias"


def test_every_flaw_costs_score(table: pd.DataFrame) -> None:
    sound = table.loc["five_layer", "log_score"]
    assert (table.drop(index="five_layer")["log_score"] > sound).all()


def test_half_an_expert_is_added_to_everybody() -> None:
    world = simulate_study("matched", 40, 2_000, seed=3)
    sound, flawed = (
        estimated(world, "five_layer", 400, 1),
        FLAWS["half_an_expert"].answer(world, 400, 1),
    )
    added = (flawed.mean - sound.mean)[sound.known]
    # Half of 400 draws: a standard error of 0.025 each.
    assert np.abs(added - 0.5).max() < 5 * 0.025
    assert added.mean() == pytest.approx(0.5, abs=0.02)


def test_medians_of_medians_know_what_their_annotators_know() -> None:
    world = simulate_study("matched", 30, 1_500, seed=3)
    answer = FLAWS["median_of_medians"].answer(world, 20, 1)
    assert (answer.known == estimated(world, "five_layer", 20, 1).known).all()
    headcount = world.truth["headcount"].to_numpy()
    assert (answer.draws <= headcount[:, None]).all()


def test_an_audit_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="at least one world"):
        audit_flaws(worlds=0)

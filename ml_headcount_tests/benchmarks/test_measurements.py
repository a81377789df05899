"""The benchmark measures what it says; the times themselves are no test's business."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_headcount_assets.worlds.simulation import simulate_study

from .measurements import (
    Measurement,
    Tables,
    against_the_published_one,
    command_line,
    reference_tables,
)


@pytest.mark.parametrize(
    ("value", "goal", "at_least", "reached"),
    [(2.0, 3.0, False, True), (4.0, 3.0, False, False), (4.0, 3.0, True, True)],
)
def test_goals_are_bounds(value: float, goal: float, at_least: bool, reached: bool) -> None:
    assert Measurement("speed", value, "x", goal, at_least).reached is reached


def test_published_speed_follows_from_the_yardstick() -> None:
    world = simulate_study(companies=5, profiles=200)
    tables = Tables(world.validation, world.profiles, world.companies)
    cdf, published, default, ratio, *_ = against_the_published_one(tables, draws=64)
    assert published.value == pytest.approx(17 * cdf.value / 0.014)
    assert ratio.value == pytest.approx(64 * published.value / default.value)


def test_commands_are_timed_from_cold_to_refreshed(tmp_path: Path) -> None:
    first, memory, again, share, one = command_line(
        tmp_path,
        simulate_study(companies=6, profiles=300),
        *("--draws", 64, "--estimator", "log_debias"),
    )
    assert share.value == pytest.approx(again.value / first.value)
    assert 0.05 < memory.value < 2
    assert one.value > 0


def test_reference_study_has_the_published_companies(reference_directory: Path) -> None:
    tables = reference_tables(reference_directory)
    assert len(tables.profiles) == 11_205
    assert len(tables.validation) == 585
    assert tables.companies.set_index("company_id").loc["googledeepmind", "headcount"] == 6500
    assert len(tables.companies) == 12

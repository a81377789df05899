"""What labels will cost is told without asking anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study
from ml_headcount_assets.worlds.writing import write_world

from .conftest import Command


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study("matched", companies=4, profiles=60, seed=1)


@pytest.fixture
def study(tmp_path: Path, world: SimulatedWorld) -> Path:
    return write_world(world, tmp_path / "study", raw_profiles=True)


def test_costs_are_told_and_nobody_is_asked(
    command: Command, study: Path, world: SimulatedWorld
) -> None:
    config = study / "study.yaml"
    content = yaml.safe_load(config.read_text())
    filters = [entry for entry in content["annotators"] if entry["kind"] == "filter"]
    asked = {
        "name": "llm_a",
        "kind": "llm",
        "model": "a-1",
        "endpoint": "http://127.0.0.1:9/v1",  # nobody is there
        "api_key_env": "NO_SUCH_VARIABLE_5524",
        "price_per_million": {"input": 100, "output": 100},
    }
    config.write_text(yaml.safe_dump({**content, "annotators": [asked, *filters]}))
    assert "llm_a costs money" in command("label-cost", "--study", study).output
    config.write_text(
        yaml.safe_dump({**content, "annotators": [asked, *filters], "spending_cap": 7})
    )
    told = command("label-cost", "--study", study)
    assert told.exit_code == 0
    texts = len(world.profiles) + len(world.validation)
    assert f"llm_a: {texts} of {texts} texts to ask about, " in told.output
    assert "Spent on labels so far: 0.00 of at most 7.00." in told.output


def test_a_study_that_asks_nobody_costs_nothing(command: Command, study: Path) -> None:
    told = command("label-cost", "--study", study)
    assert told.exit_code == 0
    assert "nobody is asked, nothing is paid" in told.output
    assert not (study.parent / ".ml-headcount").exists()

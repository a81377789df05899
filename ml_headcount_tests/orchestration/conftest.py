"""A small simulated study, and a warehouse in which it has been estimated once."""

from __future__ import annotations

import shutil
import warnings
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ml_headcount_assets.orchestration.session import (
    RunSummary,
    discover_study_keywords,
    materialize_study,
)
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_assets.worlds.writing import write_world

# Three annotators and few draws: these tests are about what is made anew, not about numbers.
ANNOTATORS = ["llm_gemini_2_5_flash", "llm_sonnet_4", "filter_broad_yes"]
DRAWS = 60


@pytest.fixture(autouse=True)
def no_beta_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


@pytest.fixture(autouse=True)
def short_reports(request, monkeypatch):
    """Let runs within a test write a report of a line: the report has tests of its own.

    It costs a third of a run of so small a study. Runs of fixtures, and of tests that are marked
    with `whole_report`, write it whole.
    """
    if "whole_report" not in request.keywords:
        monkeypatch.setattr(
            "ml_headcount_assets.orchestration.assets.report.write_report",
            lambda results, study, path: path.write_text(f"{study.name}: a report\n"),
        )


def write_study(directory: Path, *, companies: int = 12) -> Path:
    """Write a study that takes seconds to estimate."""
    write_world(simulate_study("matched", companies, 600, seed=1), directory)
    config = directory / "study.yaml"
    content = yaml.safe_load(config.read_text())
    content["annotators"] = [a for a in content["annotators"] if a["name"] in ANNOTATORS]
    content["draws"] = DRAWS
    content["estimators"] = ["five_layer", "log_debias"]
    config.write_text(yaml.safe_dump(content))
    return directory


@pytest.fixture(scope="session")
def heard() -> list[tuple[str, int, int]]:
    """What the run of `pristine` told of its progress: stage, done, total."""
    return []


@pytest.fixture(scope="session")
def pristine(tmp_path_factory, heard) -> tuple[Path, Path, RunSummary]:
    """The study's directory, its warehouse after one run, and what that run said."""
    root = tmp_path_factory.mktemp("pristine")
    directory = write_study(root / "study")
    warehouse = root / "warehouse"
    summary = materialize_study(
        load_study(directory), warehouse, progress=lambda *told: heard.append(told)
    )
    return directory, warehouse, summary


class Place:
    """A copy of the study and its warehouse that a test may change."""

    def __init__(self, root: Path) -> None:
        self.directory, self.warehouse = root / "study", root / "warehouse"

    @property
    def study(self) -> Study:
        return load_study(self.directory)

    def run(self, **arguments) -> RunSummary:
        return materialize_study(self.study, self.warehouse, **arguments)

    def discover(self) -> RunSummary:
        return discover_study_keywords(self.study, self.warehouse)


@pytest.fixture
def fresh(tmp_path, pristine) -> Place:
    """A study that has not been run."""
    shutil.copytree(pristine[0], tmp_path / "study")
    return Place(tmp_path)


@pytest.fixture
def place(fresh, pristine) -> Place:
    """A study that has been run."""
    shutil.copytree(pristine[1], fresh.warehouse)
    return fresh

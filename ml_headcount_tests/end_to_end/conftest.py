"""Running the command line as a user would, and a small study to run it on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from ml_headcount_assets.cli.main import main
from ml_headcount_tests.little_effort import ask_for_little

ANNOTATORS = ("filter_a", "filter_b", "llm_x", "llm_y")
#: Settings of `first_run`.
FEW_DRAWS = ("--draws", 64)
Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command in an empty folder; nothing it does may show a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ML_HEADCOUNT_WAREHOUSE", raising=False)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert "Traceback" not in result.output
        return result

    return run


class StudyFiles:
    """The three tables of a small study, to be spoilt one way or another before `write`."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.companies = pd.DataFrame(
            {
                "company_id": ["acme", "bits", "core", "dusk"],
                "name": ["Acme", "Bits", "Core", "Dusk"],
                "headcount": [30, 40, 20, 25],
                "filter_a_hits": [6, 8, 4, 5],
                "filter_b_hits": [3, 4, 2, 2],
            },
            dtype=object,
        )
        rng = np.random.default_rng(0)
        is_expert = np.arange(120) < 40
        self.validation = self._labels(rng, is_expert).assign(is_expert=is_expert.astype(int))
        company = np.repeat(["acme", "bits", "core"], [24, 30, 18])
        self.profiles = self._labels(rng, rng.random(len(company)) < 0.2)
        self.profiles.insert(0, "company_id", company)

    @staticmethod
    def _labels(rng: np.random.Generator, is_expert: np.ndarray) -> pd.DataFrame:
        fires = rng.random((len(is_expert), len(ANNOTATORS)))
        return pd.DataFrame(
            (fires < np.where(is_expert, 0.75, 0.15)[:, None]).astype(int),
            columns=list(ANNOTATORS),
            dtype=object,
        )

    def write(self) -> Path:
        self.directory.mkdir(exist_ok=True)
        self.companies.to_csv(self.directory / "companies.csv", index=False)
        self.validation.to_csv(self.directory / "validation.csv", index=False)
        self.profiles.to_csv(self.directory / "profile_labels.csv", index=False)
        ask_for_little(self.directory)
        return self.directory


@pytest.fixture
def files(tmp_path: Path) -> StudyFiles:
    return StudyFiles(tmp_path / "study")


@pytest.fixture(scope="session")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A folder in which the small study has been run with `FEW_DRAWS`, and what was printed."""
    home = tmp_path_factory.mktemp("first_run")
    study = StudyFiles(home / "study").write()
    warehouse = home / ".ml-headcount" / "warehouse"
    arguments = ("run", "--study", study, "--warehouse", warehouse, *FEW_DRAWS)
    result = CliRunner(env={"COLUMNS": "160"}).invoke(main, [str(a) for a in arguments])
    assert result.exit_code == 0, result.output
    return home, result.output


@pytest.fixture
def after_run(command: Command, files: StudyFiles, first_run: tuple[Path, str]) -> str:
    """Copy that folder to where `command` and `files` are; what the run printed."""
    home, output = first_run
    shutil.copytree(home, files.directory.parent, dirs_exist_ok=True)
    return output

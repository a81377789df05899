"""A simulated world on disk is a study like any other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import (
    read_companies,
    read_profile_labels,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.study import load_study
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study
from ml_headcount_assets.worlds.writing import write_world


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study(companies=40, profiles=3_000, seed=2)


def _contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_the_readers_give_the_world_back(world: SimulatedWorld, tmp_path: Path) -> None:
    study = load_study(write_world(world, tmp_path / "world"))
    companies, hits, rejects = read_companies(study)
    assert rejects.empty
    columns = ["company_id", "name", "headcount", "cohort", "headquarters"]
    pd.testing.assert_frame_equal(companies[columns], world.companies[columns])
    wide = hits.pivot(index="company_id", columns="annotator", values="hits").add_suffix("_hits")
    expected = world.companies.set_index("company_id")[list(wide.columns)]
    pd.testing.assert_frame_equal(wide, expected, check_names=False)

    rated_cvs, rated_labels, rejects = read_rated_cvs(study)
    assert rejects.empty
    assert rated_cvs["is_expert"].tolist() == world.validation["is_expert"].tolist()
    labels, rejects = read_profile_labels(study, companies["company_id"])
    assert rejects.empty
    for frame, read in ((world.validation, rated_labels), (world.profiles, labels)):
        for annotator, rows in read.groupby("annotator"):
            assert rows["label"].fillna(-1).tolist() == frame[annotator].fillna(-1).tolist()
    one = labels[labels["annotator"] == "llm_sonnet_4"]
    assert one["company_id"].tolist() == world.profiles["company_id"].tolist()
    derived = {a.name: set(a.derived) for a in study_annotators(study) if a.derived}
    assert derived == {"filter_broad_yes_strict_no": {"filter_broad_yes", "filter_strict_no"}}


def test_the_truth_lies_apart(world: SimulatedWorld, tmp_path: Path) -> None:
    directory = write_world(world, tmp_path / "world")
    truth = pd.read_csv(directory / "truth" / "truth.csv")
    assert truth["experts"].tolist() == world.truth["experts"].tolist()
    study = load_study(directory)
    paths = [entry.path for _, entry in study.files if entry is not None]
    assert all(path.parent == directory for path in paths)


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_behind(
    world: SimulatedWorld, tmp_path: Path
) -> None:
    directory = write_world(world, tmp_path / "world")
    before = _contents(directory)
    write_world(world, directory)
    assert _contents(directory) == before
    assert [path.name for path in tmp_path.iterdir()] == ["world"]


def test_other_worlds_replace_it(world: SimulatedWorld, tmp_path: Path) -> None:
    directory = write_world(world, tmp_path / "world")
    write_world(simulate_study("ml_labs", companies=5, profiles=9, seed=1), directory)
    assert load_study(directory).name == "simulated-ml_labs-1"
    assert len(read_companies(load_study(directory))[0]) == 5


def test_foreign_files_are_left_alone(world: SimulatedWorld, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(InputError, match="neither an empty directory nor"):
        write_world(world, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    directory = write_world(world, tmp_path / "world")
    (directory / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="neither an empty directory nor"):
        write_world(world, directory)


def test_failure_leaves_nothing_half_written(
    world: SimulatedWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Path, "write_text", full_disk)
    with pytest.raises(OSError, match="no space left"):
        write_world(world, tmp_path / "world")
    assert not list(tmp_path.iterdir())

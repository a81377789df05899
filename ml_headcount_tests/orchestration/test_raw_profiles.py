"""A study of raw profiles, from texts to intervals: the same numbers, and nothing made in vain."""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.assets import annotate, ingest
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.text.recipe import RECIPE_VERSION
from ml_headcount_assets.warehouse.beside import (
    extracts_path,
    home_of,
    people_path,
    results_path,
    work_path,
)
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_assets.worlds.writing import write_world
from ml_headcount_tests.orchestration.conftest import DRAWS, Place
from ml_headcount_tests.privacy import MARK, leaks, marked_profile

COMPANIES = 12
RULES = {
    "terms": {"ml": ["ML", "machine learning", "deep learning", "RL", "reinforcement learning"]},
    "rules": {"filter_ml": {"all_of": ["ml"]}},
}


def _configure(directory: Path, **changes) -> None:
    config = directory / "study.yaml"
    content = {**yaml.safe_load(config.read_text()), "estimators": ["five_layer"], "draws": DRAWS}
    config.write_text(yaml.safe_dump({**content, **changes}))


@pytest.fixture(scope="module")
def world():
    return simulate_study("matched", COMPANIES, 600, seed=1)


@pytest.fixture(scope="module")
def estimated(world, tmp_path_factory) -> Path:
    """A folder with a raw study and its warehouse after one run."""
    root = tmp_path_factory.mktemp("raw")
    directory = write_world(world, root / "study", raw_profiles=True)
    _configure(directory)
    summary = materialize_study(load_study(directory), root / "warehouse")
    assert len(summary.companies) == COMPANIES
    return root


@pytest.fixture
def raw(estimated, tmp_path) -> Place:
    """A copy that a test may change."""
    place = Place(tmp_path)
    shutil.copytree(estimated / "study", place.directory)
    shutil.copytree(estimated / "warehouse", place.warehouse)
    return place


def _profiles(place: Place) -> list[dict]:
    (path,) = (place.directory / "profiles").iterdir()
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def _write_profiles(place: Place, name: str, profiles: list[dict]) -> None:
    lines = "".join(json.dumps(profile) + "\n" for profile in profiles)
    (place.directory / "profiles" / name).write_text(lines)


def _stage(place: Place, table: str) -> pd.DataFrame:
    return TableStore(place.warehouse).read(table)


def test_numbers_are_those_of_the_same_world_with_prepared_labels(estimated, world, tmp_path):
    directory = write_world(world, tmp_path / "study")
    _configure(directory)
    materialize_study(load_study(directory), tmp_path / "warehouse")
    raw, prepared = (
        TableStore(estimated / "warehouse"),
        TableStore(tmp_path / "warehouse"),
    )
    for table in ("pattern_counts", "headcount_intervals", "portfolio_intervals"):
        pd.testing.assert_frame_equal(raw.read(table), prepared.read(table))
    assert prepared.read("profiles").empty
    assert prepared.read("keyword_labels").empty


def test_labels_tell_how_they_came_about(estimated, world):
    labels = TableStore(estimated / "warehouse").read("profile_labels")
    assert labels.groupby("annotator")["profile_id"].nunique().eq(len(world.profiles)).all()
    is_filter = labels["annotator"].str.startswith("filter")
    filters = load_study(estimated / "study").keyword_filters
    for name, rows in labels[is_filter].groupby("annotator"):
        assert rows["model"].unique().tolist() == [filters.fingerprint(name)]
        assert rows["recipe"].unique().tolist() == [RECIPE_VERSION]
    assert labels.loc[labels["label"].isna(), "missing"].notna().all()
    assert labels.loc[is_filter, "label"].notna().all()


def test_a_second_run_reads_and_labels_nothing(raw, monkeypatch):
    def in_vain(*_, **__):
        raise AssertionError("made in vain")

    monkeypatch.setattr(ingest, "read_profiles", in_vain)
    monkeypatch.setattr(annotate, "label_profiles", in_vain)
    monkeypatch.setattr(annotate, "gather_labels", in_vain)
    unchanged = raw.run().unchanged
    assert {unchanged[name] for name in ("profiles", "keyword_labels", "profile_labels")} == {
        COMPANIES
    }


def test_the_same_profiles_again_change_nothing(raw):
    before = _stage(raw, "profiles")
    _write_profiles(raw, "again.jsonl", _profiles(raw))
    unchanged = raw.run().unchanged
    assert unchanged["profiles"] == 0
    assert unchanged["keyword_labels"] == unchanged["headcount_draws"] == COMPANIES
    pd.testing.assert_frame_equal(_stage(raw, "profiles"), before)
    rejects = _stage(raw, "rejects")
    told = rejects.loc[rejects["reader"] == "profiles", "reason"].tolist()
    assert [reason.split(" times")[0] for reason in told] == [str(len(before))]


def test_a_newer_snapshot_concerns_its_company_only(raw):
    before = _profiles(raw)
    newer = {**before[0], "timestamp": "2026-01-01", "about": "Doctor of ML, no sales."}
    _write_profiles(raw, "newer.jsonl", [newer])
    unchanged = raw.run().unchanged
    assert unchanged["keyword_labels"] == COMPANIES - 1
    profiles = _stage(raw, "profiles").set_index("profile_id")
    assert "Doctor of ML" in profiles.loc[newer["linkedin_id"], "text"]
    assert set(profiles.index) == {profile["linkedin_id"] for profile in before}


def test_one_company_alone_is_the_same(raw):
    newer = {**_profiles(raw)[0], "timestamp": "2026-01-01", "about": "Doctor of ML."}
    _write_profiles(raw, "newer.jsonl", [newer])
    before = _stage(raw, "profiles")
    company = before.set_index("profile_id").loc[newer["linkedin_id"], "company"]
    raw.run(companies=[company])
    alone, rejects = _stage(raw, "profiles"), _stage(raw, "rejects")
    others = alone["company"] != company
    pd.testing.assert_frame_equal(alone[others], before[before["company"] != company])
    raw.run()
    pd.testing.assert_frame_equal(_stage(raw, "profiles"), alone)
    pd.testing.assert_frame_equal(_stage(raw, "rejects"), rejects)


def test_other_rules_label_anew_without_reading_anew(raw):
    annotators = yaml.safe_load((raw.directory / "study.yaml").read_text())["annotators"]
    llms = [each for each in annotators if each["kind"] == "llm"]
    _configure(
        raw.directory, filters=RULES, annotators=[*llms, {"name": "filter_ml", "kind": "filter"}]
    )
    unchanged = raw.run().unchanged
    assert unchanged["profiles"] == COMPANIES
    assert unchanged["keyword_labels"] == 0
    labels = _stage(raw, "profile_labels")
    assert [name for name in labels["annotator"].unique() if "filter" in name] == ["filter_ml"]


def test_damage_on_the_way_leaves_the_warehouse_as_it_was(raw):
    before = _stage(raw, "profiles")
    (path,) = (raw.directory / "profiles").iterdir()
    path.unlink()
    _write_profiles(raw, "other.jsonl", [{"linkedin_id": "p", "current_company": "Nowhere"}])
    with pytest.raises(InputError, match="none of the profiles can be used"):
        raw.run()
    pd.testing.assert_frame_equal(_stage(raw, "profiles"), before)


# --- privacy ---------------------------------------------------------------------------------

_COMMAND = """
import logging
logging.basicConfig(level=logging.DEBUG)
from ml_headcount_assets.cli.main import main
main()
"""


def _run_with_everything_logged(*arguments: object) -> tuple[int, bytes]:
    ended = subprocess.run(
        [sys.executable, "-X", "dev", "-c", _COMMAND, *map(str, arguments)],
        env={**os.environ, "ML_HEADCOUNT_WAREHOUSE": ""},
        capture_output=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def marked(raw) -> Place:
    """A study with marks in its profiles, good and bad, and in its rated CVs."""
    companies = _stage(raw, "profiles")["company_id"].unique()[:3]
    profiles = [marked_profile(f"m{n}", company) for n, company in enumerate(companies)]
    profiles += [marked_profile("m3", f"{MARK} and sons"), {**profiles[0], "linkedin_id": None}]
    profiles += [{**profiles[1], "linkedin_id": "m4", "about": [MARK], "timestamp": MARK}]
    profiles += [{**profiles[1], "linkedin_id": "m5", "current_company": MARK, "experience": MARK}]
    _write_profiles(raw, "marked.jsonl", profiles)
    with (raw.directory / "profiles" / "marked.jsonl").open("ab") as file:
        file.write(f'{{"about": "{MARK}\n"{MARK}"\n{MARK}\n'.encode() + MARK.encode() + b"\xff\n")
    rated = raw.directory / "validation.jsonl.gz"
    cvs = (
        gzip.decompress(rated.read_bytes()).decode().replace('"position":"', f'"position":"{MARK} ')
    )
    rated.write_bytes(gzip.compress(cvs.encode()))
    return raw


def test_nothing_of_a_person_is_written_outside_the_warehouse(marked, tmp_path):
    code, output = _run_with_everything_logged(
        "run", "--study", marked.directory, "--warehouse", marked.warehouse
    )
    assert code == 0
    assert MARK in "".join(_stage(marked, "profiles")["text"])
    assert len(_stage(marked, "rejects").query("reader == 'profiles'")) >= 8
    # What was read of the files is kept where nobody else can look.
    kept = extracts_path(marked.warehouse)
    assert kept.stat().st_mode & 0o077 == 0
    of_people = {people_path(marked.warehouse), kept}
    written = [
        *(path for path in marked.warehouse.iterdir() if path not in of_people),
        *(path for path in tmp_path.iterdir() if path not in (marked.directory, marked.warehouse)),
    ]
    assert {home_of(marked.warehouse), work_path(marked.warehouse)} < set(written)
    assert results_path(marked.warehouse) in written
    assert not leaks([*written, output])
    # The search does find it where it is.
    assert leaks([people_path(marked.warehouse)])
    assert leaks([marked.directory])


def test_errors_tell_nothing_of_a_person(marked):
    for path in (marked.directory / "profiles").glob("*.gz"):
        path.unlink()
    lines = [marked_profile("m1", f"{MARK} and sons"), {"about": MARK}]
    _write_profiles(marked, "marked.jsonl", lines)
    code, output = _run_with_everything_logged(
        "run", "--study", marked.directory, "--warehouse", marked.warehouse
    )
    assert code == 2
    assert b"none of the profiles can be used" in output
    assert not leaks([output, home_of(marked.warehouse)])

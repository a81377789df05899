"""Raw profiles of a simulated world say what its labels say."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pandas as pd
import pyarrow
import pytest

from ml_headcount_assets.ingest import (
    read_companies,
    read_profiles,
    read_rated_cvs,
    study_annotators,
)
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.filters import keyword_labels, published_filters, reference_pattern
from ml_headcount_assets.worlds.profiles import phrases
from ml_headcount_assets.worlds.simulation import (
    CONJUNCTION,
    FILTERS,
    LLMS,
    SimulatedWorld,
    simulate_study,
)
from ml_headcount_assets.worlds.writing import write_world


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study(companies=60, profiles=6_000, seed=2)


@pytest.fixture(scope="module")
def study(world: SimulatedWorld, tmp_path_factory: pytest.TempPathFactory) -> Study:
    directory = tmp_path_factory.mktemp("raw") / "world"
    return load_study(write_world(world, directory, raw_profiles=True))


@pytest.fixture(scope="module")
def profiles(study: Study) -> pd.DataFrame:
    companies, _, _ = read_companies(study)
    tables = list(read_profiles(study, companies))
    assert [table for table, _ in tables] == ["profiles"] * (len(tables) - 1) + ["rejects"]
    assert tables[-1][1].empty
    return pd.concat([rows for _, rows in tables[:-1]], ignore_index=True)


def test_every_profile_is_read_and_at_its_company(
    world: SimulatedWorld, profiles: pd.DataFrame
) -> None:
    assert profiles["company_id"].tolist() == world.profiles["company_id"].tolist()
    assert profiles["profile_id"].is_unique
    assert 2_500 < profiles["text"].str.len().mean() < 3_500


def test_the_filters_find_the_labels_in_the_text(
    world: SimulatedWorld, profiles: pd.DataFrame
) -> None:
    labels = keyword_labels(pyarrow.array(profiles["text"]), published_filters())
    for name in (*FILTERS, CONJUNCTION):
        assert labels[name].tolist() == world.profiles[name].astype(bool).tolist()
        assert 0 < labels[name].mean() < 1


def test_rated_cvs_get_their_filter_labels_from_their_text(
    world: SimulatedWorld, study: Study
) -> None:
    rated, labels, rejects = read_rated_cvs(study)
    assert rejects.empty
    assert rated["is_expert"].tolist() == world.validation["is_expert"].tolist()
    assert set(labels["annotator"]) == {*FILTERS, CONJUNCTION, *LLMS}
    for name, rows in labels.groupby("annotator"):
        assert rows["label"].tolist() == world.validation[name].tolist()
    assert {a.name for a in study_annotators(study) if a.derived} == {CONJUNCTION}


def test_batch_results_hold_the_labels_of_the_llms(
    world: SimulatedWorld, study: Study, profiles: pd.DataFrame
) -> None:
    for name in LLMS:
        (path,) = (study.files.labels.path / name).iterdir()
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        results = [result for line in lines for result in json.loads(line)["results"]]
        said = {result["linkedin_id"]: result["evaluation"] for result in results}
        read = profiles["profile_id"].map(said).map({"ACCEPT": 1, "REJECT": 0})
        assert read.fillna(-1).tolist() == world.profiles[name].fillna(-1).tolist()


def test_texts_of_those_whom_llms_accept_tell_of_creating(
    world: SimulatedWorld, profiles: pd.DataFrame
) -> None:
    tells = profiles["text"].map(lambda text: any(said in text for said in phrases()["creating"]))
    accepted = world.profiles[list(LLMS)].fillna(0).sum(axis=1) > 0
    assert tells.tolist() == accepted.tolist()


def test_phrases_have_the_keywords_of_their_list_only() -> None:
    bank = phrases()
    patterns = {name: reference_pattern(terms) for name, terms in published_filters().terms.items()}
    unmarked = {name: each for name, each in bank.items() if name != "keywords"}
    for sentences in unmarked.values():
        for sentence in sentences:
            assert not any(pattern.search(sentence) for pattern in patterns.values()), sentence
    for name, sentences in bank["keywords"].items():
        for sentence in sentences:
            found = {each for each, pattern in patterns.items() if pattern.search(sentence)}
            assert found == {name}, sentence
    sentences = [each for lists in (bank, bank["keywords"]) for each in lists.values()]
    slots = {slot for each in sentences for s in each for slot in re.findall(r"{(\w+)}", s)}
    assert slots <= bank.keys()


def test_writing_again_gives_the_same_bytes_and_other_forms_replace_it(
    world: SimulatedWorld, tmp_path: Path
) -> None:
    def contents() -> dict[str, bytes]:
        files = (path for path in directory.rglob("*") if path.is_file())
        return {str(path.relative_to(directory)): path.read_bytes() for path in files}

    directory = write_world(world, tmp_path / "world", raw_profiles=True)
    first = contents()
    write_world(world, directory, raw_profiles=True)
    assert contents() == first
    write_world(world, directory)
    assert "profile_labels.csv.gz" in contents()
    assert "profiles" not in {path.name for path in directory.iterdir()}
    write_world(world, directory, raw_profiles=True)
    assert contents() == first

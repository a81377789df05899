"""A person who is forgotten is in no byte of any file, and does not come back."""

import stat
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.text.llm import AnswerStore
from ml_headcount_assets.text.llm.store import Question
from ml_headcount_assets.warehouse import forgetting
from ml_headcount_assets.warehouse.beside import (
    answers_path,
    extracts_path,
    forgotten_path,
    key_path,
    people_path,
    ranges_path,
)
from ml_headcount_assets.warehouse.forgetting import Forgotten, forget_person
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_assets.worlds.writing import write_world
from ml_headcount_tests.orchestration.conftest import Place
from ml_headcount_tests.orchestration.test_raw_profiles import _configure, _write_profiles
from ml_headcount_tests.privacy import MARK, leaks, marked_profile

#: As it is in the file, and as it is stored.
ID, STORED = "zzMarkId-77", "zzmarkid-77"
QUESTION = Question("a-model", "1", "1")


@pytest.fixture
def known(tmp_path) -> Place:
    """A study that has been run, with a person whose text and id are marked, and an answer."""
    place = Place(tmp_path)
    write_world(simulate_study("matched", 4, 120, seed=1), place.directory, raw_profiles=True)
    _configure(place.directory)
    companies = pd.read_csv(place.directory / "companies.csv")
    _write_profiles(place, "marked.jsonl", [marked_profile(ID, companies["company_id"].iloc[0])])
    place.run()
    (text,) = rows(place, "text_hash")
    with AnswerStore(answers_path(place.warehouse)) as answers:
        answers.record(QUESTION, text, 1, final=True)
        answers.record(QUESTION, "another", 1, final=True)
        answers.reserve(QUESTION, text, 2.0, None)
    return place


def rows(place: Place, column: str) -> list[str]:
    found = TableStore(place.warehouse).query(
        f"SELECT {column} FROM profiles WHERE profile_id = ?", [STORED]
    )
    return found[column].tolist()


def holding(place: Place, *words: str) -> list[str]:
    """Return the files of the warehouse in which one of some words is, however written."""
    files = [path for path in place.warehouse.rglob("*") if path.is_file()]
    return [
        path.name
        for path in files
        if any(word.lower().encode() in path.read_bytes().lower() for word in words)
    ]


def command(place: Place, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, [*arguments, "--warehouse", str(place.warehouse)])
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_no_file_holds_the_id_or_the_text_and_the_person_stays_away(known):
    (text,) = rows(known, "text_hash")
    assert set(holding(known, STORED, MARK)) == {"people.duckdb", "people.parquet"}
    ranges_path(known.warehouse).mkdir()
    told = command(known, "forget", f"https://www.linkedin.com/in/{ID.upper()}/?a=1")
    assert "profiles 1" in told
    assert "answers of LLMs: 1" in told
    assert "ml-headcount run" in told
    assert not holding(known, STORED, MARK, text)
    assert not leaks([known.warehouse])
    assert not extracts_path(known.warehouse).exists()
    assert not ranges_path(known.warehouse).exists()
    with AnswerStore(answers_path(known.warehouse)) as answers:
        assert answers.answers(QUESTION)["text_hash"].tolist() == ["another"]
        assert answers.spent == 2.0
    for path in (forgotten_path(known.warehouse), key_path(known.warehouse)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    # The files have the person still.
    before = TableStore(known.warehouse).read("pattern_counts")["n_profiles"].sum()
    known.run()
    assert not holding(known, STORED, MARK, text)
    assert not rows(known, "text")
    store = TableStore(known.warehouse)
    assert store.read("pattern_counts")["n_profiles"].sum() == before - 1
    reasons = store.read("rejects")["reason"]
    assert reasons.str.startswith("1 person is to be forgotten").sum() == 1
    summary = known.run()  # and nothing more is made
    assert summary.unchanged["profiles"] == len(summary.companies)


def test_the_person_of_a_rated_cv_is_forgotten(known):
    rated = TableStore(known.warehouse).read("rated_cvs")["rated_id"].iloc[0]
    told = command(known, "forget", rated)
    assert "rated_cvs 1" in told
    known.run()
    assert rated not in set(TableStore(known.warehouse).read("rated_cvs")["rated_id"])
    assert rated not in set(TableStore(known.warehouse).read("rated_labels")["rated_id"])


def test_one_that_was_killed_is_given_again(known, monkeypatch):
    def killed(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "rewrite", killed)
        with pytest.raises(KeyboardInterrupt):
            forget_person(known.warehouse, ID)
    assert forget_person(known.warehouse, ID).rows == {}
    assert not holding(known, STORED, MARK)
    assert people_path(known.warehouse).is_file()


def test_ids_that_are_counted_tell_no_person(place):
    store = TableStore(place.warehouse)
    before = store.read("profile_labels")
    counted = before.groupby("profile_id")["company"].nunique().idxmax()
    told = command(place, "forget", str(counted), code=2)
    assert "give the file ids first" in told
    assert store.read("profile_labels").equals(before)
    assert not forgotten_path(place.warehouse).exists()


def test_a_lost_key_is_told(tmp_path):
    forgotten_path(tmp_path).write_text('["1f"]')
    with pytest.raises(forgetting.InputError, match=r"forgotten\.key.*is gone.*once more"):
        Forgotten.of(tmp_path)

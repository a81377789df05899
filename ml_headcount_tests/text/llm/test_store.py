"""The file of answers: safe against the end of the process, one process at a time."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.text.llm import AnswerStore, Question
from ml_headcount_assets.text.llm import store as store_module
from ml_headcount_assets.text.llm.exchange import Usage
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.warehouse.beside import answers_path

_QUESTION = Question("model-a", "1", "1")


def test_answers_come_back(store: AnswerStore) -> None:
    store.record(_QUESTION, "b", 1, final=True, usage=Usage(10, 2))
    store.record(_QUESTION, "a", 0, final=True)
    store.record(_QUESTION, "c", Missing.REFUSED, final=True)
    store.record(_QUESTION, "d", Missing.TIMED_OUT, final=False)
    frame = store.answers(_QUESTION)
    assert frame["text_hash"].tolist() == ["a", "b", "c", "d"]
    assert frame["label"].fillna(-1).tolist() == [0, 1, -1, -1]
    assert frame["missing"].fillna("").tolist() == ["", "", Missing.REFUSED, Missing.TIMED_OUT]
    assert store.settled(_QUESTION) == {"a", "b", "c"}
    assert store.token_counts(_QUESTION).to_dict("list") == {
        "text_hash": ["b"],
        "input_tokens": [10],
        "output_tokens": [2],
    }


def test_spending_is_told_by_model_with_what_may_have_been_spent(store: AnswerStore) -> None:
    other = Question("model-b", "1", "1")
    assert store.spending().empty
    for question, hashed, cost in ((_QUESTION, "a", 0.1), (_QUESTION, "b", None), (other, "a", 0)):
        request = store.reserve(question, hashed, 0.6, cap=None)
        assert request is not None
        store.settle(request, cost, "labelled")
    store.reserve(other, "z", 0.6, cap=None)  # a process was killed while it was under way
    store.record(_QUESTION, "a", 1, final=True, usage=Usage(10, 2))
    store.record(_QUESTION, "b", Missing.REFUSED, final=True, usage=Usage(5, 1))
    told = store.spending().set_index("model")
    assert told.loc["model-a", ["requests", "labels", "no_label"]].tolist() == [2, 1, 1]
    assert told.loc["model-a", ["input_tokens", "output_tokens"]].tolist() == [15, 3]
    assert told["cost"].tolist() == [0.1, 0.0]
    assert told["at_most"].tolist() == [0.6, 0.6]
    assert (told["cost"] + told["at_most"]).sum() == pytest.approx(store.spent)


def test_an_answer_is_to_model_prompt_and_recipe(store: AnswerStore) -> None:
    store.record(_QUESTION, "a", 1, final=True)
    others = [Question("model-b", "1", "1"), Question("model-a", "2", "1")]
    for other in [*others, Question("model-a", "1", "2")]:
        assert store.answers(other).empty
        assert not store.settled(other)
        assert not store.has_labels(other)
    assert store.has_labels(_QUESTION)


def test_a_reason_gives_way_to_a_label(store: AnswerStore) -> None:
    store.record(_QUESTION, "a", Missing.CAP, final=False)
    assert not store.has_labels(_QUESTION)
    count, latest = store.unfinished(_QUESTION) or (0, "")
    assert count == 1
    assert latest == store.answers(_QUESTION)["labelled_at"][0]
    store.record(_QUESTION, "a", 0, final=True)
    assert store.unfinished(_QUESTION) is None
    assert store.answers(_QUESTION)["label"].tolist() == [0]


def test_the_cap_holds_for_what_may_be_spent(store: AnswerStore) -> None:
    first = store.reserve(_QUESTION, "a", 0.6, cap=1.0)
    assert first is not None
    assert store.spent == 0.6
    assert store.reserve(_QUESTION, "b", 0.6, cap=1.0) is None
    assert store.spent == 0.6
    assert store.settle(first, 0.1, "labelled") == 0.1
    second = store.reserve(_QUESTION, "b", 0.6, cap=1.0)
    assert second is not None
    assert store.settle(second, None, "no reply") == 0.6
    assert store.spent == pytest.approx(0.7)
    assert store.reserve(_QUESTION, "c", 0.6, cap=None) is not None


_DIES = """
import os, signal, sys
from ml_headcount_assets.text.llm import AnswerStore, Question
from ml_headcount_assets.text.llm import store as store_module
question = Question("model-a", "1", "1")
store = AnswerStore(sys.argv[1]).__enter__()
for text_hash in ("a", "b"):
    request = store.reserve(question, text_hash, 0.5, cap=2.0)
    if text_hash == "a":
        store.record(question, text_hash, 1, final=True)
        store.settle(request, 0.1, "labelled")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_leaves_its_answers_and_its_debts(tmp_path: Path) -> None:
    path = tmp_path / "answers.sqlite"
    killed = subprocess.run([sys.executable, "-c", _DIES, str(path)], check=False)
    assert killed.returncode == -9
    with AnswerStore(path) as store:
        assert store.answers(_QUESTION)["label"].tolist() == [1]
        assert store.spent == pytest.approx(0.1 + 0.5)


def test_one_process_at_a_time(store: AnswerStore, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = replace(store_module._LAYOUT, patience_seconds=0.1)
    monkeypatch.setattr(store_module, "_LAYOUT", hasty)
    with (
        pytest.raises(ComputeError, match=r"answers\.sqlite: another run is asking"),
        AnswerStore(store.path),
    ):
        pass


def test_other_files_are_not_touched(tmp_path: Path) -> None:
    text = tmp_path / "notes.sqlite"
    text.write_text("my notes, longer than a header of a database file would be " * 20)
    before = text.read_bytes()
    with pytest.raises(InputError, match=r"notes\.sqlite: cannot be used"), AnswerStore(text):
        pass
    assert text.read_bytes() == before

    foreign = tmp_path / "foreign.sqlite"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    before = foreign.read_bytes()
    with pytest.raises(InputError, match="not a file of answers of this"), AnswerStore(foreign):
        pass
    assert foreign.read_bytes() == before


def test_it_lies_beside_the_warehouse() -> None:
    assert answers_path(Path("here/warehouse")) == Path("here/warehouse/answers.sqlite")

"""Labels of LLMs as rows: what was asked, what was imported, and what it is said to cost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.batch_results import read_batches
from ml_headcount_assets.labelling.llm_labels import LlmLabels, refuse_results_of_nobody
from ml_headcount_assets.labelling.llm_sources import LlmSources
from ml_headcount_assets.study import Study
from ml_headcount_assets.text.llm import AnswerStore, TextsInMemory
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.text.llm.prompt import PROMPT_VERSION
from ml_headcount_assets.text.recipe import hash_text
from ml_headcount_assets.worlds.labelling_server import LabellingServer

from .test_llm_sources import ASKED, IMPORTED, raw_study, sources_of

_TEXTS = ["designed a transformer", "sells cars", ""]


def results_of(study: Study) -> pd.DataFrame:
    """What the study's batch jobs have found."""
    return read_batches(study, sources_of(study).imported, (), ())[0]


_PEOPLE = pd.DataFrame(
    {
        "company": "acme",
        "profile_id": ["p1", "p2", "p3", "p4"],
        "text_hash": [hash_text(_TEXTS[n]) for n in (0, 1, 2, 0)],
    }
)


@pytest.fixture
def server() -> Iterator[LabellingServer]:
    with LabellingServer(lambda model, text: "transformer" in text) as running:
        yield running


@pytest.fixture
def answers(tmp_path: Path) -> Iterator[AnswerStore]:
    with AnswerStore(tmp_path / "answers.sqlite") as opened:
        yield opened


def _asked(directory: Path, endpoint: str, answers: AnswerStore, **changes: object) -> LlmLabels:
    study = raw_study(directory, [{**ASKED, "endpoint": endpoint, **changes}])
    return LlmLabels(study, sources_of(study), TextsInMemory(_TEXTS), answers, results_of(study))


def _imported(directory: Path, answers: AnswerStore, **verdicts: str) -> LlmLabels:
    study = raw_study(directory, [IMPORTED], "llm_imported")
    results = [{"linkedin_id": person, "evaluation": each} for person, each in verdicts.items()]
    line = json.dumps({"results": results})
    (directory / "labels" / "llm_imported" / "1.jsonl").write_text(line)
    return LlmLabels(study, sources_of(study), TextsInMemory([]), answers, results_of(study))


def test_people_with_the_same_text_share_an_answer(
    tmp_path: Path, server: LabellingServer, answers: AnswerStore
) -> None:
    labels = _asked(tmp_path, server.endpoint, answers)
    assert labels.obtain(lambda line: None, lambda done, total: None) is not None
    (rows,) = labels.rows(_PEOPLE, "profile_id")
    assert rows["profile_id"].tolist() == ["p1", "p2", "p3", "p4"]
    assert rows["label"].fillna(-1).tolist() == [1, 0, -1, 1]
    assert rows["missing"].fillna("").tolist() == ["", "", Missing.NO_TEXT, ""]
    assert set(rows["annotator"]) == {"llm_asked"}
    assert set(rows["model"]) == {"asked-1"}
    assert set(rows["prompt"]) == {PROMPT_VERSION}
    assert rows[["recipe", "labelled_at"]].notna().all(axis=None)
    assert "text_hash" not in rows
    assert len(server.seen) == 2


def test_it_is_said_beforehand_what_it_will_cost(
    tmp_path: Path, server: LabellingServer, answers: AnswerStore
) -> None:
    labels = _asked(tmp_path, server.endpoint, answers)
    said: list[str] = []

    def announce(line: str) -> None:
        assert server.seen == []
        said.append(line)

    labels.obtain(announce, lambda done, total: None)
    assert said[0].startswith("llm_asked: 3 of 3 texts to ask about, 1,")
    assert said[0].endswith(
        "cost about 0.00 (a rough guess, far too low for a model that thinks first)."
    )
    assert said[1] == "Spent on labels so far: 0.00 without a cap."


def test_a_key_is_needed_only_to_ask(
    tmp_path: Path, server: LabellingServer, answers: AnswerStore
) -> None:
    labels = _asked(tmp_path, server.endpoint, answers, api_key_env="A_KEY")
    with pytest.raises(InputError, match="A_KEY is not set"):
        labels.obtain(lambda line: None, lambda done, total: None, {})
    with pytest.raises(InputError, match="which you have not agreed to yet"):
        labels.obtain(lambda line: None, lambda done, total: None, {"A_KEY": "k"})
    assert server.seen == []
    host = server.endpoint.split("/")[2]
    with_key = {"A_KEY": "k", "ML_HEADCOUNT_ALLOW_KEYS": f"A_KEY={host}"}
    assert labels.obtain(lambda line: None, lambda done, total: None, with_key) is not None
    assert labels.obtain(lambda line: None, lambda done, total: None, {}) is None


def test_the_state_tells_whether_something_is_left_to_ask(
    tmp_path: Path, server: LabellingServer, answers: AnswerStore
) -> None:
    price = {"price_per_million": {"input": 1, "output": 1}, "endpoint": server.endpoint}
    states = []
    for cap in (0, 0, 10, 10):
        study = raw_study(tmp_path, [{**ASKED, **price}], spending_cap=cap)
        labels = LlmLabels(
            study, sources_of(study), TextsInMemory(_TEXTS), answers, results_of(study)
        )
        if not states:
            states.append(labels.state())
        labels.obtain(lambda line: None, lambda done, total: None)
        states.append(labels.state())
    before, capped, capped_again, finished, later = states
    assert before == finished == later
    assert before != capped != capped_again != before  # each attempt may have changed the rows


def test_imported_labels_go_by_the_persons_id(tmp_path: Path, answers: AnswerStore) -> None:
    labels = _imported(tmp_path, answers, p1="ACCEPT", p2="MAYBE", p4="REJECT", other="REJECT")
    (rows,) = labels.rows(_PEOPLE, "profile_id")
    assert rows["label"].fillna(-1).tolist() == [1, -1, -1, 0]
    assert rows["missing"].fillna("").tolist() == [
        "",
        "the verdict is neither ACCEPT nor REJECT",
        "the batch results do not have it",
        "",
    ]
    assert set(rows["model"]) == {"imported-1"}
    assert rows[["recipe", "prompt", "labelled_at"]].isna().all(axis=None)


def test_results_of_another_study_are_refused(tmp_path: Path, answers: AnswerStore) -> None:
    labels = _imported(tmp_path, answers, q1="ACCEPT", q2="REJECT")
    with pytest.raises(
        InputError,
        match=r"labels/llm_imported: .* none of the 4 ids.*columns: profile_id: <field>",
    ):
        refuse_results_of_nobody(labels.results, ["llm_imported"], _PEOPLE, "profile_id")
    refuse_results_of_nobody(labels.results, ["llm_imported"], _PEOPLE[:0], "profile_id")


def test_of_one_company_there_may_be_no_results(tmp_path: Path, answers: AnswerStore) -> None:
    labels = _imported(tmp_path, answers, p1="ACCEPT")
    refuse_results_of_nobody(labels.results, ["llm_imported"], _PEOPLE, "profile_id")
    (rows,) = labels.rows(_PEOPLE[1:], "profile_id")
    assert rows["missing"].tolist() == ["the batch results do not have it"] * 3


def test_nobody_to_ask_means_no_file(tmp_path: Path) -> None:
    unopened = AnswerStore(tmp_path / "answers.sqlite")
    study = raw_study(tmp_path, None)
    labels = LlmLabels(
        study, LlmSources((), {}), TextsInMemory(_TEXTS), unopened, results_of(study)
    )
    assert labels.obtain(lambda line: None, lambda done, total: None) is None
    assert labels.state() == [{}, {}]
    assert list(labels.rows(_PEOPLE, "profile_id")) == []
    assert not unopened.path.exists()

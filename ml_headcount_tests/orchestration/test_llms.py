"""From raw profiles to estimates with LLMs: imported, or asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.session import RunSummary, materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.text.llm import AnswerStore
from ml_headcount_assets.text.llm.missing import Missing
from ml_headcount_assets.warehouse.beside import answers_path, extracts_path, people_path
from ml_headcount_assets.warehouse.publish import Published
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.labelling_server import LabellingServer
from ml_headcount_assets.worlds.profiles import phrases
from ml_headcount_assets.worlds.simulation import LLMS, SimulatedWorld, simulate_study
from ml_headcount_assets.worlds.writing import write_world

_SETTINGS = {"draws": 40, "estimators": ["log_debias"]}


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study("matched", companies=6, profiles=240, seed=3)


class _Place:
    """A study of raw profiles, and its warehouse."""

    def __init__(self, root: Path, world: SimulatedWorld) -> None:
        self.directory, self.warehouse = root / "study", root / "warehouse"
        write_world(world, self.directory, raw_profiles=True)
        self.configure(**_SETTINGS)

    @property
    def store(self) -> TableStore:
        return TableStore(self.warehouse)

    def configure(self, **settings: Any) -> None:
        path = self.directory / "study.yaml"
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **settings}))

    def ask(self, endpoint: str, *names: str, **settings: Any) -> None:
        """Have some annotators asked, in place of all LLMs of the simulation."""
        asked = [
            {
                "name": name,
                "kind": "llm",
                "model": f"model-of-{name}",
                "endpoint": endpoint,
                "price_per_million": {"input": 1, "output": 1},
                "max_output_tokens": 100,
            }
            for name in names
        ]
        content = yaml.safe_load((self.directory / "study.yaml").read_text())
        others = [each for each in content["annotators"] if each["kind"] == "filter"]
        self.configure(annotators=[*asked, *others], **settings)

    def run(self, **options: Any) -> RunSummary:
        return materialize_study(load_study(self.directory), self.warehouse, **options)

    def labels(self, annotator: str) -> pd.DataFrame:
        rows = self.store.read("profile_labels")
        return rows[rows["annotator"] == annotator].set_index("profile_id")


@pytest.fixture
def place(tmp_path: Path, world: SimulatedWorld) -> _Place:
    return _Place(tmp_path, world)


@pytest.fixture
def server() -> Iterator[LabellingServer]:
    """A model that says yes to those whom the simulation describes as somebody's expert."""
    with LabellingServer(lambda model, text: describes_an_expert(text)) as running:
        yield running


def describes_an_expert(text: str) -> bool:
    """Whether the simulation says of somebody what makes LLMs accept."""
    return any(template.split("{")[0] in text for template in phrases()["creating"])


def _everything_outside(place: _Place) -> bytes:
    """Return what a run has left behind, save for where people's texts are kept."""
    root = place.warehouse.parent
    kept = people_path(place.warehouse), extracts_path(place.warehouse)
    files = [
        path
        for path in root.rglob("*")
        if path.is_file() and not any(path.is_relative_to(each) for each in kept)
    ]
    return b"".join(path.read_bytes() for path in files if place.directory not in path.parents)


def test_batch_results_are_labels_of_profiles_and_of_rated_cvs(
    place: _Place, world: SimulatedWorld
) -> None:
    # Of one LLM the rated CVs are labelled in the batch results, of the others in their file.
    name = LLMS[0]
    path = place.directory / "validation.jsonl.gz"
    rated = pd.read_json(path, lines=True)
    rated.drop(columns=name).to_json(path, orient="records", lines=True)
    verdicts = rated.set_index("rated_id")[name].dropna()
    results = [
        {"linkedin_id": key, "evaluation": "ACCEPT" if accepts else "REJECT"}
        for key, accepts in verdicts.items()
    ]
    line = json.dumps({"results": results})
    (place.directory / "labels" / name / "rated.jsonl").write_text(line)
    place.run()

    ids = [f"person-{number:07d}" for number in range(1, len(world.profiles) + 1)]
    for each in LLMS:
        rows = place.labels(each).loc[ids]
        assert rows["label"].fillna(-1).tolist() == world.profiles[each].fillna(-1).tolist()
        assert (rows["missing"].notna() == rows["label"].isna()).all()
    rows = place.store.read("rated_llm_labels").set_index("rated_id")
    assert set(rows["annotator"]) == {name}
    assert rows["label"].dropna().to_dict() == verdicts.astype(int).to_dict()
    assert set(LLMS) < set(place.store.read("annotator_summary")["annotator"])
    assert not answers_path(place.warehouse).exists()


def test_llms_are_asked_once_within_the_cap(
    place: _Place, server: LabellingServer, capfd: pytest.CaptureFixture[str]
) -> None:
    place.ask(server.endpoint, "llm_a", spending_cap=1.0)
    said: list[str] = []
    first = place.run(announce=said.append)
    assert sum(line.startswith("llm_a: ") and "texts to ask about" in line for line in said) == 2
    assert "Spent on labels so far: 0.00 of at most 1.00." in said
    labels = place.labels("llm_a")
    missing = labels["label"].isna()
    assert 0 < missing.sum() < len(labels)
    assert set(labels.loc[missing, "missing"]) == {Missing.CAP.value}
    assert {warned.check for warned in first.warnings} >= {"few_labels_are_missing"}

    place.configure(spending_cap=9)
    place.run()
    profiles = place.store.read("profiles").set_index("profile_id")
    labels = place.labels("llm_a")
    expected = profiles.loc[labels.index, "text"].map(describes_an_expert)
    assert len(labels) == len(profiles)
    assert labels["label"].tolist() == expected.astype(int).tolist()
    assert set(labels["model"]) == {"model-of-llm_a"}
    assert labels[["recipe", "prompt", "labelled_at"]].notna().all(axis=None)
    assert place.store.read("rated_llm_labels")["label"].notna().all()
    asked = len(server.seen)
    assert asked == len({seen.text_hash for seen in server.seen})

    told = Published(place.warehouse).read("llm_spending")
    assert set(told["model"]) == {"model-of-llm_a"}
    assert told["labels"].sum() == asked
    with AnswerStore(answers_path(place.warehouse)) as answers:
        assert (told["cost"] + told["at_most"]).sum() == pytest.approx(answers.spent)

    company = profiles["company_id"].iloc[0]
    assert place.run(companies=[company]).unchanged["llm_labels"] == 1
    assert len(server.seen) == asked

    written = _everything_outside(place) + "".join(capfd.readouterr()).encode()
    assert b"llm_labels" in written
    texts = profiles["text"].str.split("\n|\n", regex=False).explode()
    assert not [text for text in texts[texts.str.len() > 60] if text.encode() in written]


def test_what_stops_the_asking_is_told(place: _Place) -> None:
    with LabellingServer(lambda model, text: True, models=[]) as server:
        place.ask(server.endpoint, "llm_a", spending_cap=5)
        with pytest.raises(InputError, match="llm_a: The endpoint does not know this address or"):
            place.run()

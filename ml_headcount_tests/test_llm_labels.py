"""Where the labels of a study's LLMs come from, and how they become rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.llm_labels import LABEL_COLUMNS, asked_rows, imported_rows, llm_sources
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.llm import Question

_ASKED = {
    "name": "llm_asked",
    "kind": "llm",
    "model": "asked-1",
    "endpoint": "https://api.example.com/v1",
    "price_per_million": {"input": 0, "output": 0},
}
_IMPORTED = {"name": "llm_imported", "kind": "llm", "model": "imported-1"}
_PEOPLE = pd.DataFrame(
    {
        "company": ["acme"] * 3,
        "company_id": ["acme"] * 3,
        "profile_id": ["p1", "p2", "p3"],
        "text_hash": ["h1", "h2", "h1"],
    }
)


def _study(directory: Path, entries: list[dict[str, Any]] | None, *folders: str) -> Study:
    (directory / "companies.csv").write_text("company_id,headcount\nacme,10\n")
    (directory / "profiles.jsonl").write_text("{}")
    (directory / "validation.csv").write_text(
        "rated_id,is_expert,text\n1,1,deep learning\n2,0,sales\n"
    )
    for folder in folders:
        (directory / "labels" / folder).mkdir(parents=True)
    if entries is not None:
        (directory / "study.yaml").write_text(yaml.safe_dump({"annotators": entries}))
    return load_study(directory)


def test_an_llm_is_asked_or_imported(tmp_path: Path) -> None:
    sources = llm_sources(_study(tmp_path, [_ASKED, _IMPORTED], "llm_imported", "llm_left_out"))
    assert [entry.name for entry in sources.asked] == ["llm_asked"]
    assert sources.imported == {"llm_imported": "imported-1"}


def test_folders_alone_make_annotators(tmp_path: Path) -> None:
    sources = llm_sources(_study(tmp_path, None, "llm_imported"))
    assert sources.asked == ()
    assert sources.imported == {"llm_imported": None}


def test_labels_have_to_come_from_one_place(tmp_path: Path) -> None:
    study = _study(tmp_path, [_ASKED, _IMPORTED], "llm_asked", "llm_imported")
    with pytest.raises(InputError, match="llm_asked has both an 'endpoint' and a folder"):
        llm_sources(study)
    (tmp_path / "labels" / "llm_imported").rmdir()
    (tmp_path / "labels" / "llm_asked").rmdir()
    with pytest.raises(InputError, match=r"llm_imported has neither.*labels/llm_imported/"):
        llm_sources(load_study(tmp_path))


def test_everybody_with_a_text_gets_its_answer() -> None:
    answers = pd.DataFrame(
        {
            "text_hash": ["h0", "h1", "h2"],
            "label": pd.array([0, 1, None], "Int8"),
            "missing": pd.Series([None, None, "refused"], dtype="str"),
            "labelled_at": ["2026-01-01T00:00:00.000+00:00"] * 3,
        }
    )
    rows = asked_rows(_PEOPLE, "llm_a", Question("a-1", "3", "2"), answers)
    people = ["company", "company_id", "profile_id"]
    assert sorted(rows.columns) == sorted([*people, *LABEL_COLUMNS])
    assert rows["profile_id"].tolist() == ["p1", "p2", "p3"]
    assert rows["label"].fillna(-1).tolist() == [1, -1, 1]
    assert rows["missing"].fillna("").tolist() == ["", "refused", ""]
    assert set(rows["annotator"]) == {"llm_a"}
    known = (rows["model"] + rows["prompt"] + rows["recipe"]).unique()
    assert known.tolist() == ["a-132"]


def test_a_text_without_an_answer_is_a_defect() -> None:
    answers = pd.DataFrame({"text_hash": ["h1"], "label": [1], "missing": [None]})
    with pytest.raises(KeyError):
        asked_rows(_PEOPLE, "llm_a", Question("a-1", "3", "2"), answers.assign(labelled_at=""))


def test_imported_labels_go_by_the_persons_id() -> None:
    results = pd.DataFrame(
        {"profile_id": ["p1", "p2", "other"], "label": pd.array([1, None, 0], "Int8")}
    )
    rows = imported_rows(_PEOPLE, "llm_b", None, results, "profile_id")
    assert rows["label"].fillna(-1).tolist() == [1, -1, -1]
    assert rows["missing"].fillna("").tolist() == [
        "",
        "the batch results have no usable verdict",
        "the batch results do not have it",
    ]
    assert rows[["recipe", "model", "prompt", "labelled_at"]].isna().all(axis=None)

"""Results of batch jobs: what is a label, what is missing, and what is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.batch_results import batch_folders, read_batch_results
from ml_headcount_assets.study import Study, load_study


@pytest.fixture
def study(tmp_path: Path) -> Study:
    for name in ("companies.csv", "validation.csv", "profiles.jsonl"):
        (tmp_path / name).write_text("x")
    (tmp_path / "labels" / "llm_a").mkdir(parents=True)
    return load_study(tmp_path)


def _write(study: Study, name: str, *lines: Any) -> Path:
    path = study.directory / "labels" / "llm_a" / name
    path.parent.mkdir(exist_ok=True)
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    content = text.encode()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def _batch(**verdicts: Any) -> dict[str, Any]:
    results = [{"linkedin_id": key, "evaluation": value} for key, value in verdicts.items()]
    return {"results": results}


def _read(study: Study) -> tuple[dict[str, int | None], dict[tuple[str, int], list[str]]]:
    labels, rejects = read_batch_results(study, "llm_a")
    found = {
        row.profile_id: None if row.label is None or row.label != row.label else int(row.label)
        for row in labels.astype(object).where(labels.notna(), None).itertuples()
    }
    told: dict[tuple[str, int], list[str]] = {}
    for row in rejects.itertuples():
        told.setdefault((row.source_file, row.line), []).append(row.reason)
    return found, told


def test_verdicts_become_labels(study: Study) -> None:
    _write(study, "1.jsonl", _batch(a="ACCEPT", b="REJECT"), "", _batch(c=" accept "))
    _write(study, "2.jsonl.gz", {**_batch(d="REJECT"), "model": "x", "usage": {"tokens": 5}})
    labels, rejects = read_batch_results(study, "llm_a")
    assert labels["profile_id"].tolist() == ["a", "b", "c", "d"]
    assert labels["label"].tolist() == [1, 0, 1, 0]
    assert str(labels["label"].dtype) == "Int8"
    assert rejects.empty
    assert list(batch_folders(study)) == ["llm_a"]


def test_ids_are_spelt_as_everywhere(study: Study) -> None:
    results = [{"linkedin_id": each, "evaluation": "ACCEPT"} for each in (17, 18.0, " x ")]
    _write(study, "1.jsonl", {"results": results})
    assert _read(study)[0] == {"17": 1, "18": 1, "x": 1}


def test_unusable_verdicts_are_missing_and_told(study: Study) -> None:
    _write(study, "1.jsonl", _batch(a="ACCEPT", b="MAYBE", c=None, d=1, e=["ACCEPT"], f=""))
    found, told = _read(study)
    assert found == {"a": 1, "b": None, "c": None, "d": None, "e": None, "f": None}
    reasons = told["labels/llm_a/1.jsonl", 1]
    assert reasons == ["is neither ACCEPT nor REJECT; the label is missing"] * 5
    assert "MAYBE" not in str(reasons)


def test_repeats_agree_or_are_missing(study: Study) -> None:
    _write(study, "1.jsonl", _batch(a="ACCEPT", b="ACCEPT", c="error"))
    _write(study, "2.jsonl", _batch(a="ACCEPT", b="REJECT", c="REJECT"))
    found, told = _read(study)
    assert found == {"a": 1, "b": None, "c": 0}
    assert told["labels/llm_a/2.jsonl", 1] == [
        "there are different verdicts on a person; the label is missing"
    ]


def test_good_results_survive_their_neighbours(study: Study) -> None:
    _write(
        study,
        "1.jsonl",
        '{"results": [{"linkedin_id": "cut',
        [_batch(a="ACCEPT")],
        {"error": "rate limit"},
        {"results": {"linkedin_id": "a"}},
        {"results": ["a", None, {"evaluation": "ACCEPT"}, {"linkedin_id": "b"}]},
        _batch(z="ACCEPT"),
    )
    whole = _write(study, "2.jsonl.gz", *[_batch(**{f"p{n}": "REJECT"}) for n in range(5000)])
    whole.write_bytes(whole.read_bytes()[:-100])
    _write(study, "3.jsonl", "no gzip at all").rename(study.directory / "labels/llm_a/3.jsonl.gz")
    found, told = _read(study)
    assert found["z"] == 1
    assert found["b"] is None
    assert found["p0"] == 0
    assert len(found) > 4000
    assert {line for file, line in told if file == "labels/llm_a/1.jsonl"} == {1, 2, 3, 4, 5}
    assert len(told["labels/llm_a/1.jsonl", 5]) == 4
    assert {file for file, _ in told} == {
        f"labels/llm_a/{n}" for n in ("1.jsonl", "2.jsonl.gz", "3.jsonl.gz")
    }


def test_nothing_to_read_is_an_error(study: Study) -> None:
    with pytest.raises(InputError, match=r"labels/llm_a: there are no files of batch results"):
        read_batch_results(study, "llm_a")
    _write(study, "1.jsonl", _batch(a="MAYBE"))
    with pytest.raises(InputError, match=r"labels/llm_a: .*line 1, evaluation: is neither"):
        read_batch_results(study, "llm_a")
    _write(study, "1.jsonl", "")
    with pytest.raises(InputError, match="no results"):
        read_batch_results(study, "llm_a")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
_result = st.fixed_dictionaries({}, optional={"linkedin_id": _json, "evaluation": _json})


@settings(max_examples=60, deadline=None)
@given(lines=st.lists(_json | st.fixed_dictionaries({"results": st.lists(_result) | _json})))
def test_any_json_leaves_the_good_result(tmp_path_factory: Any, lines: list[Any]) -> None:
    directory = tmp_path_factory.mktemp("study")
    for name in ("companies.csv", "validation.csv", "profiles.jsonl"):
        (directory / name).write_text("x")
    (directory / "labels" / "llm_a").mkdir(parents=True)
    study = load_study(directory)
    _write(study, "1.jsonl", *[json.dumps(line) for line in lines], _batch(the_good_one="ACCEPT"))
    assert _read(study)[0]["the_good_one"] == 1

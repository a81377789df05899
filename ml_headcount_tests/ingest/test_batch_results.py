"""Results of batch jobs: what is a label, what is missing, and what is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.batch_results import (
    batch_folders,
    read_batch_results,
    read_batches,
)
from ml_headcount_assets.study import Study, load_study
from ml_headcount_assets.text.llm.batches import request_key
from ml_headcount_assets.text.llm.missing import Missing


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
    results = read_batch_results(study, "llm_a")
    labels, rejects = results.by_person, results.rejects
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
    results = read_batch_results(study, "llm_a")
    labels, rejects = results.by_person, results.rejects
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
    _write(study, "1.jsonl", _batch(a="ACCEPT", b="MAYBE", c=None, d=2, e=["ACCEPT"], f=""))
    found, told = _read(study)
    assert found == {"a": 1, "b": None, "c": None, "d": None, "e": None, "f": None}
    reasons = told["labels/llm_a/1.jsonl", 1]
    assert reasons == [
        *["the verdict is neither ACCEPT nor REJECT; the label is missing"] * 4,
        "the answer is empty; the label is missing",
    ]
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
    assert found["a"] == 1, "an object in a list is read"
    assert found["b"] is None
    assert found["p0"] == 0
    assert len(found) > 4000
    assert {line for file, line in told if file == "labels/llm_a/1.jsonl"} == {1, 3, 4, 5}
    assert len(told["labels/llm_a/1.jsonl", 5]) == 4
    assert {file for file, _ in told} == {
        f"labels/llm_a/{n}" for n in ("1.jsonl", "2.jsonl.gz", "3.jsonl.gz")
    }


def test_nothing_to_read_is_an_error(study: Study) -> None:
    with pytest.raises(InputError, match=r"labels/llm_a: there are no files of batch results"):
        read_batch_results(study, "llm_a")
    _write(study, "1.jsonl", _batch(a="MAYBE"))
    with pytest.raises(
        InputError, match=r"labels/llm_a: .*line 1, evaluation: the verdict is neither"
    ):
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
_batch_record = st.fixed_dictionaries(
    {},
    optional={
        **{name: _json for name in ("custom_id", "key", "error", "metadata")},
        "response": _json | st.fixed_dictionaries({"body": _json, "status_code": _json}),
        "result": st.fixed_dictionaries({"type": _json | st.just("succeeded"), "message": _json}),
    },
)


@settings(max_examples=60, deadline=None)
@given(
    lines=st.lists(
        _json | _batch_record | st.fixed_dictionaries({"results": st.lists(_result) | _json})
    )
)
def test_any_json_leaves_the_good_result(tmp_path_factory: Any, lines: list[Any]) -> None:
    directory = tmp_path_factory.mktemp("study")
    for name in ("companies.csv", "validation.csv", "profiles.jsonl"):
        (directory / name).write_text("x")
    (directory / "labels" / "llm_a").mkdir(parents=True)
    study = load_study(directory)
    _write(study, "1.jsonl", *[json.dumps(line) for line in lines], _batch(the_good_one="ACCEPT"))
    assert _read(study)[0]["the_good_one"] == 1


def _openai(key: str, content: Any, end: str = "stop", **message: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **message}
    body = {"object": "chat.completion", "choices": [{"message": message, "finish_reason": end}]}
    return {
        "id": f"batch_req_{key}",
        "custom_id": key,
        "response": {"status_code": 200, "request_id": "r", "body": body},
        "error": None,
    }


def _responses(key: str, *parts: dict[str, Any]) -> dict[str, Any]:
    thought = {"type": "reasoning", "summary": []}
    body = {"object": "response", "output": [thought, {"type": "message", "content": list(parts)}]}
    return {"custom_id": key, "response": {"status_code": 200, "body": body}, "error": None}


def _anthropic(key: str, text: str, end: str = "end_turn") -> dict[str, Any]:
    content = [{"type": "thinking", "thinking": "REJECT"}, {"type": "text", "text": text}]
    message = {"type": "message", "content": content, "stop_reason": end}
    return {"custom_id": key, "result": {"type": "succeeded", "message": message}}


def _gemini(key: str, *texts: str, end: str = "STOP") -> dict[str, Any]:
    parts = [{"text": "REJECT", "thought": True}, *({"text": text} for text in texts)]
    candidate = {"content": {"parts": parts, "role": "model"}, "finishReason": end}
    return {"key": key, "response": {"candidates": [candidate], "usageMetadata": {}}}


_OPENAI = [
    _openai("yes", "ACCEPT"),
    _openai("no", '{"verdict": "REJECT"}'),
    _openai("parts", [{"type": "text", "text": "ACCEPT"}]),
    _openai("refused", None, refusal="I cannot help with that"),
    _openai("filtered", "", "content_filter"),
    _openai("cut", "ACC", "length"),
    _openai("empty", ""),
    _openai("unsure", "it depends"),
    _responses("new", {"type": "output_text", "text": "**REJECT**"}),
    _responses("new_refused", {"type": "refusal", "refusal": "no"}),
    {"custom_id": "expired", "response": None, "error": {"code": "batch_expired", "message": ""}},
    {"custom_id": "stopped", "response": None, "error": {"code": "batch_cancelled"}},
    {"custom_id": "bad", "response": {"status_code": 400, "body": {"error": {"message": "x"}}}},
    {"custom_id": "odd", "response": {"status_code": 200, "body": "?"}, "error": None},
]
_ANTHROPIC = [
    _anthropic("yes", "ACCEPT"),
    _anthropic("no", "REJECT - teaches only"),
    _anthropic("refused", "", "refusal"),
    _anthropic("cut", "The profile", "max_tokens"),
    {"custom_id": "bad", "result": {"type": "errored", "error": {"type": "invalid_request"}}},
    {"custom_id": "expired", "result": {"type": "expired"}},
    {"custom_id": "stopped", "result": {"type": "canceled"}},
]
_GEMINI = [
    _gemini("yes", "ACC", "EPT"),
    _gemini("no", "no"),
    _gemini("cut", "A", end="MAX_TOKENS"),
    _gemini("filtered", end="SAFETY"),
    {"key": "blocked", "response": {"promptFeedback": {"blockReason": "OTHER"}}},
    {"key": "bad", "error": {"code": 3, "message": "x"}},
    {"metadata": {"key": "inside"}, "response": _gemini("x", "yes")["response"]},
]
_EXPECTED = {
    **{"yes": 1, "no": 0, "parts": 1, "new": 0, "inside": 1},
    **dict.fromkeys(("refused", "filtered", "new_refused", "blocked"), "refused"),
    **{"cut": "cut off", "empty": "empty", "unsure": "neither ACCEPT nor REJECT"},
    **{"expired": "expired", "stopped": "cancelled", "bad": "error in place", "odd": "protocol"},
}


@pytest.mark.parametrize(
    ("title", "records"),
    [("OpenAI", _OPENAI), ("Anthropic", _ANTHROPIC), ("Gemini", _GEMINI)],
)
@pytest.mark.parametrize("name", ["output.jsonl", "output.ndjson.gz", "output.json"])
def test_results_of_batches(
    study: Study, title: str, records: list[dict[str, Any]], name: str
) -> None:
    _write(study, name, *records)
    results = read_batch_results(study, "llm_a")
    found = results.by_person.set_index("profile_id")
    ids = {_id(record) for record in records}
    assert set(found.index) == ids
    for person in ids:
        expected = _EXPECTED[person]
        if isinstance(expected, int):
            assert found["label"][person] == expected
            assert pd.isna(found["missing"][person])
        else:
            assert pd.isna(found["label"][person])
            assert expected in found["missing"][person]
    unusable = sum(isinstance(_EXPECTED[person], str) for person in ids)
    assert len(results.rejects) == unusable
    assert [(form.vendor, form.records) for form in results.forms] == [(title, len(records))]


def _id(record: dict[str, Any]) -> str:
    return str(record.get("custom_id") or record.get("key") or record["metadata"]["key"])


def test_answers_by_calling_a_function(study: Study) -> None:
    called = {"function": {"name": "verdict", "arguments": '{"verdict": "REJECT"}'}}
    choice = {"message": {"content": None, "tool_calls": [called]}, "finish_reason": "tool_calls"}
    used = {"type": "tool_use", "name": "verdict", "input": {"verdict": "ACCEPT"}}
    message = {"content": [used], "stop_reason": "tool_use"}
    records = [
        {"custom_id": "a", "response": {"status_code": 200, "body": {"choices": [choice]}}},
        {"custom_id": "b", "result": {"type": "succeeded", "message": message}},
        {"request": {}, "response": {"candidates": []}},
    ]
    _write(study, "output.jsonl", *records)
    found = read_batch_results(study, "llm_a")
    assert found.by_person[["profile_id", "label"]].values.tolist() == [["a", 0], ["b", 1]]
    assert found.rejects["reason"].str.contains("without custom_id or key").tolist() == [True]


_VERDICT_CALL = {"name": "record", "arguments": '{"verdict": "REJECT"}'}
_WITH_REASON = {"name": "reject", "arguments": '{"reason": "teaches only"}'}
_LOOK_UP = {"name": "look_up", "arguments": '{"query": "x"}'}


def _answered(key: str, message: dict[str, Any]) -> dict[str, Any]:
    choice = {"message": message, "finish_reason": "tool_calls"}
    return {"custom_id": key, "response": {"status_code": 200, "body": {"choices": [choice]}}}


def _output(key: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"custom_id": key, "response": {"status_code": 200, "body": {"output": list(items)}}}


def _said(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text}]}


def _parts(key: str, *candidates: list[dict[str, Any]]) -> dict[str, Any]:
    found = [{"content": {"parts": parts}, "finishReason": "STOP"} for parts in candidates]
    return {"key": key, "response": {"candidates": found}}


def _used(key: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"custom_id": key, "result": {"type": "succeeded", "message": {"content": content}}}


_CALL = {"functionCall": {"name": "record", "args": {"verdict": "ACCEPT"}}}
_OTHER = {"function_call": {"name": "record", "args": {"verdict": "REJECT"}}}
_TOOL = {"type": "tool_use", "name": "record", "input": {"verdict": "ACCEPT"}}


@pytest.mark.parametrize(
    ("label", "record"),
    [
        (0, _answered("p", {"content": "I look.", "tool_calls": [{"function": _VERDICT_CALL}]})),
        (0, _answered("p", {"content": None, "function_call": _VERDICT_CALL})),
        (0, _answered("p", {"tool_calls": [{"function": f} for f in (_LOOK_UP, _VERDICT_CALL)]})),
        (1, _answered("p", {"tool_calls": [{"function": {"name": "accept", "arguments": "{}"}}]})),
        (0, _answered("p", {"tool_calls": [{"function": _WITH_REASON}]})),
        (None, _answered("p", {"content": "ACCEPT", "function_call": _VERDICT_CALL})),
        (0, _output("p", {"type": "reasoning"}, {"type": "function_call", **_VERDICT_CALL})),
        (0, _output("p", _said("Let me see."), _said("REJECT"))),
        (1, _output("p", {"type": "custom_tool_call", "name": "record", "input": "ACCEPT"})),
        (None, _output("p", _said("ACCEPT"), {"type": "function_call", **_VERDICT_CALL})),
        (1, _parts("p", [_CALL])),
        (0, _parts("p", [{"text": "thinking of it", "thought": True}, _OTHER])),
        (1, _parts("p", [{"text": "I call."}, _CALL], [{"text": "ACC"}, {"text": "EPT"}])),
        (1, _parts("p", [{"text": "it depends"}], [_CALL])),
        (None, _parts("p", [_CALL], [_OTHER])),
        (None, _parts("p", [_CALL, _OTHER])),
        (1, _used("p", {"type": "text", "text": "I call."}, _TOOL)),
        (None, _used("p", {"type": "text", "text": "REJECT"}, _TOOL)),
    ],
)
def test_the_verdict_of_several_answers_if_there_is_one(
    study: Study, label: int | None, record: dict[str, Any]
) -> None:
    _write(study, "output.jsonl", record, _openai("other", "ACCEPT"))
    found = read_batch_results(study, "llm_a")
    row = found.by_person.set_index("profile_id").loc["p"]
    if label is not None:
        assert row["label"] == label
    else:
        assert row["missing"] == Missing.CONTRADICTORY
        assert found.rejects["reason"].tolist() == [
            f"{Missing.CONTRADICTORY}; the label is missing"
        ]


def test_candidates_that_contradict_each_other_are_none(study: Study) -> None:
    records: list[dict[str, Any]] = []
    for said in (["ACCEPT", "REJECT"], ["ACCEPT", "ACCEPT"]):
        choices = [{"message": {"content": each}, "finish_reason": "stop"} for each in said]
        body = {"choices": choices}
        openai = {"custom_id": f"openai {said[1]}", "response": {"status_code": 200, "body": body}}
        records += [openai, _parts(f"gemini {said[1]}", *([{"text": each}] for each in said))]
    _write(study, "output.jsonl", *records)
    found = read_batch_results(study, "llm_a").by_person.set_index("profile_id")
    assert found["label"].dropna().to_dict() == {"openai accept": 1, "gemini accept": 1}
    assert set(found["missing"].dropna()) == {Missing.CONTRADICTORY}


def test_results_by_person_may_be_called_otherwise(study: Study) -> None:
    _write(
        study,
        "1.jsonl",
        {"linkedin_id": "a", "evaluation": "ACCEPT"},
        {"profile_id": "b", "verdict": "REJECT", "reason": "teaches only"},
        {"results": [{"profile_id": "c", "label": 1}, {"id": 4, "evaluation": "REJECT"}]},
        {"member": "d", "verdict": "ACCEPT"},
        {"results": [{"member": "d", "verdict": "ACCEPT"}]},
        {"linkedin_id": None, "profile_id": "e", "verdict": "ACCEPT"},
        {"linkedin_url": "https://www.linkedin.com/in/f/", "evaluation": None, "label": 0},
        {"custom_id": "g", "verdict": "ACCEPT"},
    )
    found, told = _read(study)
    assert found == {"a": 1, "b": 0, "c": 1, "4": 0, "e": 1, "f": 0, "g": 1}
    for line in (4, 5):
        assert "looked for under linkedin_id, profile_id" in told["labels/llm_a/1.jsonl", line][0]


_INLINED = [
    {"metadata": {"key": "yes"}, "response": _gemini("x", "ACCEPT")["response"]},
    _gemini("no", "REJECT"),
    {"metadata": {"key": "bad"}, "error": {"code": 3, "message": "x"}},
    {"response": _gemini("x", "ACCEPT")["response"]},
    None,
]


@pytest.mark.parametrize(
    "job",
    [
        {"inlinedResponses": _INLINED},
        {"inlinedResponses": {"inlinedResponses": _INLINED}},
        {"name": "batches/1", "dest": {"file_name": None, "inlined_responses": _INLINED}},
        {
            "name": "batches/1",
            "metadata": {"state": "BATCH_STATE_SUCCEEDED", "name": "batches/1"},
            "done": True,
            "response": {"@type": "x", "inlinedResponses": {"inlinedResponses": _INLINED}},
        },
        {"metadata": {"output": {"inlinedResponses": {"inlinedResponses": _INLINED}}}},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_results_that_a_job_of_gemini_holds_together(
    study: Study, job: dict[str, Any], indent: int | None
) -> None:
    _write(study, "job.json", json.dumps(job, indent=indent))
    results = read_batch_results(study, "llm_a")
    found = results.by_person.set_index("profile_id")
    assert found["label"].dropna().to_dict() == {"yes": 1, "no": 0}
    assert "error in place" in found["missing"]["bad"]
    reasons = results.rejects["reason"]
    assert [reason for reason in reasons if "no key" in reason] == [
        "a result of the job has no key, so it is not known whose; not used."
        ' Wanted is, of each, {"metadata": {"key": "THE ID"}, "response": {...}}'
    ] * 2
    assert [(form.vendor, form.records) for form in results.forms] == [("Gemini", 3)]


def test_verdicts_by_id(study: Study) -> None:
    _write(
        study,
        "1.json",
        {"results": {"a": "ACCEPT", "b": "REJECT", "https://www.linkedin.com/in/c/": 1}},
        {"results": {"d": {"verdict": "REJECT", "reason": "teaches"}, "e": "unsure", "f": None}},
        {"results": {"g": {"profile_id": "g", "evaluation": "ACCEPT"}}, "model": "x"},
    )
    found, told = _read(study)
    assert found == {"a": 1, "b": 0, "c": 1, "d": 0, "e": None, "f": None, "g": 1}
    assert [key for key in told if key[1] != 2] == []


@pytest.mark.parametrize(
    "results",
    [
        {"linkedin_id": "b", "evaluation": "ACCEPT"},
        {"linkedin_id": {"0": "b"}, "evaluation": {"0": "ACCEPT"}},
        {"0": {"linkedin_id": "b", "evaluation": "ACCEPT"}},
        {"total": 12, "failed": 3},
        {},
    ],
)
def test_objects_that_may_be_other_than_verdicts_by_id(
    study: Study, results: dict[str, Any]
) -> None:
    _write(study, "1.jsonl", {"results": results}, _batch(a="ACCEPT"))
    found, told = _read(study)
    assert found == {"a": 1}
    (reason,) = told["labels/llm_a/1.jsonl", 1]
    assert reason.endswith(
        '; not used. Wanted is {"results": [{"linkedin_id": "...", "evaluation": "ACCEPT"}, ...]}'
    )


def test_errors_in_a_file_of_their_own(study: Study) -> None:
    expired = {"custom_id": "q", "response": None, "error": {"code": "batch_expired"}}
    _write(study, "errors.jsonl", expired, {**expired, "custom_id": "p"})
    _write(study, "output.jsonl", _openai("p", "ACCEPT"))
    found = read_batch_results(study, "llm_a").by_person.set_index("profile_id")
    assert found["label"]["p"] == 1, "an answer counts more than an error"
    assert found["missing"]["q"] == "the batch expired before the request was answered"


def test_one_key_twice(study: Study) -> None:
    records = [_gemini("same", "ACCEPT"), _gemini("same", "ACCEPT")]
    records += [_gemini("other", "ACCEPT"), _gemini("other", "REJECT"), _gemini("z", "REJECT")]
    _write(study, "output.jsonl", *records)
    results = read_batch_results(study, "llm_a")
    found = results.by_person.set_index("profile_id")
    assert found["label"].fillna(-1).to_dict() == {"other": -1, "same": 1, "z": 0}
    assert "different verdicts" in found["missing"]["other"]
    assert results.rejects["line"].tolist() == [4]


def test_requests_are_no_results(study: Study) -> None:
    request = {"custom_id": "p", "method": "POST", "url": "/v1/chat/completions", "body": {}}
    _write(study, "1.jsonl", request, _openai("q", "ACCEPT"), {"custom_id": "", "error": {}})
    _, told = _read(study)
    assert "is a request and no result" in told["labels/llm_a/1.jsonl", 1][0]
    assert "no id" in told["labels/llm_a/1.jsonl", 3][0]


def test_results_of_nobody_are_counted_with_the_likeliest_match(study: Study) -> None:
    records = [_openai("jane-doe-1", "ACCEPT"), _openai("john", "REJECT"), _openai("x", "ACCEPT")]
    _write(study, "output.jsonl", *records)
    results, rejects = read_batches(study, ["llm_a"], {"jane-doe-12", "john"}, set())
    assert results["key"].tolist() == ["jane-doe-1", "john", "x"]
    assert set(results["about"]) == {"person"}
    assert rejects[["source_file", "reason"]].values.tolist() == [
        [
            "labels/llm_a",
            "of 3 ids 2 are of no profile and no rated CV, such as 'jane-doe-1', 'x'"
            " (likeliest match of 'jane-doe-1': 'jane-doe-12'); not used",
        ]
    ]


def test_results_of_texts_that_have_changed_are_counted(study: Study) -> None:
    text_hash = "0" * 32
    answer = json.dumps({"request_id": text_hash[:16], "verdict": "ACCEPT"})
    _write(study, "output.jsonl", _anthropic(request_key(text_hash), answer))
    results, rejects = read_batches(study, ["llm_a"], set(), {text_hash})
    assert results[["about", "key", "label"]].values.tolist() == [["text", text_hash, 1]]
    assert rejects.empty
    _, rejects = read_batches(study, ["llm_a"], set(), {"1" * 32})
    assert "of 1 result 1 is of texts that the study does not have" in rejects["reason"][0]

"""What an endpoint may send back, sense or nonsense."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.llm.exchange import Reply, Usage, read_failure, read_reply
from ml_headcount_assets.text.llm.missing import Missing


def _completion(message: Any, **changes: Any) -> bytes:
    choice = {"index": 0, "message": message, "finish_reason": "stop", **changes}
    usage = {"prompt_tokens": 9, "completion_tokens": 3}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


def test_a_good_reply() -> None:
    message = {"role": "assistant", "content": "{}", "refusal": None}
    assert read_reply(_completion(message)) == Reply("{}", Usage(9, 3))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (_completion({"content": None, "refusal": "no"}), Missing.REFUSED),
        (_completion({"content": "{}"}, finish_reason="content_filter"), Missing.REFUSED),
        (_completion({"content": "{"}, finish_reason="length"), Missing.CUT_OFF),
        (_completion({"content": None}), Missing.EMPTY),
    ],
)
def test_replies_without_an_answer(content: bytes, reason: Missing) -> None:
    assert read_reply(content) == Reply(reason, Usage(9, 3))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_message = st.fixed_dictionaries({}, optional={"content": _json, "refusal": _json})
_choice = st.fixed_dictionaries({}, optional={"message": _message | _json, "finish_reason": _json})
_usage = st.fixed_dictionaries({}, optional={"prompt_tokens": _json, "completion_tokens": _json})
_body = st.fixed_dictionaries(
    {}, optional={"choices": st.lists(_choice | _json, max_size=2) | _json, "usage": _usage | _json}
)


@given(st.binary() | (_body | _json).map(lambda body: json.dumps(body).encode()))
def test_nonsense_is_no_reply_and_no_error(content: bytes) -> None:
    reply = read_reply(content)
    assert reply is None or isinstance(reply.content, (str, Missing))
    if reply is not None and reply.usage is not None:
        assert reply.usage.input >= 0
        assert reply.usage.output >= 0
    for status in (301, 400, 403, 429, 500):
        failure = read_failure(status, {}, content)
        assert failure.may_be_billed is False
        assert failure.wait is None


@pytest.mark.parametrize(
    ("status", "missing", "may_be_billed", "advised"),
    [
        (302, Missing.REJECTED, False, True),
        (400, Missing.REJECTED, False, False),
        (401, Missing.REJECTED, False, True),
        (402, Missing.REJECTED, False, True),
        (403, Missing.REJECTED, False, False),
        (404, Missing.REJECTED, False, True),
        (408, Missing.SERVER_ERROR, True, False),
        (413, Missing.REJECTED, False, False),
        (429, Missing.RATE_LIMITED, False, False),
        (500, Missing.SERVER_ERROR, False, False),
        (503, Missing.SERVER_ERROR, False, False),
        (504, Missing.SERVER_ERROR, True, False),
        (529, Missing.SERVER_ERROR, False, False),
    ],
)
def test_what_a_status_means(
    status: int, missing: Missing, may_be_billed: bool, advised: bool
) -> None:
    failure = read_failure(status, {}, b'{"error": {"message": "m", "param": "p", "code": null}}')
    assert (failure.missing, failure.may_be_billed) == (missing, may_be_billed)
    assert (failure.advice is not None) == advised


def test_an_empty_account_is_no_rate_limit() -> None:
    failure = read_failure(429, {}, b'{"error": {"code": "insufficient_quota"}}')
    assert failure.advice is not None
    assert "no credit or quota left" in failure.advice


@pytest.mark.parametrize(
    ("header", "expected"),
    [("3", 3.0), ("0.25", 0.25), ("-5", 0.0), ("soon", None), ("nan", None), ("inf", None)],
)
def test_retry_after_in_seconds(header: str, expected: float | None) -> None:
    assert read_failure(429, {"Retry-After": header}, b"").wait == expected


def test_retry_after_as_a_date() -> None:
    header = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert read_failure(503, {"Retry-After": header}, b"").wait == pytest.approx(90, abs=3)

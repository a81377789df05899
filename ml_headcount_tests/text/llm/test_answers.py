"""Only the answer that was asked for is an answer."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.text.llm.answers import read_answer
from ml_headcount_assets.text.llm.missing import Missing

_ID = "0123456789abcdef"
_ACCEPT = f'{{"request_id": "{_ID}", "verdict": "ACCEPT"}}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (_ACCEPT, 1),
        (_ACCEPT.replace("ACCEPT", "REJECT"), 0),
        (f"\n  {_ACCEPT}  \n", 1),
        (f'{{"verdict":"REJECT","request_id":"{_ID}"}}', 0),
        (f"```json\n{_ACCEPT}\n```", 1),
        (f"```\n{_ACCEPT}\n```", 1),
    ],
)
def test_answers_of_the_right_form(content: str, expected: int) -> None:
    assert read_answer(content, _ID) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", Missing.EMPTY),
        (" \n", Missing.EMPTY),
        ("ACCEPT", Missing.NOT_JSON),
        ('"ACCEPT"', Missing.NOT_JSON),
        ("1", Missing.NOT_JSON),
        ("null", Missing.NOT_JSON),
        (f"[{_ACCEPT}]", Missing.NOT_JSON),
        (f"The verdict is {_ACCEPT}", Missing.NOT_JSON),
        (f"{_ACCEPT} as I said", Missing.NOT_JSON),
        (f"{_ACCEPT}{_ACCEPT}", Missing.NOT_JSON),
        (_ACCEPT[:-1], Missing.NOT_JSON),
        (f"```json\n{_ACCEPT}\n``` ```json\n{_ACCEPT}\n```", Missing.NOT_JSON),
        ("[" * 100_000, Missing.NOT_JSON),
        ("{}", Missing.WRONG_KEYS),
        ('{"verdict": "ACCEPT"}', Missing.WRONG_KEYS),
        (_ACCEPT.replace("}", ', "why": "strong"}'), Missing.WRONG_KEYS),
        (_ACCEPT.replace("}", ', "verdict": "REJECT"}'), Missing.WRONG_KEYS),
        (_ACCEPT.replace(_ID, _ID[::-1]), Missing.WRONG_ID),
        (_ACCEPT.replace(f'"{_ID}"', "123456789"), Missing.WRONG_ID),
        (_ACCEPT.replace(_ID, _ID.upper()), Missing.WRONG_ID),
        (_ACCEPT.replace("ACCEPT", "accept"), Missing.NO_VERDICT),
        (_ACCEPT.replace("ACCEPT", "ACCEPT or REJECT"), Missing.NO_VERDICT),
        (_ACCEPT.replace('"ACCEPT"', "true"), Missing.NO_VERDICT),
        (_ACCEPT.replace('"ACCEPT"', '["ACCEPT"]'), Missing.NO_VERDICT),
    ],
)
def test_everything_else_is_missing_with_a_reason(content: str, reason: Missing) -> None:
    assert read_answer(content, _ID) is reason


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.text() | _values.map(json.dumps))
def test_nothing_else_is_ever_a_label(content: str) -> None:
    assert isinstance(read_answer(content, _ID), Missing)


@given(_values, _values)
def test_both_values_have_to_be_right(request_id: object, verdict: object) -> None:
    content = json.dumps({"request_id": request_id, "verdict": verdict})
    is_right = request_id == _ID and verdict in ("ACCEPT", "REJECT")
    assert isinstance(read_answer(content, _ID), Missing) is not is_right

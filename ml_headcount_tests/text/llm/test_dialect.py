"""What is left out when an endpoint complains."""

from __future__ import annotations

import json

import pytest

from ml_headcount_assets.text.llm.annotator import LlmAnnotator
from ml_headcount_assets.text.llm.cost import most_tokens
from ml_headcount_assets.text.llm.dialect import Dialect
from ml_headcount_assets.text.service import PricePerMillion

_ANNOTATOR = LlmAnnotator(
    "llm_a", "a-1", "https://api.example.com/v1/", PricePerMillion(input=0, output=0), api_key="K"
)


def test_the_first_request_asks_for_everything_that_helps() -> None:
    body = json.loads(Dialect().body(_ANNOTATOR, "A text", "id"))
    assert body["model"] == "a-1"
    assert body["temperature"] == 0
    assert body["max_tokens"] == 2000
    assert body["response_format"]["json_schema"]["strict"] is True
    schema = body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["verdict"]["enum"] == ["ACCEPT", "REJECT"]
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("complaint", "expected"),
    [
        # as services put it
        (
            "max_tokens Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead.",
            Dialect(output_limit="max_completion_tokens"),
        ),
        (
            "temperature Unsupported value: 'temperature' does not support 0 with this model.",
            Dialect(temperature=False),
        ),
        (
            "response_format Invalid parameter: 'response_format' of type 'json_schema' is not"
            " supported with this model.",
            Dialect(response_format="json_object"),
        ),
        ("None Unknown field json_schema", Dialect(response_format="json_object")),
        ("None the text is too long", None),
        ("None None", None),
    ],
)
def test_complaints_are_understood(complaint: str, expected: Dialect | None) -> None:
    assert Dialect().without(complaint) == expected


def test_there_is_an_end_to_leaving_out() -> None:
    dialect: Dialect | None = Dialect()
    seen = []
    while dialect is not None:
        seen.append(dialect)
        dialect = dialect.without("max_tokens, temperature and response_format are unknown")
    assert len(seen) == len(set(seen)) == 5
    bare = json.loads(seen[-1].body(_ANNOTATOR, "A text", "id"))
    assert sorted(bare) == ["max_completion_tokens", "messages", "model"]


def test_no_token_is_shorter_than_a_byte() -> None:
    body = Dialect().body(_ANNOTATOR, "日本語の経歴", "id")
    assert most_tokens(body) > len(json.dumps(json.loads(body)["messages"], ensure_ascii=False))


def test_keys_are_not_shown() -> None:
    assert "K" not in repr(_ANNOTATOR).replace("Keys", "")
    assert _ANNOTATOR.url == "https://api.example.com/v1/chat/completions"

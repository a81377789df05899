"""Batches of the OpenAI form: /v1/batches, vLLM's run_batch, Together, Groq, Mistral, Azure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..annotator import LlmAnnotator
from ..dialect import Dialect
from ..missing import Missing
from .form import BatchAnswer, BatchForm, Limits, joined_texts, of_call

__all__ = ["FORM"]

# A batch cannot be asked again in other words, so it is asked in those that all models of the
# service take: the newer name of the limit, and the model's own temperature.
_DIALECT = Dialect(output_limit="max_completion_tokens", temperature=False)
_ENDS = {
    "length": Missing.CUT_OFF,
    "max_output_tokens": Missing.CUT_OFF,
    "content_filter": Missing.REFUSED,
}
_ERRORS = {"batch_expired": Missing.EXPIRED, "batch_cancelled": Missing.CANCELLED}


def _request(annotator: LlmAnnotator, text: str, request_id: str, key: str) -> dict[str, Any]:
    body = json.loads(_DIALECT.body(annotator, text, request_id))
    return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}


def _answer(record: Mapping[str, Any]) -> BatchAnswer | None:
    if "custom_id" not in record or not {"response", "error"} & record.keys():
        return None
    key, response, error = str(record["custom_id"]), record.get("response"), record.get("error")
    if isinstance(error, dict):
        return BatchAnswer(key, missing=_ERRORS.get(str(error.get("code")), Missing.FAILED))
    if not isinstance(response, dict) or _failed(response):
        return BatchAnswer(key, missing=Missing.FAILED)
    body = response.get("body")
    return _of_body(key, body if isinstance(body, dict) else response)


def _failed(response: Mapping[str, Any]) -> bool:
    status, body = response.get("status_code", 200), response.get("body")
    wrong = isinstance(body, dict) and isinstance(body.get("error"), dict)
    return wrong or not isinstance(status, int) or status >= 300


def _of_body(key: str, body: Mapping[str, Any]) -> BatchAnswer:
    choices = body.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        answers = [_of_choice(key, each) for each in choices if isinstance(each, dict)]
        return BatchAnswer.settled(key, answers)
    if isinstance(body.get("output"), list):  # /v1/responses
        return _of_output(key, body)
    return BatchAnswer(key, missing=Missing.NOT_PROTOCOL)


def _of_choice(key: str, choice: Mapping[str, Any]) -> BatchAnswer:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {"content": choice.get("text")}
    missing = _ENDS.get(str(choice.get("finish_reason")))
    content = message.get("content")
    text = content if isinstance(content, str) else joined_texts(content)
    missing = Missing.REFUSED if message.get("refusal") else missing
    return BatchAnswer.of(key, [text, *_calls(message)], missing)


def _calls(message: Mapping[str, Any]) -> Iterator[str]:
    calls = message.get("tool_calls")
    functions = [
        call.get("function")
        for call in (calls if isinstance(calls, list) else [])
        if isinstance(call, dict)
    ]
    for function in (*functions, message.get("function_call")):
        if isinstance(function, dict):
            yield of_call(function.get("name"), function.get("arguments"))


def _of_output(key: str, body: Mapping[str, Any]) -> BatchAnswer:
    items = [item for item in body["output"] if isinstance(item, dict)]
    messages = [each.get("content") for each in items if each.get("type", "message") == "message"]
    calls = [
        of_call(each.get("name"), each.get("arguments") or each.get("input"))
        for each in items
        if each.get("type") in ("function_call", "custom_tool_call")
    ]
    details = body.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else None
    refused = any(
        isinstance(part, dict) and part.get("type") == "refusal"
        for parts in messages
        if isinstance(parts, list)
        for part in parts
    )
    missing = Missing.REFUSED if refused else _ENDS.get(str(reason))
    return BatchAnswer.of(key, [*map(joined_texts, messages), *calls], missing)


FORM = BatchForm(
    name="openai",
    title="OpenAI",
    extension=".jsonl",
    opening=b"",
    between=b"\n",
    closing=b"\n",
    limits=Limits(50_000, 200_000_000),
    request=_request,
    answer=_answer,
)

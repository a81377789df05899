"""Batches of the OpenAI form: /v1/batches, vLLM's run_batch, Together, Groq, Mistral, Azure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..annotator import LlmAnnotator
from ..dialect import Dialect
from ..missing import Missing
from .form import BatchAnswer, BatchForm, Limits, contradictory, joined_texts

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
        texts = [_content(each) for each in choices if isinstance(each, dict)]
        if contradictory(texts):
            return BatchAnswer(key, missing=Missing.NO_VERDICT)
        message, end = choices[0].get("message"), choices[0].get("finish_reason")
        refused = isinstance(message, dict) and message.get("refusal")
        missing = Missing.REFUSED if refused else _ENDS.get(str(end))
        return BatchAnswer.of(key, texts[0], missing)
    if isinstance(body.get("output"), list):  # /v1/responses
        parts = [
            part
            for item in body["output"]
            if isinstance(item, dict) and item.get("type", "message") == "message"
            for part in item.get("content") or []
            if isinstance(part, dict)
        ]
        details = body.get("incomplete_details")
        reason = details.get("reason") if isinstance(details, dict) else None
        refused = any(part.get("type") == "refusal" for part in parts)
        missing = Missing.REFUSED if refused else _ENDS.get(str(reason))
        return BatchAnswer.of(key, joined_texts(parts), missing)
    return BatchAnswer(key, missing=Missing.NOT_PROTOCOL)


def _content(choice: Mapping[str, Any]) -> str:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {"content": choice.get("text")}
    content = message.get("content")
    text = content if isinstance(content, str) else joined_texts(content)
    return text or _arguments(message)


def _arguments(message: Mapping[str, Any]) -> str:
    """Return what a model answers by calling the one function that it was given."""
    calls = message.get("tool_calls")
    if not isinstance(calls, list) or len(calls) != 1 or not isinstance(calls[0], dict):
        return ""
    function = calls[0].get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if isinstance(arguments, dict):
        return json.dumps(arguments)
    return arguments if isinstance(arguments, str) else ""


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

"""Batches of the Anthropic form: /v1/messages/batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..annotator import LlmAnnotator
from ..missing import Missing
from ..prompt import messages
from .form import BatchAnswer, BatchForm, Limits, joined_texts, of_call

__all__ = ["FORM"]

_OUTCOMES = {"expired": Missing.EXPIRED, "canceled": Missing.CANCELLED, "errored": Missing.FAILED}
_ENDS = {
    "max_tokens": Missing.CUT_OFF,
    "model_context_window_exceeded": Missing.CUT_OFF,
    "refusal": Missing.REFUSED,
}


def _request(annotator: LlmAnnotator, text: str, request_id: str, key: str) -> dict[str, Any]:
    system, user = messages(text, request_id)
    return {
        "custom_id": key,
        "params": {
            "model": annotator.model,
            "max_tokens": annotator.max_output_tokens,
            "system": system["content"],
            "messages": [user],
        },
    }


def _answer(record: Mapping[str, Any]) -> BatchAnswer | None:
    result = record.get("result")
    if "custom_id" not in record or not isinstance(result, dict) or "type" not in result:
        return None
    key, message = str(record["custom_id"]), result.get("message")
    if result["type"] != "succeeded":
        return BatchAnswer(key, missing=_OUTCOMES.get(str(result["type"]), Missing.FAILED))
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return BatchAnswer(key, missing=Missing.NOT_PROTOCOL)
    missing = _ENDS.get(str(message.get("stop_reason")))
    parts = [part for part in message["content"] if isinstance(part, dict)]
    text = joined_texts([part for part in parts if part.get("type", "text") == "text"])
    used = [part for part in parts if part.get("type") == "tool_use"]
    calls = [of_call(each.get("name"), each.get("input")) for each in used]
    return BatchAnswer.of(key, [text.strip(), *calls], missing)


FORM = BatchForm(
    name="anthropic",
    title="Anthropic",
    extension=".json",
    opening=b'{"requests": [\n',
    between=b",\n",
    closing=b"\n]}\n",
    limits=Limits(100_000, 256_000_000),
    request=_request,
    answer=_answer,
)

"""Batches of the Gemini form: files of keys and requests for batchGenerateContent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..annotator import LlmAnnotator
from ..missing import Missing
from ..prompt import messages
from .form import BatchAnswer, BatchForm, Limits, joined_texts, of_call

__all__ = ["FORM"]

_REFUSALS = ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE")


#: Under what a job has the results of requests that were sent with it, and what is around that.
_INLINED = ("inlinedResponses", "inlined_responses")
_AROUND = (*_INLINED, "response", "output", "dest", "metadata")
_DEEPEST = 3


def _request(annotator: LlmAnnotator, text: str, request_id: str, key: str) -> dict[str, Any]:
    system, user = messages(text, request_id)
    return {
        "key": key,
        "request": {
            "system_instruction": {"parts": [{"text": system["content"]}]},
            "contents": [{"role": "user", "parts": [{"text": user["content"]}]}],
            "generation_config": {
                "max_output_tokens": annotator.max_output_tokens,
                "response_mime_type": "application/json",
            },
        },
    }


def _answer(record: Mapping[str, Any]) -> BatchAnswer | None:
    key = _key(record)
    if key is None or not {"response", "error"} & record.keys():
        return None
    response = record.get("response")
    if record.get("error") or not isinstance(response, dict) or "error" in response:
        return BatchAnswer(key, missing=Missing.FAILED)
    candidates = response.get("candidates")
    if not isinstance(candidates, list) or not candidates or not isinstance(candidates[0], dict):
        blocked = response.get("promptFeedback") or response.get("prompt_feedback")
        return BatchAnswer(key, missing=Missing.REFUSED if blocked else Missing.EMPTY)
    answers = [_of_candidate(key, each) for each in candidates if isinstance(each, dict)]
    return BatchAnswer.settled(key, answers)


def _inlined(record: Mapping[str, Any], depth: int = _DEEPEST) -> list[Any] | None:
    for name in _AROUND:
        inner = record.get(name)
        if name in _INLINED and isinstance(inner, list):
            return inner
        found = _inlined(inner, depth - 1) if isinstance(inner, dict) and depth else None
        if found is not None:
            return found
    return None


def _key(record: Mapping[str, Any]) -> str | None:
    metadata = record.get("metadata")
    inside = metadata.get("key") if isinstance(metadata, dict) else None
    key = record.get("key", inside)
    return None if key is None or "custom_id" in record else str(key)


def _of_candidate(key: str, candidate: Mapping[str, Any]) -> BatchAnswer:
    end = str(candidate.get("finishReason") or candidate.get("finish_reason") or "")
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    said = [part for part in parts if not _is_thought(part)] if isinstance(parts, list) else []
    missing = Missing.CUT_OFF if end == "MAX_TOKENS" else None
    if any(word in end for word in _REFUSALS):
        missing = Missing.REFUSED
    return BatchAnswer.of(key, [joined_texts(said), *_calls(said)], missing)


def _calls(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        called = isinstance(part, dict) and (part.get("functionCall") or part.get("function_call"))
        if isinstance(called, dict):
            yield of_call(called.get("name"), called.get("args"))


def _is_thought(part: Any) -> bool:
    return isinstance(part, dict) and bool(part.get("thought"))


FORM = BatchForm(
    name="gemini",
    title="Gemini",
    extension=".jsonl",
    opening=b"",
    between=b"\n",
    closing=b"\n",
    limits=Limits(None, 2_000_000_000),
    request=_request,
    answer=_answer,
    together=_inlined,
)

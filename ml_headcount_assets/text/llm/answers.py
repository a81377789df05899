"""Reading an LLM's answer: a label, or the reason why there is none.

The answer has to be the JSON object that was asked for and nothing else. It is never searched
for a verdict, since whatever surrounds a verdict may come from the profile.
"""

from __future__ import annotations

import json
import re
from typing import Any

from .missing import Missing

__all__ = ["read_answer"]

_LABELS = {"ACCEPT": 1, "REJECT": 0}

# Models without structured output like to put a fence around their JSON.
_FENCE = re.compile(r"```(?:json)?\s*\n(?P<inside>[^`]*)\n\s*```")


def read_answer(content: str, request_id: str) -> int | Missing:
    """Return the label, 1 for ACCEPT and 0 for REJECT, or why the answer cannot be used.

    Parameters
    ----------
    content
        What the model wrote.
    request_id
        The id that the request asked to repeat.
    """
    content = content.strip()
    if not content:
        return Missing.EMPTY
    fenced = _FENCE.fullmatch(content)
    try:
        answer = json.loads(fenced["inside"] if fenced else content, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return Missing.NOT_JSON
    if not isinstance(answer, _Pairs):
        return Missing.NOT_JSON
    if sorted(key for key, _ in answer) != ["request_id", "verdict"]:  # also if one comes twice
        return Missing.WRONG_KEYS
    fields = dict(answer)
    if fields["request_id"] != request_id:
        return Missing.WRONG_ID
    verdict = fields["verdict"]
    return (
        _LABELS.get(verdict, Missing.NO_VERDICT)
        if isinstance(verdict, str)
        else (Missing.NO_VERDICT)
    )


class _Pairs(list[tuple[str, Any]]):
    """A JSON object with its keys as they were written, so that repeats are seen."""

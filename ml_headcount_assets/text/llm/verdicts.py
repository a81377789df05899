"""Reading the verdict of a batch job that was run elsewhere, whose prompt is not known.

The rule: the answer is a verdict, or has one where answers put it, and nothing is searched for in
sentences.

1. A code fence, a tag, quotation marks, symbols and the marks of Markdown around the answer make no
   difference, nor do invisible characters and full-width letters. What a model thinks before it
   answers, up to the last ``</think>``, is no answer.
2. A JSON object (or what Python prints of one) gives what stands under verdict, evaluation, label,
   decision, answer, classification, result, is_expert or accept, the first of these that is not
   null; so does an object in it, or the only object of a list.
3. Text gives its verdict if it is one (``ACCEPT``, ``**Reject**``, ``Yes.``, ``1``); if its first
   line begins with such a word and a punctuation mark (``ACCEPT: the profile ...``); or if lines
   of it are such a word, perhaps behind the name of the field (``Final verdict: REJECT``). Two
   that differ are none, and so is a refusal (``No, I cannot ...``) or a word that another verdict
   follows (``ACCEPT: no``).

Words for 1 are ACCEPT, ACCEPTED, YES, TRUE and 1; for 0 REJECT, REJECTED, NO, FALSE and 0.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from .missing import Missing

__all__ = ["has_verdict", "read_verdict"]

_WORDS = {
    **dict.fromkeys(("accept", "accepted", "yes", "true", "1", "1.0"), 1),
    **dict.fromkeys(("reject", "rejected", "no", "false", "0", "0.0"), 0),
}
_FIELDS = (
    *("verdict", "evaluation", "label", "decision", "answer", "classification", "result"),
    *("is_expert", "accept", "accepted"),
)
_FENCE = re.compile(r"```\w*\s*\n?(?P<inside>[^`]*?)\s*```")
_TAG = re.compile(r"<(?P<name>\w+)>(?P<inside>[^<>]*)</(?P=name)>")
#: Categories of what is not seen, and of pictures beside a word.
_UNSEEN = frozenset({"Cf", "So", "Mn"})
#: `ast` needs a lot of memory for long texts.
_LONGEST_LITERAL = 10_000
_DECORATION = " \t\r\n*_`\"'“”‘’«»#>.!,;:()[]{}-–—"
_NAMED = re.compile(
    r"(?:(?:my|the|final|overall)\s+)*(?:verdict|evaluation|label|decision|answer|classification|"
    r"result|conclusion|output)[\s*_`\"']*(?:is\s*)?[:=\-–—]?[\s*_`\"']*(?P<word>\S+)",
    re.IGNORECASE,
)
_LEADING = re.compile(r"[*_`\"']*(?P<word>[a-z]+)[*_`\"']*\s*[.:,;–—-](?:\s|$)", re.IGNORECASE)
_THINKS = "<{}(?:think|thinking|thought|reasoning)>"
_THINKING = re.compile(_THINKS.format(""), re.IGNORECASE)
_END_OF_THOUGHT = re.compile(_THINKS.format("/"), re.IGNORECASE)
_REFUSED = re.compile(
    r"\b(?:can(?:not|['’]?t| not)|unable|not able|won['’]?t|insufficient|not enough|sorry)\b",
    re.IGNORECASE,
)
_DEEPEST = 3


def read_verdict(content: Any) -> int | Missing:
    """Return the label that an answer gives, 1 or 0, or why it gives none.

    Parameters
    ----------
    content
        What the model wrote: text, or a value of JSON.
    """
    if isinstance(content, str):
        return _of_text(content)
    label = _of_value(content, _DEEPEST)
    return Missing.NO_VERDICT if label is None else label


def has_verdict(record: Mapping[str, Any]) -> bool:
    """Whether an object has a field in which verdicts are looked for."""
    return not {str(key).strip().casefold() for key in record}.isdisjoint(_FIELDS)


def _of_text(text: str) -> int | Missing:
    if not text.strip():
        return Missing.EMPTY
    text = _END_OF_THOUGHT.split(_plain(text))[-1].strip()
    if _THINKING.match(text):  # it was cut off before it answered
        return Missing.NO_VERDICT
    for around in (_FENCE, _TAG):
        found = around.fullmatch(text)
        text = found["inside"].strip() if found else text
    whole = _word(text)
    if whole is None and text[:1] in ("{", "["):
        whole = _of_json(text)
    if whole is None:
        whole = _of_lines(text)
    return Missing.NO_VERDICT if whole is None else whole


def _plain(text: str) -> str:
    """Return a text without compatibility forms, invisible characters and symbols around it."""
    if not text.isascii():
        normal = unicodedata.normalize("NFKC", text)
        text = "".join(c for c in normal if unicodedata.category(c) not in _UNSEEN)
    return text.strip()


def _of_json(text: str) -> int | None:
    try:
        return _of_value(json.loads(text), _DEEPEST)
    except (ValueError, RecursionError):
        pass
    try:
        return _of_value(ast.literal_eval(text[:_LONGEST_LITERAL]), _DEEPEST)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _of_value(value: Any, depth: int) -> int | None:
    if isinstance(value, (bool, int, float)):
        return int(value) if value in (0, 1) else None
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        value = value[0]
    if not isinstance(value, dict) or not depth:
        return None
    named = {str(key).strip().casefold(): each for key, each in value.items()}
    found = next((named[field] for field in _FIELDS if named.get(field) is not None), None)
    if found is None and len(named) == 1:  # {"output": {"verdict": ...}}
        found = next(iter(named.values()))
        return _of_value(found, depth - 1) if isinstance(found, (dict, list)) else None
    return _of_value(found, depth - 1)


def _word(text: str) -> int | None:
    plain = text.strip(_DECORATION).casefold()
    signed = text.strip().startswith("-") and plain[:1].isdigit()  # -1 is no 1
    return None if signed else _WORDS.get(plain)


def _of_lines(text: str) -> int | None:
    """Return the verdict of the lines that are one, if these agree."""
    lines = [line for line in (line.strip() for line in text.splitlines()) if line]
    found = {label for label in map(_of_line, lines) if label is not None}
    leading = _LEADING.match(lines[0]) if lines else None
    if leading and (label := _word(leading["word"])) is not None:
        behind = lines[0][leading.end() :]
        if _REFUSED.search(behind) or _word(behind) not in (None, label):
            return None
        found.add(label)
    return found.pop() if len(found) == 1 else None


def _of_line(line: str) -> int | None:
    named = _NAMED.fullmatch(line.strip(_DECORATION))
    if named:
        return _word(named["word"])
    return None if any(map(str.isdigit, line)) else _word(line)  # of a list, "1." is a number

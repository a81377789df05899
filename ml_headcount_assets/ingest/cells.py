"""Objects and lists in the cells of a table: JSON, what pandas makes of it, what Excel leaves.

A field that holds entries (experience, education, ...) has JSON in a cell, or plain text. JSON that
cannot be read is never taken for text: it would put keys and addresses into the text that is
labelled. It is left out, with the reason.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

import orjson

from ..text.fields import SECTIONS, squashed
from .values import NOTHING

__all__ = ["LONGEST_SPREADSHEET_CELL", "nested", "structured"]

#: A spreadsheet program cuts off what is longer.
LONGEST_SPREADSHEET_CELL = 32_767

#: `ast` needs a lot of memory for long texts.
_LONGEST_LITERAL = 1 << 20
_LIKE_JSON = re.compile(r"""\s*(?:\{\s*["'}]|\[\s*(?:[\[{"'\]]|-?\d|None|null|True|False|true))""")
_NUMPY = re.compile(r"\barray\(|\bnan\b|\bTimestamp\(|\bdatetime\.|\bdtype=")

_STEP = re.compile(r"[^./\[\]]+|\[\d*\]")
_FLAT = re.compile(r"^([A-Za-z_][\w ]*)(?:[./]\w[\w ]*|\[\d+\])+$")

Report = Callable[[str, str], None]


def structured(record: Mapping[str, Any], report: Report | None = None) -> Mapping[str, Any]:
    """Return the record with parsed objects and lists where it has them as text.

    Parameters
    ----------
    report
        Is told (field, reason) of each cell that is left out, or that was not read as it stands.
    """
    parsed = {
        field: _parsed(value, field, report)
        for field, value in record.items()
        if isinstance(value, str) and value and _may_be_structured(field, value)
    }
    return {**record, **parsed} if parsed else record


def _may_be_structured(field: str, value: str) -> bool:
    return value[0] in "{[ \t\n" or len(value) >= LONGEST_SPREADSHEET_CELL or _holds_entries(field)


@lru_cache(maxsize=10_000)
def _holds_entries(field: str) -> bool:
    return squashed(field) in SECTIONS


def _parsed(cell: str, field: str, report: Report | None) -> Any:
    if cell.strip().casefold() in NOTHING:
        return None
    like_json = _LIKE_JSON.match(cell) is not None
    if like_json:
        for load in (orjson.loads, json.loads):  # the second knows NaN, and half a character
            with suppress(ValueError, RecursionError):
                return load(cell)
        literal = _literal(cell)
        if isinstance(literal, (dict, list)):
            _tell(report, field, "is a Python literal and no JSON; read as what it stands for")
            return literal
    if len(cell) == LONGEST_SPREADSHEET_CELL:
        what = "left out" if like_json else "the rest is lost"
        _tell(
            report,
            field,
            f"is cut off at {LONGEST_SPREADSHEET_CELL:,} characters, as a spreadsheet does; {what}."
            " Take the vendor's JSON",
        )
        return None if like_json else cell
    if like_json and (_holds_entries(field) or not _reads_as_text(cell)):
        kind = "a Python object" if _NUMPY.search(cell) else "damaged JSON"
        _tell(report, field, f"is {kind} and cannot be read; left out. Write the table with JSON")
        return None
    return cell


def _reads_as_text(cell: str) -> bool:
    """Whether what begins like JSON goes on as text, such as "[2019] I joined"."""
    return cell.count('":') + cell.count("':") == 0


def _literal(cell: str) -> Any:
    if len(cell) > _LONGEST_LITERAL:
        return None
    try:
        return _with_text_keys(ast.literal_eval(cell.strip()))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [_with_text_keys(each) for each in value]
    return value


def _tell(report: Report | None, field: str, reason: str) -> None:
    if report:
        report(field, reason)


def nested(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a table's row with the objects that its columns were flattened from.

    ``current_company.name``, ``experiences/0/title`` and ``experiences[0].title`` are parts of
    current_company and experiences.
    """
    flat = [name for name in record if _is_flat(name)]
    if not flat:
        return record
    whole: dict[str, Any] = {name: value for name, value in record.items() if not _is_flat(name)}
    for name in flat:
        steps = [step.strip("[]") for step in _STEP.findall(name)]
        place = whole
        for step in steps[:-1]:
            inner = place.setdefault(step, {})
            if not isinstance(inner, dict):
                break  # the column of the whole counts
            place = inner
        else:
            place[steps[-1]] = record[name]
    return {name: _with_lists(value) for name, value in whole.items()}


@lru_cache(maxsize=10_000)
def _is_flat(name: str) -> bool:
    return _FLAT.match(name) is not None


def _with_lists(value: Any) -> Any:
    """Return objects whose names are all numbers as lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdigit() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner

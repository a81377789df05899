"""What a piece of text means: a label, a whole number, or nothing.

Columns are long and hold few different texts, so every rule is applied once to each distinct
text and then spread over the rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from .rejects import Rejects

__all__ = [
    "LARGEST_COUNT",
    "NOTHING",
    "Rows",
    "as_text",
    "map_distinct",
    "parse_counts",
    "parse_labels",
]

#: Nobody employs more people; larger numbers are misplaced ids or telephone numbers.
LARGEST_COUNT = 100_000_000

#: What reading a file gives: the header, rows as wide as the header, and the line of each row.
Rows = tuple[list[str], Sequence[Sequence[str]], list[int]]

#: Texts that stand for no value, in lower case.
NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})
_LABELS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
# Words that may be repeated in a message: whatever else is there could be somebody's name.
_SPEAKABLE = frozenset({"yes", "no", "true", "false", "y", "n", "accept", "reject"})

_MISSING, _BAD = -1, -2


def as_text(value: Any) -> str:
    """Return the text of a value of a format that has types; a missing one becomes ""."""
    if value is None or value != value:  # NaN is the value that differs from itself
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    # JSON can spell half of a surrogate pair, which no table can store.
    return str(value).encode("utf-8", "replace").decode()


def map_distinct(
    values: NDArray[np.object_], function: Callable[[str], object]
) -> NDArray[np.object_]:
    """Apply `function` to each distinct text and spread the results over the rows."""
    codes, distinct = pd.factorize(values)
    results = np.empty(len(distinct), dtype=object)
    results[:] = [function(text) for text in distinct]
    return results[codes]


def parse_labels(
    values: NDArray[np.object_], line: NDArray[np.int64], field: str, rejects: Rejects
) -> ExtensionArray:
    """Read labels as Int8 of 0, 1 or missing; anything else is missing and goes to `rejects`."""
    return _parse(values, line, field, rejects, _label, "0, 1 or empty").astype("Int8")


def parse_counts(
    values: NDArray[np.object_],
    line: NDArray[np.int64],
    field: str,
    rejects: Rejects,
    *,
    least: int,
) -> ExtensionArray:
    """Read whole numbers from `least` up as Int64; others are missing and go to `rejects`."""
    return _parse(
        values,
        line,
        field,
        rejects,
        lambda text: _count(text, least),
        f"a whole number from {least} to {LARGEST_COUNT}, or empty",
    )


def _parse(
    values: NDArray[np.object_],
    line: NDArray[np.int64],
    field: str,
    rejects: Rejects,
    function: Callable[[str], int],
    wanted: str,
) -> ExtensionArray:
    codes = map_distinct(values, function).astype(np.int64)
    bad = codes == _BAD
    if bad.any():
        reasons = map_distinct(
            values[bad], lambda text: f"{_speakable(text)} is not {wanted}; taken as missing"
        )
        rejects.add(line[bad], field, list(reasons), list(values[bad]))
    parsed = pd.array(codes, "Int64")
    parsed[codes < 0] = pd.NA
    return parsed


def _label(text: str) -> int:
    text = text.strip().casefold()
    return _MISSING if text in NOTHING else _LABELS.get(text, _BAD)


def _count(text: str, least: int) -> int:
    text = text.strip().casefold()
    if text in NOTHING:
        return _MISSING
    number = _number(text)
    if number is None or number != round(number) or not least <= number <= LARGEST_COUNT:
        return _BAD
    return int(number)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _speakable(text: str) -> str:
    """The value for a message if it is a number or a known word, else only that it is text."""
    text = text.strip().casefold()
    number = _number(text)
    if number is not None:
        return f"{number:.12g}"
    return repr(text) if text in _SPEAKABLE else "the text there"

"""Values of any format as text, and rules that are applied to columns of text.

Columns are long and hold few different texts, so every rule is applied once to each distinct
text and then spread over the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["NOTHING", "Rows", "as_text", "map_distinct", "without_text_formula"]

#: What reading a file gives: the header, rows as wide as the header, and the line of each row.
Rows = tuple[list[str], Sequence[Sequence[str]], list[int]]

#: Texts that stand for no value, in lower case.
NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})

_TEXT_FORMULA = re.compile(r'\s*="([^"]*)"\s*')


def as_text(value: Any) -> str:
    """Return the text of a value of a format that has types; a missing one becomes "".

    True and false are words, as in files of text: they are labels, but no numbers of anything.
    """
    if value is None or value != value:  # NaN is the value that differs from itself
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    # JSON can spell half of a surrogate pair, which no table can store.
    return str(value).encode("utf-8", "replace").decode()


def without_text_formula(text: str) -> str:
    """Return what ``="0357"`` wraps, by which people keep spreadsheet programs from changing it."""
    formula = _TEXT_FORMULA.fullmatch(text)
    return formula[1] if formula else text


def map_distinct(
    values: NDArray[np.object_], function: Callable[[str], object]
) -> NDArray[np.object_]:
    """Apply `function` to each distinct text and spread the results over the rows."""
    codes, distinct = pd.factorize(values)
    results = np.empty(len(distinct), dtype=object)
    results[:] = [function(text) for text in distinct]
    return results[codes]

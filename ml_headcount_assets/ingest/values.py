"""Values of any format as text, and rules that are applied to columns of text.

Columns are long and hold few different texts, so every rule is applied once to each distinct
text and then spread over the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "NOTHING",
    "Link",
    "Rows",
    "as_text",
    "link_formula",
    "map_distinct",
    "without_text_formula",
]

#: What reading a file gives: the header, rows as wide as the header, and the line of each row.
Rows = tuple[list[str], Sequence[Sequence[str]], list[int]]

#: Texts that stand for no value, in lower case.
NOTHING = frozenset({"", "na", "n/a", "nan", "null", "none", "<na>"})

_TEXT_FORMULA = re.compile(r'\s*=\s*"([^"]*)"\s*')
_LINK = re.compile(r'\s*=\s*hyperlink\(\s*"([^"]*)"\s*(?:[,;]\s*"([^"]*)"\s*)?\)\s*', re.IGNORECASE)


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


class Link(NamedTuple):
    """A formula that is a link: where it leads, and what the cell shows."""

    address: str
    shown: str


def link_formula(text: str) -> Link | None:
    """Return the link that ``=HYPERLINK("address", "text")`` is; None if it is something else."""
    found = _LINK.fullmatch(text)
    return Link(found[1], found[2] or found[1]) if found else None


def without_text_formula(text: str) -> str:
    """Return what a cell shows whose formula is a text or a link.

    By ``="0357"`` people keep spreadsheet programs from changing what it wraps.
    """
    if "=" not in text:
        return text
    formula = _TEXT_FORMULA.fullmatch(text)
    if formula:
        return formula[1]
    link = link_formula(text)
    return link.shown if link else text


def map_distinct(
    values: NDArray[np.object_], function: Callable[[str], object]
) -> NDArray[np.object_]:
    """Apply `function` to each distinct text and spread the results over the rows."""
    codes, distinct = pd.factorize(values)
    results = np.empty(len(distinct), dtype=object)
    results[:] = [function(text) for text in distinct]
    return results[codes]

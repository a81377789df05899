"""Labels as files spell them: 0 and 1, also as 1.00, True, yes, ACCEPT and the like; nothing; -1.

The last stands for an abstention. Words are those of verdicts, and what spreadsheet programs write
for true and false in other languages.

A column that holds something else altogether would lose most of its labels, and not at random. So
a column of probabilities, or one that is coded 1 and 2 or 1 and -1, is an error that tells what to
do.
"""

from __future__ import annotations

import re
from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from ..errors import InputError
from ..wording import how_many
from .rejects import Rejects
from .values import NOTHING, map_distinct, without_text_formula

__all__ = ["read_labels"]

_WORDS = {
    **dict.fromkeys(("true", "yes", "y", "t", "accept", "accepted"), 1.0),
    **dict.fromkeys(("false", "no", "n", "f", "reject", "rejected"), 0.0),
    **dict.fromkeys(("wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar"), 1.0),
    **dict.fromkeys(("falsch", "faux", "falso", "onwaar"), 0.0),
}
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[-+]?\d+)?")
_ABSTAINED = -1.0
_WANTED = "0, 1 or empty"
# Words that may be repeated in a message: whatever else is there could be somebody's name.
_SPEAKABLE = frozenset({"maybe", "unsure", "unclear", "abstain", "unknown", "error"})

#: A single odd value between 0 and 1 is listed; several different ones, or many, are probabilities.
_FEWEST_PROBABILITIES = 2
_SHARE_OF_PROBABILITIES = 0.05
#: A single -1 beside ones may be an abstention.
_FEWEST_ABSTENTIONS = 2
#: Larger numbers are no codes of labels; several of them are scores.
_LARGEST_CODE, _FEWEST_SCORES = 2, 2


def read_labels(
    values: NDArray[np.object_],
    line: NDArray[np.int64],
    field: str,
    rejects: Rejects,
    *,
    threshold: float | None = None,
    remedy: str = "",
) -> ExtensionArray:
    """Read labels as Int8 of 0, 1 or missing; what is neither goes to `rejects`.

    Parameters
    ----------
    values, line
        The texts of the column, and the line of each.
    field
        Name of the column, for messages.
    rejects
        Takes what cannot be read.
    threshold
        Numbers from here up are 1, those below are 0; None for a column of labels.
    remedy
        What to do with a column of probabilities, for the message.

    Raises
    ------
    InputError
        The column holds probabilities and there is no threshold, a threshold is given and a
        number is not between 0 and 1, or the column is coded 1 and 2 or
        1 and -1.
    """
    numbers = map_distinct(values, _number).astype(float)
    if threshold is None:
        _refuse_probabilities(numbers, field, rejects, remedy)
        _refuse_other_codes(numbers, field, rejects)
        _refuse_scores(numbers, field, rejects)
        labels = np.where(np.isin(numbers, (0.0, 1.0)), numbers, np.nan)
    else:
        within = (numbers >= 0) & (numbers <= 1)
        labels = np.where(within, (numbers >= threshold).astype(float), np.nan)
    abstained = numbers == _ABSTAINED
    if abstained.any():
        rejects.add_note(
            f"{how_many(abstained.sum(), 'time')} -1, taken as an abstention: the label is missing",
            field,
        )
    empty = map_distinct(values, lambda text: _plain(text) in NOTHING).astype(bool)
    bad = np.isnan(labels) & ~empty & ~abstained
    if bad.any():
        wanted = _WANTED if threshold is None else "from 0 to 1, or empty"
        reasons = map_distinct(
            values[bad], lambda text: f"{_speakable(text)} is not {wanted}; taken as missing"
        )
        rejects.add(line[bad], field, list(reasons), list(values[bad]))
    return pd.array(labels, "Float64").astype("Int8") if len(labels) else pd.array([], "Int8")


def _refuse_probabilities(
    numbers: NDArray[np.float64], field: str, rejects: Rejects, remedy: str
) -> None:
    between = numbers[(numbers > 0) & (numbers < 1)]
    several = len(np.unique(between)) >= _FEWEST_PROBABILITIES
    if several or len(between) > _SHARE_OF_PROBABILITIES * np.isfinite(numbers).sum():
        raise InputError(
            f"{rejects.source_file}: {field!r} holds probabilities, such as {between[0]:.3g}, and"
            f" no labels. {remedy or 'Replace them by 0 and 1.'}"
        )


def _refuse_other_codes(numbers: NDArray[np.float64], field: str, rejects: Rejects) -> None:
    """Refuse a column that has another number for no."""
    counted = Counter(numbers[np.isfinite(numbers)])
    if counted[0.0]:
        return
    told = f"{rejects.source_file}: {field!r} has {how_many(counted[1.0], 'time')} 1, "
    if counted[1.0] and counted[_ABSTAINED] >= _FEWEST_ABSTENTIONS:
        raise InputError(
            f"{told}{how_many(counted[_ABSTAINED], 'time')} -1, and never 0, as if -1 stood for"
            " no. Write 0 for"
            " no, and leave what is missing empty."
        )
    if counted[2.0]:
        raise InputError(
            f"{told}{how_many(counted[2.0], 'time')} 2, and never 0, as if coded 1 and 2. Write 1"
            " for yes and 0"
            " for no."
        )


def _refuse_scores(numbers: NDArray[np.float64], field: str, rejects: Rejects) -> None:
    known = numbers[np.isfinite(numbers)]
    large = known[np.abs(known) > _LARGEST_CODE]
    several = len(large) >= _FEWEST_SCORES
    if several and len(large) > _SHARE_OF_PROBABILITIES * len(known):
        raise InputError(
            f"{rejects.source_file}: {field!r} holds numbers such as {large[0]:.6g}, as scores or"
            " per cent, and no labels. Write 1 for yes and 0 for no."
        )


def _plain(text: str) -> str:
    return without_text_formula(text).strip(" \t\r\n'\"").casefold()


def _number(text: str) -> float:
    """Return the number that a text spells; NaN if it spells none."""
    text = _plain(text)
    if text in _WORDS:
        return _WORDS[text]
    per_cent = text.endswith("%")
    text = text.removesuffix("%").rstrip()
    if not _NUMBER.fullmatch(text):
        return np.nan
    return float(text.replace(",", ".")) / (100 if per_cent else 1)


def _speakable(text: str) -> str:
    """The value for a message if it is a number or a known word, else only that it is text."""
    text, number = _plain(text), _number(text)
    if not np.isnan(number):
        return f"{number:.12g}"
    return repr(text) if text in _SPEAKABLE else "the text there"

"""Counts of people as people and spreadsheets write them: numbers, and bands of headcounts.

A count is whole, so exactly three digits behind a separator are thousands (``5.000``, ``1,200``,
``12 500``, ``12'500``, ``1,20,000``), unless other values of the column show that the separator
stands before decimals (``12.5``, ``1500.000``). A value that can be read in two ways is not read.
A band says between which numbers a count lies: ``51-200 employees``, ``[51, 200]``, ``10,001+``,
or ``Nov-50``, which a spreadsheet program makes of 11-50. A band without an upper end is taken to
end at ten times its lower one: of firms above a size, one in ten is ten times as large (Zipf's
law; Axtell, Science 293, 2001).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .rejects import Rejects
from .values import NOTHING, map_distinct, without_text_formula

__all__ = ["LARGEST_COUNT", "Headcounts", "read_counts", "read_headcounts"]

#: Nobody employs more people; larger numbers are misplaced ids or telephone numbers.
LARGEST_COUNT = 100_000_000

#: The upper end of a band that has none, as a multiple of its lower end.
_OPEN_END = 10

_SPACES = "\u00a0\u2000-\u200a\u202f\u205f\u3000"
_APOSTROPHES = "'’‘`´ʼ＇"
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_DASH = "[-‐‑‒–—―−~〜～]|\\bto\\b|\\bbis\\b|\\bà\\b|\\.{2,3}|…"
_UNITS = re.compile(
    r"[\s(]*\b(?:employees?|people|persons?|staff|members?|associates|workers|fte|mitarbeiter\w*|"
    r"beschäftigte\w*|employés|salariés|collaborateurs|personas|empleados|funcionários|"
    r"dipendenti|medewerkers|人|名|員工|员工)\.?\)?$"
)
_MAGNITUDES = {"k": 1_000, "tsd": 1_000, "thousand": 1_000, "m": 10**6, "mio": 10**6}
_MAGNITUDES["million"] = 10**6

_PLAIN_NUMBER = re.compile(r"[-+]?[0-9]+")
_GROUPED = re.compile(r"([1-9]\d{0,2})(?:([,. '_])\d{3})(?:\2\d{3})*")
_INDIAN = re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}")
_DECIMAL = re.compile(r"([-+]?\d+)([.,])(\d+)")
_MIXED = re.compile(r"[1-9]\d{0,2}(?:([,. '_])\d{3})+([.,])0{1,2}")
_SCALED = re.compile(rf"(\d+(?:[.,]\d+)?)\s*({'|'.join(_MAGNITUDES)})\.?")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d+)?e[-+]?\d+")

_BAND = re.compile(rf"(.+?)\s*(?:{_DASH})\s*(.+)")
_OPEN = re.compile(r"(.+?)\s*(?:\+|\band (?:more|over|above)|\bor more|以上)")
#: How company data bases write a band as one word: ``c_00051_00100``, ``c_10001_max``.
_ENUMERATED = re.compile(r"c_(\d{5,6})_(\d{5,6}|max)")
_ABOUT = re.compile(
    r"^(?:~|≈|∼|ca?\.|circa\b|approx(?:\.|imately\b|\b)|about\b|around\b|rund\b|etwa\b)\s*"
)
_ABOVE = re.compile(r"(?:>|≥|>=|over|more than|above|at least|from|über|ab|mehr als)\s*(.+)")
_BELOW = re.compile(r"(?:<|≤|<=|under|fewer than|less than|below|up to|unter|bis)\s*(.+)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AS_DATE = re.compile(rf"(\d{{1,2}})[- ]({'|'.join(_MONTHS)})|({'|'.join(_MONTHS)})[- ](\d{{1,2}})")
_ISO_DATE = re.compile(r"(\d{4})-(0[1-9]|1[0-2])-([0-2]\d|3[01])(?:[t ]00:00(?::00)?)?")
#: Before it a spreadsheet program places two-digit years that are no days of a month.
_FIRST_YEAR_OF_DAYS = 2000

#: How accountants write what is less than zero.
_THOUSANDS_IN_BRACKETS = re.compile(rf"\({_GROUPED.pattern}\)")
#: Keys of a band, in this order.
_LOW_AND_HIGH = re.compile(
    r"\w*(?:start|low|lower|min|minimum|from|least|begin|gte)\w*"
    r" \w*(?:end|high|upper|max|maximum|to|most|lte|lt)\w*"
)

#: How vendors call a company of one.
_ALONE = frozenset({"self-employed", "self employed", "myself only"})

Band = tuple[int, int]


@dataclass(frozen=True)
class Headcounts:
    """A column of headcounts.

    Attributes
    ----------
    headcount
        Int64; the middle of a band on the scale of logarithms; missing where nothing is known.
    low, high
        Int64; the ends of a band; missing where there is none.
    """

    headcount: pd.Series
    low: pd.Series
    high: pd.Series


def read_counts(
    values: NDArray[np.object_],
    line: NDArray[np.int64],
    field: str,
    rejects: Rejects,
    *,
    least: int = 0,
) -> pd.Series:
    """Read whole numbers from `least` up as Int64.

    What cannot be read is missing and goes to `rejects`; that points or commas were read as
    separators of thousands is noted there.
    """
    column = _Column(values, least)
    found = map_distinct(values, column.count)
    column.report(found, values, line, field, rejects, "or empty")
    return _whole(found)


def read_headcounts(
    values: NDArray[np.object_], line: NDArray[np.int64], field: str, rejects: Rejects
) -> Headcounts:
    """Read headcounts, numbers from 1 up or bands; `rejects` as for `read_counts`."""
    column = _Column(values, 1)
    found = map_distinct(values, column.headcount)
    column.report(found, values, line, field, rejects, "a band such as 51-200, or empty")
    low, high = (_whole([each[end] if isinstance(each, tuple) else None for each in found])
                 for end in (0, 1))  # fmt: skip
    middle = [_middle(each) if isinstance(each, tuple) else each for each in found]
    return Headcounts(_whole(middle), low, high)


def _whole(values: Iterable[Any]) -> pd.Series:
    return pd.Series([each if isinstance(each, int) else None for each in values], dtype="Int64")


def _middle(band: Band) -> int:
    return round((band[0] * band[1]) ** 0.5)


@dataclass(frozen=True)
class _Unread:
    """A value that is not read, and why."""

    reason: str


_NO_NUMBER = _Unread("")


class _Column:
    """How the values of one column are to be read.

    Parameters
    ----------
    values
        The texts of the column.
    least
        The smallest number that makes sense.
    """

    def __init__(self, values: NDArray[np.object_], least: int) -> None:
        self._least = least
        self._example: dict[str, str] = {}
        plain = {_plain(text) for text in set(values)}
        decimals = [match for match in map(_DECIMAL.fullmatch, plain) if match]
        #: By separator: the numbers of digits behind it in values where it is no separator of
        #: thousands for certain.
        self._decimals = {
            mark: {len(m[3]) for m in decimals if m[2] == mark and not _GROUPED.fullmatch(m[0])}
            for mark in ".,"
        }
        for mixed in filter(None, map(_MIXED.fullmatch, plain)):
            self._decimals.setdefault(mixed[2], set()).add(len(mixed[0].rpartition(mixed[2])[2]))

    def count(self, text: str) -> int | _Unread | None:
        """Return the number that a text stands for; None for an empty one."""
        plain = _plain(text)
        return None if plain in NOTHING else self._in_range(self._number(plain))

    def headcount(self, text: str) -> int | Band | _Unread | None:
        """Return the number or the band that a text stands for; None for an empty one."""
        plain = _plain(text)
        if plain in NOTHING:
            return None
        number = self._in_range(self._number(plain))
        if number is not _NO_NUMBER:
            return number
        return self._band(plain)

    def report(
        self,
        found: NDArray[np.object_],
        values: NDArray[np.object_],
        line: NDArray[np.int64],
        field: str,
        rejects: Rejects,
        also: str,
    ) -> None:
        """Tell `rejects` what is not read, and what could have been read otherwise."""
        bad = np.array([isinstance(each, _Unread) for each in found], dtype=bool)
        wanted = f"a whole number from {self._least} to {LARGEST_COUNT}, {also}"
        reasons = [
            f"{_speakable(text)} {each.reason or f'is not {wanted}'}; taken as missing"
            for text, each in zip(values[bad], found[bad], strict=True)
        ]
        rejects.add(line[bad], field, reasons, list(values[bad]))
        for mark, example in self._example.items():
            rejects.add_note(
                f"{mark!r} is read as a separator of thousands: {example} is"
                f" {''.join(filter(str.isdigit, example))}",
                field,
            )

    def _in_range(self, number: int | _Unread) -> int | _Unread:
        if isinstance(number, _Unread) or self._least <= number <= LARGEST_COUNT:
            return number
        return _Unread(f"is not a whole number from {self._least} to {LARGEST_COUNT}")

    def _number(self, plain: str) -> int | _Unread:
        if _PLAIN_NUMBER.fullmatch(plain):
            return int(plain) if len(plain) <= _LONGEST_NUMBER else LARGEST_COUNT + 1
        if _INDIAN.fullmatch(plain):
            return _digits(plain)
        if grouped := _GROUPED.fullmatch(plain):
            if grouped[2] == "_" and plain.count("_") == 1:
                return _Unread(f"could be {_digits(plain)}, or the band {plain.replace('_', '-')}")
            return self._grouped(plain)
        if mixed := _MIXED.fullmatch(plain):
            return _digits(plain.rpartition(mixed[2])[0]) if mixed[1] != mixed[2] else _NO_NUMBER
        if decimal := _DECIMAL.fullmatch(plain):
            return int(decimal[1]) if not decimal[3].strip("0") else _NO_NUMBER
        if scaled := _SCALED.fullmatch(plain):
            if _GROUPED.fullmatch(scaled[1]):
                return _Unread("could have a separator of thousands, or decimals")
            return _if_whole(float(scaled[1].replace(",", ".")) * _MAGNITUDES[scaled[2]])
        return _if_whole(float(plain)) if _SCIENTIFIC.fullmatch(plain) else _NO_NUMBER

    def _grouped(self, plain: str) -> int | _Unread:
        """Return the value of digits in groups of three."""
        decimal = _DECIMAL.fullmatch(plain)  # with one point or comma: could be that of decimals
        if decimal is None:
            return _digits(plain)
        whole, mark, behind = decimal.groups()
        others = self._decimals[mark]
        if not others:
            self._example.setdefault(mark, plain)
            return _digits(plain)
        if others == {len(behind)}:  # all of the column's numbers have three decimals
            return int(whole) if not behind.strip("0") else _NO_NUMBER
        return _Unread(f"could be {whole}{behind}, or {whole} with decimals")

    def _band(self, plain: str) -> int | Band | _Unread:
        if plain in _ALONE:
            return 1
        ends = _ends_of_list(plain) or _ends_of_date(plain) or self._ends(plain)
        if ends is None:
            return _NO_NUMBER
        if isinstance(ends, _Unread):
            return ends
        low, high = max(ends[0], 1), ends[1]
        if not low <= high <= LARGEST_COUNT:
            return _Unread("is a band that ends before it begins")
        return low if low == high else (low, high)

    def _ends(self, plain: str) -> Band | _Unread | None:
        if enumerated := _ENUMERATED.fullmatch(plain):
            least, most = int(enumerated[1]), enumerated[2]
            return least, least * _OPEN_END if most == "max" else int(most)
        above = _OPEN.fullmatch(plain) or _ABOVE.fullmatch(plain)
        if above:
            low = self._number(above[1])
            return None if isinstance(low, _Unread) else (low, low * _OPEN_END)
        if below := _BELOW.fullmatch(plain):
            high = self._number(below[1])
            return None if isinstance(high, _Unread) else (1, high)
        band = _BAND.fullmatch(plain)
        if band is None:
            return None
        first, last = (_UNITS.sub("", part) for part in band.groups())
        low, high = self._number(first), self._number(last)
        if _may_be_scaled_by_the_other(first, last):
            return _Unread("could begin with the number there, or with as many thousands")
        return None if isinstance(low, _Unread) or isinstance(high, _Unread) else (low, high)


def _may_be_scaled_by_the_other(first: str, last: str) -> bool:
    """Whether a band is like "1-10K", which hardly begins at one."""
    scaled = _SCALED.fullmatch(last)
    if scaled is None or _PLAIN_NUMBER.fullmatch(first) is None:
        return False
    return float(first) < float(scaled[1].replace(",", "."))


#: Digits of the longest number that is worth converting.
_LONGEST_NUMBER = 15


def _plain(text: str) -> str:
    """Return a text with ASCII digits, simple spaces and apostrophes, and without units."""
    if not text.isascii():  # the ² of a footnote is a digit in compatibility form
        text = "".join("^" if "<super>" in unicodedata.decomposition(c) else c for c in text)
    text = unicodedata.normalize("NFKC", text)
    text = without_text_formula(_INVISIBLE.sub("", text)).strip().casefold()
    text = re.sub(f"[{_SPACES}\t]", " ", text)
    text = re.sub(f"[{_APOSTROPHES}]", "'", text)
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return _UNITS.sub("", _ABOUT.sub("", text)).strip() or text  # a unit alone is no empty cell


def _digits(text: str) -> int:
    digits = "".join(filter(str.isdigit, text))
    return int(digits) if len(digits) <= _LONGEST_NUMBER else LARGEST_COUNT + 1


def _if_whole(number: float) -> int | _Unread:
    if not abs(number) <= LARGEST_COUNT:
        return LARGEST_COUNT + 1
    nearest = round(number)  # 1.1k is 1100.0000000000002
    return nearest if abs(number - nearest) < 1e-6 else _NO_NUMBER


def _ends_of_list(plain: str) -> Band | None:
    """Return the ends in ``[51, 200]``, ``(51, 200)`` or ``{"start": 51, "end": 200}``."""
    if plain[:1] not in ("[", "(", "{") or _THOUSANDS_IN_BRACKETS.fullmatch(plain):
        return None
    try:
        parsed = json.loads(plain.replace("(", "[").replace(")", "]").replace("none", "null"))
    except (ValueError, RecursionError):
        return None
    if isinstance(parsed, dict) and not _LOW_AND_HIGH.fullmatch(" ".join(map(str, parsed))):
        return None
    ends = list(parsed.values()) if isinstance(parsed, dict) else parsed
    if not isinstance(ends, list) or len(ends) != 2 or not isinstance(ends[0], int):
        return None
    if ends[1] is None:
        return ends[0], ends[0] * _OPEN_END
    return (ends[0], ends[1]) if isinstance(ends[1], int) else None


def _ends_of_date(plain: str) -> Band | None:
    """Return the band of which a spreadsheet program has made a date."""
    if found := _AS_DATE.fullmatch(plain):
        month = _MONTHS.index(found[2] or found[3]) + 1
        return _sorted(month, int(found[1] or found[4]))
    if found := _ISO_DATE.fullmatch(plain):
        year, month, day = (int(part) for part in found.groups())
        if year < _FIRST_YEAR_OF_DAYS and day == 1:
            return _sorted(month, year % 100)
        return _sorted(month, day) if month != day else None  # nobody writes 1-1
    return None


def _sorted(one: int, other: int) -> Band:
    return min(one, other), max(one, other)


def _speakable(text: str) -> str:
    """The value for a message if it has digits or is a truth, else only that it is text."""
    plain = re.sub(r"(?<=\d)\.0{1,2}$", "", _plain(text))
    if plain in ("true", "false"):
        return plain
    is_number = re.fullmatch(r"[-+\d.,' _e%<>]{1,24}", plain) is not None
    return plain if is_number and any(map(str.isdigit, plain)) else "the text there"

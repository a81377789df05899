"""How numbers, shares and "no number" are written, everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable

__all__ = [
    "NO_NUMBER",
    "count",
    "decimal",
    "headcount",
    "how_many",
    "interval",
    "lines_in_words",
    "percent",
    "share",
]

#: Shown where there is no number. A dash could be taken for zero; the words are beside it.
NO_NUMBER = "–"

_SHOWN_LINES = 3


def count(value: float) -> str:
    """Write a number of people; a missing one is never written as 0.

    >>> count(1234.4), count(float("nan"))
    ('1,234', '–')
    """
    return NO_NUMBER if _is_missing(value) else f"{value:,.0f}"


def how_many(number: float, one: str, many: str | None = None) -> str:
    """Write a number of things, in the words that go with it.

    Parameters
    ----------
    number
        How many.
    one
        What one of them is called; with its verb, if that goes with the number, too.
    many
        What several are called; None for the plural of the last word of `one`.

    >>> how_many(1, "rated CV"), how_many(1234, "company"), how_many(0, "file is", "files are")
    ('1 rated CV', '1,234 companies', '0 files are')
    """
    written = count(number)
    return f"{written} {one if written == '1' else many or _plural(one)}"


def headcount(number: float, low: float, high: float) -> str:
    """Write how many employees a company has: a band by its ends, if it has any.

    >>> headcount(101, 51, 200), headcount(101, float("nan"), float("nan"))
    ('51–200', '101')
    """
    return count(number) if _is_missing(low) else f"{count(low)}–{count(high)}"


def interval(low: float, high: float) -> str:
    """Write the ends of an interval of people.

    >>> interval(12, 3456)
    '12 to 3,456'
    """
    return f"{count(low)} to {count(high)}"


def lines_in_words(lines: Iterable[float]) -> str:
    """Write in which lines of a file something is, the first few of them; some may be missing.

    >>> lines_in_words([7]), lines_in_words([7, 3, 9, 12, 15]), lines_in_words([7, 7])
    ('line 7', 'lines 3, 7, 9 and 2 more', 'line 7 (2 times)')
    >>> lines_in_words([float("nan"), 3]), lines_in_words([float("nan")] * 2)
    ('line 3 and 1 more', '2 lines')
    """
    given = list(lines)
    known = sorted({int(line) for line in given if not _is_missing(line)})
    if not known:
        return how_many(len(given), "line")
    if len(known) == 1 and not any(map(_is_missing, given)):
        return f"line {known[0]}" + (f" ({len(given):,} times)" if len(given) > 1 else "")
    shown = known[:_SHOWN_LINES]
    lost = len(known) + sum(map(_is_missing, given)) - len(shown)
    more = f" and {lost:,} more" if lost else ""
    return f"line{'s' * (len(shown) > 1)} {', '.join(map(str, shown))}{more}"


def decimal(value: float, digits: int) -> str:
    """Write a number with so many digits behind the point.

    >>> decimal(0.12345, 3)
    '0.123'
    """
    return NO_NUMBER if _is_missing(value) else f"{value:.{digits}f}"


def share(value: float) -> str:
    """Write an estimated share: whole per cent, and two digits that count where it is small.

    >>> share(0.995), share(0.0123), share(0.00001), share(0)
    ('100 %', '1.2 %', '0.001 %', '0 %')
    """
    if _is_missing(value):
        return NO_NUMBER
    hundredths = 100 * float(value)
    if hundredths == 0 or abs(hundredths) >= 10:
        return f"{hundredths:.0f} %"
    digits = 1 - math.floor(math.log10(abs(hundredths)))
    return f"{_short(f'{hundredths:.{digits}f}')} %"


def percent(value: float) -> str:
    """Write a chosen share, such as the level of an interval, as it was chosen.

    >>> percent(0.8), percent(0.995), percent(0.99999)
    ('80 %', '99.5 %', '99.999 %')
    """
    if _is_missing(value):
        return NO_NUMBER
    # What is left of 100 * 0.07 in floating point is beyond six digits.
    return f"{_short(f'{100 * float(value):.6f}')} %"


def _is_missing(value: object) -> bool:
    # The command line has words for people before it has any data.
    import pandas as pd

    return bool(pd.isna(value))


def _plural(words: str) -> str:
    if words.endswith("person"):
        return f"{words.removesuffix('person')}people"
    if words.endswith("y") and words[-2] not in "aeiou":
        return f"{words[:-1]}ies"
    return f"{words}s"


def _short(digits: str) -> str:
    """Drop zeros at the end that say nothing."""
    return digits.rstrip("0").rstrip(".") if "." in digits else digits

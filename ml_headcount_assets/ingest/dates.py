"""Dates as they are written: when a profile was taken, when a post began or ended.

A date is read as the stretch of time that it can mean: "2025" is a year, "05/03/2025" is some day
between 5 March and 3 May, and only what can mean one thing is compared as such. Names of months are
known in the languages in which profiles are shown, those in ``date_words.yaml`` and CLDR's, and
so are words that say that something goes on.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

import yaml
from babel import Locale

from .languages import LANGUAGES
from .values import without_text_formula

__all__ = ["Stretch", "dates_within", "iso", "mentions_now", "read_moment", "says_over"]

_EPOCH = re.compile(r"\d{10}(?:\d{3})?(?:\.0+)?")
_LATEST_SECONDS = 1e11  # larger numbers of a time stamp are milliseconds
#: As 20250305101500 is written; as milliseconds they would be of the year 2286 or later.
_FOURTEEN_DIGITS = range(10**13, 10**14)
_COMPACT = re.compile(r"((?:19|20)\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])?")
_YEARS = range(1900, 2200)
#: Days since 1899-12-30, which is how a spreadsheet keeps a date: the years 1955 to 2118.
_SPREADSHEET_DAYS = range(20_000, 80_000)
_SPREADSHEET_DAY = re.compile(r"[2-7]\d{4}(?:\.\d+)?")
_SPREADSHEET_START = datetime(1899, 12, 30, tzinfo=UTC)

_CLOCK = re.compile(
    r"[T\s,]*\b(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s*([ap]\.?m\.?)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d)){0,2}(?:\s*[(\[].*[)\]])?\s*$",
    re.IGNORECASE,
)
_NUMBERS = re.compile(r"\d+")
_YEAR_FIRST = re.compile(
    r"(?P<y>(?:19|20|21)\d\d)\s*[-/.年년]\s*(?:(?P<m>\d{1,2})(?:\s*[-/.月월]\s*(?:(?P<d>\d{1,2})\s*[日일]?)?)?)?\.?"
)
_YEAR_LAST = re.compile(r"(?:(\d{1,2})([-/.]))?(\d{1,2})[-/.]((?:19|20|21)\d\d)\.?")

_WORDS = yaml.safe_load(
    (resources.files(__package__) / "date_words.yaml").read_text(encoding="utf-8")
)
_MONTH_OF = {name: month for month, names in _WORDS["months"].items() for name in names}
_WORD = re.compile(r"[^\W\d_]+")
#: Words that may stand in a date besides that of the month.
_FILLERS = frozenset({*_WORDS["fillers"], *_WORDS["weekdays"]})
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|\.|er|º|ª)(?!\w)", re.IGNORECASE)
_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
_QUARTER = re.compile(r"Q([1-4])[\s/-]*(\d{4})|(\d{4})[\s/-]*Q([1-4])", re.IGNORECASE)
_WHOLE_YEAR = re.compile(r"((?:19|20|21)\d\d)\.0+")
#: Years of two digits: "05-MAR-25", "Mar-25", "March '25", "3/5/25".
_DAY_MONTH_SHORT = re.compile(r"(\d{1,2})[-\s.]+([^\W\d_]{3,})\.?[-\s.]+'?(\d\d)")
_MONTH_SHORT = re.compile(r"([^\W\d_]{3,})\.?\s*(?:-|-?\s*['\u2019])\s*(\d\d)")
_ALL_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d\d)")
#: Two digits from here up are of the last century.
_LAST_CENTURY = 60
#: Thailand counts years so.
_BUDDHIST_YEAR = re.compile(r"\b(2[45]\d\d)\b")
_THAI = re.compile("[\u0e00-\u0e7f]")
_AFTER_CHRIST = 543

#: Words for "no longer".
_OVER = frozenset(_WORDS["over"])
_AGO = re.compile(
    r"(?:over |about |almost )?\d{1,2}\+? ?(?:years?|yrs?|months?|mos?|weeks?|days?) ago"
)
#: Words for "until now".
_NOW = frozenset(word for words in _WORDS["now"] for word in words)
_BETWEEN_DATES = re.compile(
    r"\s[-–—~〜]\s|\s+(?:to|bis|until|till|au|à|al|a|até|do|до)\s+|[–—~〜·|]"
    r"|(?<=[\d日月年월년일])-(?=(?:\d{1,2}[/.])?(?:19|20)\d\d)"
)
_DURATION = re.compile(
    r"\s+\d{1,2}\s*(?:years?|yrs?|months?|mos?|mths?|ans?|années?|mois|jahre?n?|monate?n?|años?|"
    r"mes(?:es)?|anos?|mês|anni?|mesi?|jaar|maand(?:en)?|år|mån\w*|md|лет|год\w*|г|мес\w*|"
    r"年|[かヶ]月|[个個]月|년|개월)(?!\w).*$",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[()\[\]{}.,;:!*·•–—-]+")


class Stretch(NamedTuple):
    """The first and the last moment that a date can mean, in UTC."""

    first: datetime
    last: datetime


@lru_cache(maxsize=10_000)
def says_over(text: str) -> bool:
    """Whether a text says that something is over, without a date: "Former", "no longer"."""
    folded = _folded(_PUNCTUATION.sub(" ", text))
    return folded in _OVER or _AGO.fullmatch(folded) is not None


@lru_cache(maxsize=10_000)
def mentions_now(text: str) -> bool:
    """Whether a stretch of time, written as text, lasts until now: "Mar 2018 Present 6 years"."""
    return _now_pattern().search(_folded(text)) is not None


@lru_cache(maxsize=1)
def _now_pattern() -> re.Pattern[str]:
    words = sorted(_folded_words(), key=len, reverse=True)
    # Scripts without spaces between words have no word boundaries to look for.
    glued = [word for word in words if word and all(ord(c) > 0x0DFF for c in word)]
    others = [word for word in words if word and word not in glued]
    apart = rf"(?<!\w)(?:{'|'.join(map(re.escape, others))})(?!\w)"
    return re.compile(rf"{'|'.join(map(re.escape, glued))}|{apart}")


@lru_cache(maxsize=10_000)
def dates_within(text: str) -> tuple[Stretch, ...]:
    """Return the dates in a text that has several, such as "Jan 2020 - Mar 2022 · 2 yrs"."""
    pieces = (piece.strip() for piece in _BETWEEN_DATES.split(without_text_formula(text)))
    dated = (piece for piece in pieces if any(map(str.isdigit, piece)))
    found = (read_moment(piece) or read_moment(_DURATION.sub("", piece)) for piece in dated)
    return tuple(each for each in found if each)


@lru_cache(maxsize=1)
def _folded_words() -> frozenset[str]:
    return frozenset(
        each
        for word in _NOW
        if word
        for each in (_folded(word), _folded(_PUNCTUATION.sub(" ", word)))
    )


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    for mark in "\u2019\u02bc`\u00b4":
        plain = plain.replace(mark, "'")
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(plain.replace("\u2013", "-").replace("\u2014", "-").split()).strip(" .*()")


def iso(moment: datetime) -> str:
    """Return a moment of UTC as ISO 8601, by which text sorts as time does."""
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def read_moment(value: Any) -> Stretch | None:
    """Return what a value means as a date; None if it is none.

    Understood are ISO 8601, seconds and milliseconds since 1970, days of a spreadsheet, years,
    dates in figures and with names of months, each also as ``="2025-01-01"``, and objects with
    year, month and day. A date in figures whose day could be its month is both.
    """
    try:
        if isinstance(value, dict):
            return _from_parts(value)
        if isinstance(value, str):
            return _from_text(without_text_formula(value.strip()[:80]).strip())
        if isinstance(value, list):
            return _from_list(value)
        return _from_typed(value)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _from_typed(value: Any) -> Stretch | None:
    if isinstance(value, datetime):
        return _at(value)
    if isinstance(value, date):
        return _days(value, value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(value)
    return None


def _from_number(value: float) -> Stretch | None:
    if _FOURTEEN_DIGITS.start <= value < _FOURTEEN_DIGITS.stop:
        return _at(datetime.strptime(str(int(value)), "%Y%m%d%H%M%S").replace(tzinfo=UTC))
    if value == int(value) and int(value) in _YEARS:
        return _stretch(int(value))
    if value == int(value) and (compact := _COMPACT.fullmatch(str(int(value)))):
        return _stretch(*(int(part) for part in compact.groups() if part))
    if _SPREADSHEET_DAYS.start <= value < _SPREADSHEET_DAYS.stop:
        return _at(_SPREADSHEET_START + timedelta(days=float(value)))
    if value < _SPREADSHEET_DAYS.stop:
        return None
    seconds = value / 1000 if value > _LATEST_SECONDS else value
    return _at(datetime.fromtimestamp(seconds, UTC))


@lru_cache(maxsize=100_000)
def _from_text(text: str) -> Stretch | None:
    if _EPOCH.fullmatch(text) or _SPREADSHEET_DAY.fullmatch(text):
        return _from_number(float(text))
    if text.isdigit():
        return _from_number(int(text))
    exact = _from_iso(text)
    if exact is not None:
        return exact
    text = _in_ascii_digits(text)
    clock = _CLOCK.search(text)
    bare = text[: clock.start()] if clock else text
    if not clock:
        bare = _REMARK.sub("", bare)
    day = _ORDINAL.sub(" ", bare.strip()).strip()
    for whole in dict.fromkeys((day, text)):
        for read in (_in_figures, _with_month, _with_short_year, _with_any_month):
            if found := read(whole.strip(" ,")):
                return found
    return None


def _in_ascii_digits(text: str) -> str:
    """Return a text in compatibility form, with the digits and the years that we use."""
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        return text
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    if _THAI.search(text):
        text = _BUDDHIST_YEAR.sub(lambda year: str(int(year[1]) - _AFTER_CHRIST), text)
    return text


def _from_iso(text: str) -> Stretch | None:
    if len(text) < len("2025-01-01"):
        return None
    bare = re.sub(r"\s*(?:UTC|GMT)$", "Z", re.sub(r"\[.*\]$", "", text), flags=re.IGNORECASE)
    bare = re.sub(r"(?<=:\d\d)\s(?=[+-]\d\d)", "", bare)
    try:
        moment = datetime.fromisoformat(bare)
    except ValueError:
        return None
    return _at(moment) if ":" in bare or "T" in bare else _days(moment.date(), moment.date())


def _in_figures(text: str) -> Stretch | None:
    if quarter := _QUARTER.fullmatch(text):
        last_month, of = 3 * int(quarter[1] or quarter[4]), int(quarter[2] or quarter[3])
        return Stretch(_stretch(of, last_month - 2).first, _stretch(of, last_month).last)
    if whole := _WHOLE_YEAR.fullmatch(text):
        return _stretch(int(whole[1]))
    first = _YEAR_FIRST.fullmatch(text)
    if first:
        return _stretch(*(int(part) for part in first.groups() if part))
    if text.isdigit() and len(text) == 4 and int(text) in _YEARS:
        return _stretch(int(text))
    last = _YEAR_LAST.fullmatch(text)
    if not last:
        return None
    day, separator, month, year = last.groups()
    if day is None:
        return _stretch(int(year), int(month))
    one, other = (_day(int(year), int(a), int(b)) for a, b in ((month, day), (day, month)))
    if separator == ".":  # which nobody uses with the month first
        other = None
    known = [each for each in (one, other) if each]
    return _days(min(known), max(known)) if known else None


def _with_short_year(text: str) -> Stretch | None:
    """Read a date with a year of two digits, as all that it can mean."""
    if found := _DAY_MONTH_SHORT.fullmatch(text):
        month = _month_called(found[2])
        return _stretch(_full_year(found[3]), month, int(found[1])) if month else None
    if found := _MONTH_SHORT.fullmatch(text):
        month = _month_called(found[1])
        return _stretch(_full_year(found[2]), month) if month else None
    if found := _ALL_SHORT.fullmatch(text):
        one, separator, other, last = found.groups()
        year = _full_year(last)
        known = [_day(year, int(other), int(one))]
        if separator != ".":
            known.append(_day(year, int(one), int(other)))
            if len(one) == len(other) == 2:
                known.append(_day(_full_year(one), int(other), int(last)))
        days = [each for each in known if each]
        return _days(min(days), max(days)) if days else None
    return None


def _full_year(digits: str) -> int:
    return int(digits) + (1900 if int(digits) >= _LAST_CENTURY else 2000)


def _month_called(word: str) -> int | None:
    key = word.casefold()
    return _MONTH_OF.get(key) or _months_of_all_languages().get(key)


def _with_any_month(text: str) -> Stretch | None:
    """Read a date with the name of a month that CLDR knows, in whatever script."""
    key = text.casefold()
    names = {_months_of_all_languages()[name] for name in _month_pattern().findall(key)}
    if len(names) != 1:
        return None
    rest = _month_pattern().sub(" ", key)
    return _around_month([word for word in _WORD.findall(rest)], [names.pop()], rest)


@lru_cache(maxsize=1)
def _months_of_all_languages() -> dict[str, int]:
    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        months = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in months[context][width].items():
                    found.setdefault(name.casefold().strip(". "), set()).add(month)
    return {name: months.pop() for name, months in found.items() if len(months) == 1 and name}


@lru_cache(maxsize=1)
def _month_pattern() -> re.Pattern[str]:
    names = sorted(_months_of_all_languages(), key=len, reverse=True)
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, names))})(?!\w)\.?")


def _with_month(text: str) -> Stretch | None:
    words = [word.casefold() for word in _WORD.findall(text)]
    months = [_MONTH_OF[word] for word in words if word in _MONTH_OF]
    return _around_month(words, months, text)


def _around_month(words: list[str], months: list[int], text: str) -> Stretch | None:
    """Read the numbers beside the name of a month, or a year alone."""
    numbers = [int(number) for number in _NUMBERS.findall(text)]
    years = [number for number in numbers if number in _YEARS]
    if len(years) != 1 or len(months) > 1 or not _FILLERS.issuperset(_others(words)):
        return None
    days = [number for number in numbers if 1 <= number <= 31]
    if months and len(days) == 1:
        return _stretch(years[0], months[0], days[0])
    return _stretch(years[0], *months) if len(numbers) == 1 else None


def _others(words: list[str]) -> list[str]:
    return [word for word in words if word not in _MONTH_OF]


def _from_list(parts: list[Any]) -> Stretch | None:
    """Read a list of year, month and day, or one with a single date in it."""
    if len(parts) == 1 and isinstance(parts[0], str):
        return read_moment(parts[0])
    whole = [each for each in map(_whole, parts) if each]
    if len(whole) != len(parts) or not 2 <= len(parts) <= 3 or whole[0] not in _YEARS:
        return None
    return _stretch(*whole)


def _from_parts(parts: Mapping[str, Any]) -> Stretch | None:
    """Read an object with year, month and day, or with a date under some name."""
    lowered = {str(name).casefold().lstrip("$"): value for name, value in parts.items()}
    year = _whole(lowered.get("year"))
    if year is None:
        for name in ("date", "text", "value", "numberlong", "iso", "timestamp", "start"):
            if lowered.get(name) is not None:
                return read_moment(lowered[name])
        return None
    month = _whole(lowered.get("month")) or _MONTH_OF.get(
        str(lowered.get("month") or "").casefold().strip(". ")
    )
    day = _whole(lowered.get("day"))
    return _stretch(year, *([month, day] if month and day else [month] if month else []))


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number == number and number > 0 and number == int(number) else None


def _stretch(year: int, month: int | None = None, day: int | None = None) -> Stretch:
    if month is None:
        return _days(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        return _days(date(year, month, 1), date(year, month, monthrange(year, month)[1]))
    return _days(date(year, month, day), date(year, month, day))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _days(first: date, last: date) -> Stretch:
    return Stretch(
        datetime.combine(first, time(), UTC),
        datetime.combine(last, time(23, 59, 59, 999_999), UTC),
    )


def _at(moment: datetime) -> Stretch:
    known = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return Stretch(known.astimezone(UTC), known.astimezone(UTC))

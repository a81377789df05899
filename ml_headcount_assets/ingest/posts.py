"""Posts as profiles list them: at which company, since when, and whether they have ended.

When a post ended is looked for under every name and in every form that a vendor is known to use.
A post of which no field says so is neither open nor ended, and nobody is counted for it silently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from .dates import Stretch, dates_within, mentions_now, read_moment, says_over
from .employers import Employer, employer_of, scalar
from .post_fields import COMPANY_ROLES, POST_ROLES, Fields, Roles
from .values import NOTHING

__all__ = ["NOT_NOW", "Post", "State", "entries_in", "read_posts", "truth"]


#: A stretch of time is written in fewer characters.
_LONGEST_RANGE = 120

#: What data bases have in place of an end that has not come.
_NEVER = re.compile(r"(?<!\d)(?:9999|2999)(?!\d)")
#: What they have there as well: days on which calendars and clocks begin.
_FIRST_YEAR_OF_ENDS = 1940
_EPOCH = date(1970, 1, 1)
#: "since 2019", "2019 -"
_WITHOUT_END = re.compile(
    r"(?:since|seit|desde|depuis|dal|sinds|sedan|siden|od|с)\s+[^-–—]*\d{4}\D{0,3}"
    r"|[^-–—]*\d{4}\D{0,3}\s*[-–—]",
    re.IGNORECASE,
)
_DASHES = " \t\r\n-–—−…∞"
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")

_LONGEST_STATUS = 30
_DEEPEST = 3


class State(Enum):
    """Whether a post goes on."""

    OPEN = "open"
    ENDED = "ended"
    AHEAD = "ahead"
    UNTOLD = "untold"


#: A post that is over, or has not begun.
NOT_NOW = (State.ENDED, State.AHEAD)


class Post(NamedTuple):
    """A post as a profile lists it.

    Attributes
    ----------
    employer
        The company; None if the post names none, has ended, or has not begun.
    state
        Whether it goes on.
    has_end
        Whether there is a field for its end, also if that is empty.
    suspect
        Of an untold post: the field that looks as if it said when the post ended, "" if none.
    primary, order
        Whether the vendor calls it the main post, and its place in the profile, if given.
    start
        Year and month; zeros for what is not known.
    """

    employer: Employer | None
    state: State
    has_end: bool = False
    suspect: str = ""
    primary: bool = False
    order: int | None = None
    start: tuple[int, int] = (0, 0)


def read_posts(
    entries: Any,
    roles: Roles,
    now: datetime,
    *,
    null_is_open: bool,
) -> list[Post]:
    """Return the posts of a profile in the order in which they are listed.

    Parameters
    ----------
    entries
        As parsed: a list of objects, or an object with such a list.
    roles
        What the fields tell.
    now
        When the profile was taken: what ends later has not ended, what begins later not begun.
    null_is_open
        Whether an end that is null or empty means that there is none.
    """
    listed = entries_in(entries)
    return [
        post
        for entry in listed
        if isinstance(entry, dict)
        for post in _posts(entry, _Reading(roles, now, null_is_open), 0)
    ]


def entries_in(value: Any) -> list[Any]:
    """Return a list of entries, also if an object is around it or there is only one."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        inner = [each for each in value.values() if isinstance(each, list)]
        return inner[0] if inner and not POST_ROLES.fields(tuple(value)).tell_anything else [value]
    return []


class _Reading(NamedTuple):
    roles: Roles
    now: datetime
    null_is_open: bool


def _posts(entry: Mapping[str, Any], reading: _Reading, depth: int) -> Iterator[Post]:
    """Yield the post of an entry, or those that are grouped in it."""
    fields = reading.roles.fields(tuple(entry))
    own = _post(entry, fields, reading)
    grouped = [
        post
        for name in fields.posts
        for each in entries_in(entry[name])
        if isinstance(each, dict) and depth < _DEEPEST
        for post in _posts(each, reading, depth + 1)
    ]
    if not grouped:
        yield own
        return
    for post in grouped:
        # What is told of the whole group holds for each post in it.
        state = own.state if own.state in NOT_NOW or post.state is State.UNTOLD else post.state
        yield post._replace(
            employer=None if state in NOT_NOW else post.employer or own.employer,
            state=state,
            has_end=post.has_end or own.has_end,
            primary=post.primary or own.primary,
            order=own.order if post.order is None else post.order,
            start=max(post.start, own.start) if post.start == (0, 0) else post.start,
        )


def _post(entry: Mapping[str, Any], fields: Fields, reading: _Reading) -> Post:
    ends = _ends(entry, fields)
    state = _state(entry, fields, ends, reading)
    if state is State.ENDED and not fields.posts:
        return Post(None, state, has_end=bool(ends))  # nobody asks for the rest
    start = _start(entry, fields)
    if state is not State.ENDED and start and start.first > reading.now:
        state = State.AHEAD
        if not fields.posts:
            return Post(None, state, has_end=bool(ends))
    orders = [_whole(entry[name]) for name in fields.order]
    return Post(
        employer=_employer(entry, fields),
        state=state,
        has_end=bool(ends),
        suspect=_suspect(entry, fields) if state is State.UNTOLD else "",
        primary=any(truth(entry[name]) for name in fields.primary),
        order=next((order for order in orders if order is not None), None),
        start=_month_of(start),
    )


def _ends(entry: Mapping[str, Any], fields: Fields) -> list[Any]:
    """Return the values of all fields for the end, those of objects for a stretch included."""
    ends = [entry[name] for name in fields.end]
    months = [entry[name] for name in fields.end_month]
    for name in fields.end_year:
        month = months[0] if months else None
        ends.append({"year": entry[name], "month": month} if entry[name] else None)
    for name in fields.range:
        if isinstance(entry[name], dict):
            inner = POST_ROLES.fields(tuple(entry[name]))
            if inner.start or inner.end:
                # A stretch that has a start and no end goes on.
                ends.append(_first(entry[name], inner.end))
    return ends


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry[name]), None)


def _state(entry: Mapping[str, Any], fields: Fields, ends: list[Any], reading: _Reading) -> State:
    if fields.deleted and any(truth(entry[name]) for name in fields.deleted):
        return State.ENDED
    said = [_said(end, reading.now) for end in ends]
    said += [
        _said_by_range(entry[name], reading.now)
        for name in fields.range
        if isinstance(entry[name], str)
    ]
    flags = [truth(entry[name]) for name in fields.current]
    flags += [_opposite(truth(entry[name])) for name in fields.past]
    flags += [_by_status(entry[name]) for name in fields.status]
    if State.ENDED in said or False in flags:
        return State.ENDED
    if State.OPEN in said or True in flags:
        return State.OPEN
    if State.UNTOLD in said:  # something stands there that cannot be read
        return State.UNTOLD
    return State.OPEN if ends and reading.null_is_open else State.UNTOLD


def _said(end: Any, now: datetime) -> State | None:
    """Return what an end says; None if it says nothing, UNTOLD if it cannot be read."""
    if _is_nothing(end):
        return None
    if isinstance(end, bool):
        return State.ENDED if end else State.OPEN
    texts = list(end.values()) if isinstance(end, dict) else [end]
    if any(isinstance(text, str) and says_over(text[:_LONGEST_RANGE]) for text in texts):
        return State.ENDED
    if any(isinstance(text, str) and _NEVER.search(text[:_LONGEST_RANGE]) for text in texts):
        return State.OPEN
    if any(isinstance(text, str) and mentions_now(text[:_LONGEST_RANGE]) for text in texts):
        return State.OPEN
    moment = read_moment(end)
    if moment is None:
        said = _said_by_range(end, now) if isinstance(end, str) else None
        return said or State.UNTOLD
    last = moment.last.date()
    if last.year < _FIRST_YEAR_OF_ENDS or last == _EPOCH:
        return State.UNTOLD
    return _passed(moment, now)


def _said_by_range(text: str, now: datetime) -> State | None:
    if mentions_now(text[:_LONGEST_RANGE]) or _WITHOUT_END.fullmatch(text.strip()):
        return State.OPEN
    dates = dates_within(text[:_LONGEST_RANGE])
    return _passed(max(dates), now) if len(dates) > 1 else None


def _passed(end: Stretch, now: datetime) -> State:
    return State.OPEN if end.first > now else State.ENDED


def _is_nothing(value: Any) -> bool:
    if value is None or value != value or (value == 0 and not isinstance(value, bool)):
        return True
    if isinstance(value, str):
        return value.strip(_DASHES).casefold() in NOTHING
    if isinstance(value, dict):
        return all(_is_nothing(each) for each in value.values())
    return isinstance(value, list) and not value


_TRUTHS = {
    **dict.fromkeys(("true", "1", "1.0", "yes", "y", "t", "ja", "oui", "si", "sí", "sim"), True),
    **dict.fromkeys(("false", "0", "0.0", "no", "n", "f", "nein", "non", "não"), False),
}


def truth(value: Any) -> bool | None:
    """Return what a flag says; None if it says nothing."""
    if isinstance(value, str):
        word = value.strip().casefold()
        return _TRUTHS.get(word)
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return bool(value)
    return None


def _opposite(flag: bool | None) -> bool | None:
    return None if flag is None else not flag


def _by_status(value: Any) -> bool | None:
    """Return whether a post goes on, by a word for that; a state may be a place, too."""
    if not isinstance(value, str) or len(value) > _LONGEST_STATUS:
        return None
    if says_over(value):
        return False
    return True if mentions_now(value) else None


def _whole(value: Any) -> int | None:
    text = scalar(value)
    return int(float(text)) if text.replace(".", "", 1).isdigit() else None


def _start(entry: Mapping[str, Any], fields: Fields) -> Stretch | None:
    values: list[Any] = [entry[name] for name in fields.start]
    months = [entry[name] for name in fields.start_month]
    for name in fields.start_year:
        values.append({"year": entry[name], "month": months[0] if months else None})
    for name in fields.range:
        told = entry[name]
        if isinstance(told, str):
            values += dates_within(told[:_LONGEST_RANGE])[:1]
        elif isinstance(told, dict):
            inner = POST_ROLES.fields(tuple(told))
            values.append(_first(told, inner.start))
    for value in values:
        moment = value if isinstance(value, Stretch) else read_moment(value)
        if moment:
            return moment
    return None


def _month_of(start: Stretch | None) -> tuple[int, int]:
    if start is None:
        return 0, 0
    whole_year = start.last.month - start.first.month == 11
    return start.first.year, 0 if whole_year else start.first.month


def _employer(entry: Mapping[str, Any], fields: Fields) -> Employer | None:
    ids = [entry[name] for name in fields.company_id]
    pages = [entry[name] for name in fields.company_page]
    names = [entry[name] for name in fields.company_name]
    for name in fields.company:
        company = entry[name]
        if isinstance(company, dict):
            inner = COMPANY_ROLES.fields(tuple(company))
            ids += [company[each] for each in inner.company_id]
            pages += [company[each] for each in inner.company_page]
            names += [company[each] for each in inner.company_name]
        else:
            names.append(company)
    return employer_of(ids, pages, names)


def _suspect(entry: Mapping[str, Any], fields: Fields) -> str:
    """Return the field that looks as if it said when a post ended, "" if there is none."""
    for name in (*fields.end, *fields.end_year):
        if not _is_nothing(entry[name]):
            return name
    for name in fields.range:
        if isinstance(entry[name], str) and _YEAR.search(entry[name][:_LONGEST_RANGE]):
            return name
    for name in fields.other:
        value = entry[name]
        short = isinstance(value, str) and len(value) <= 40 and any(map(str.isdigit, value))
        if (short or isinstance(value, dict)) and read_moment(value):
            return name
    return ""

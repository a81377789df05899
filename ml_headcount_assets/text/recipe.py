"""One text per profile and one per rated CV, built by the same function.

An annotator's error rates, learned from the rated CVs, say something about profiles only if it
has seen the same kind of text in both. So there is one recipe, and every label is stored with
its version. The text is all that profile and CV say about work and education, untruncated, under
the names that the known vendors give it (`text.fields`), in plain spelling (`text.spelling`).
Names of persons, employers, places and dates are left out.

Parts are kept apart by ``|``, so that the end of one and the beginning of the next are never
read as one phrase. Nothing else is added: a heading could be a keyword. A part that says nothing
(asterisks, dashes, "n/a", the employer's name) is none, and a profile of such parts has no text.

Whoever changes what comes out raises `RECIPE_VERSION`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from .company_names import without_companies
from .fields import (
    ENTRY_TEXT,
    GROUPED_POSTS,
    LOCALES,
    SECTIONS,
    TOP_TEXT,
    names_company,
    says_nothing_of_work,
    squashed,
)
from .spelling import plain

__all__ = [
    "RECIPE_VERSION",
    "ProfileText",
    "hash_text",
    "joined_text",
    "profile_text",
    "text_fields",
]

RECIPE_VERSION = "3"

_BETWEEN_FIELDS = " | "
_BETWEEN_PARTS = "\n|\n"

_WHOLE = "text"

#: Fields that hold the current employer, or, as a text, what the person is there.
_TITLES = frozenset({"currentjob", "currentposition", "currentpositions"})

_NOTHING = frozenset({"na", "n/a", "nan", "null", "none", "<na>", "undefined", "unknown", "tbd"})
_LONGEST_NOTHING = 12
_LONGEST_COMPANY = 200
_MASKED = re.compile(r"(?<![^\s|(,])\w{0,2}\*{2,}[^\s\w]*(?=[\s|),]|$)|(?<!\S)\*+(?!\S)")
_FEWEST_WORDS = 3
_DEEPEST = 6


class ProfileText(NamedTuple):
    """What the recipe made of a record.

    Attributes
    ----------
    text
        The text; "" if the record has none.
    unread
        Names of fields that are of a kind the recipe does not read, and were left out.
    unknown
        Names of fields with text that the recipe does not know, and did not read.
    """

    text: str
    unread: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def text_fields(names: Iterable[str]) -> list[str]:
    """Return those of a table's columns that the recipe reads; none, if none holds text."""
    keys = {name: squashed(name) for name in names}
    told = {
        name for name, key in keys.items() if key == _WHOLE or key in TOP_TEXT or key in SECTIONS
    }
    return [name for name, key in keys.items() if told and (name in told or names_company(key))]


def profile_text(record: Mapping[str, Any]) -> ProfileText:
    """Return the text of a profile or of a rated CV.

    Parameters
    ----------
    record
        As it was parsed from JSON: texts (position, headline, about, summary, ...), objects and
        lists of objects or texts (current_company, experience, education, skills, ...), under the
        names of any known vendor. A `text` that is not blank is taken alone.
    """
    found = _Found([], set(), [], [])
    whole = found.plain(record.get(_WHOLE), _WHOLE)
    given = _content([whole], ()) if whole else []
    if not given:
        found.read(record)
        given = _content(found.parts, found.companies)
    return ProfileText(
        _BETWEEN_PARTS.join(given),
        tuple(dict.fromkeys(found.unread)),
        tuple(dict.fromkeys(found.unknown)),
    )


def joined_text(parts: Iterable[Any], companies: Collection[str] = ()) -> str:
    """Return the text of a record of which somebody has said which values are text."""
    found = _Found([], set(), [], [])
    return _BETWEEN_PARTS.join(_content([found.plain(part, "") for part in parts], companies))


def hash_text(text: str) -> str:
    """Return the hash by which a text is known: equal texts, equal hashes."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class _Found(NamedTuple):
    """What is gathered from a record: parts of the text, names of companies and persons."""

    parts: list[str]
    companies: set[str]
    unread: list[str]
    unknown: list[str]

    def read(self, record: Mapping[str, Any]) -> None:
        """Gather everything from the fields of a record, in the recipe's order."""
        plan = _plan(tuple(record), "")
        for name in plan.companies:
            self._name(record[name])
        self.unknown.extend(name for name in plan.others if _is_prose(record[name]))
        told = -1
        for rank, name, kind in plan.texts:
            value = record[name]
            if value is None or value == "" or rank == told:
                continue
            if kind:
                self.section(value, name, kind)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                self.section(value, name, "post")  # some call the list of posts "position"
            elif part := self.plain(value, name):
                self.parts.append(part)
                told = rank

    def section(self, entries: Any, name: str, kind: str, depth: int = 0) -> None:
        """Gather from a list of entries, from one, or from a text in their place."""
        if isinstance(entries, dict) and not _is_entry(entries):
            inside = (each for value in entries.values() for each in _listed(value))
            entries = [each for each in inside if not isinstance(each, (int, float))]  # counts
        for entry in entries if isinstance(entries, list) else [entries]:
            if entry is None:
                continue
            if isinstance(entry, dict):
                self.parts.append(self.entry(entry, name, kind))
                if depth < _DEEPEST:
                    for posts in _plan(tuple(entry), kind).posts:
                        self.section(entry[posts], name, kind, depth + 1)
            elif kind == "employer" and squashed(name) in _TITLES and isinstance(entry, str):
                self.parts.append(self.plain(entry, name))
            elif kind == "employer":
                self._name(entry)
                self._note(entry, name)
            else:
                self.parts.append(self.plain(entry, name))

    def entry(self, entry: Mapping[str, Any], section: str, kind: str) -> str:
        """Return the text of an entry, its fields in the recipe's order."""
        plan = _plan(tuple(entry), kind)
        for name in plan.companies:
            self._name(entry[name])
        for name in plan.others:
            if _is_prose(entry[name]):
                self.unknown.append(f"{section}[].{name}")
        told: dict[int, str] = {}
        for rank, name, _ in plan.texts:
            # Of a description in plain text and in HTML, which have one rank, the first counts.
            if not told.get(rank) and (value := entry[name]) is not None:
                told[rank] = self.plain(value, section)
        return _BETWEEN_FIELDS.join(filter(None, told.values()))

    def _name(self, value: Any) -> None:
        """Note the names in a text, an object, or a list of such."""
        if isinstance(value, str):
            if 0 < len(value) <= _LONGEST_COMPANY:
                self.companies.add(value)
            return
        for each in value if isinstance(value, list) else [value]:
            name = each.get("name") if isinstance(each, dict) else each
            if isinstance(name, str):
                self._name(name)

    def plain(self, value: Any, field: str, depth: int = 0) -> str:
        """Return a value's text in plain spelling; what has none is noted as unread."""
        if isinstance(value, str):
            return plain(value)
        if isinstance(value, (list, tuple)) and depth < _DEEPEST:
            texts = (self.plain(each, field, depth + 1) for each in value)
            return _BETWEEN_FIELDS.join(filter(None, texts))
        if isinstance(value, dict) and depth < _DEEPEST:
            inner = _inner(value)
            if inner is not None:
                return self.plain(inner, field, depth + 1)
        return self._note(value, field)

    def _note(self, value: Any, field: str) -> str:
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value == value:
            return str(value)
        if value is not None and value == value and not isinstance(value, str):
            self.unread.append(field)
        return ""


class _Plan(NamedTuple):
    """What the fields of a record or an entry are, which have a name in common with many others.

    Attributes
    ----------
    texts
        Rank, name, and kind of section ("" if it is none), in the recipe's order.
    companies, posts, others
        Names of fields that name employers, hold posts, or are not known.
    """

    texts: tuple[tuple[int, str, str], ...]
    companies: tuple[str, ...]
    posts: tuple[str, ...]
    others: tuple[str, ...]


@lru_cache(maxsize=10_000)
def _plan(names: tuple[str, ...], kind: str) -> _Plan:
    """Sort the names of the fields of an entry, or, without a kind, of a record."""
    texts, companies, posts, others = [], [], [], []
    for name in names:
        key = squashed(name)
        if not kind and key in SECTIONS:
            texts.append((SECTIONS[key][0], name, SECTIONS[key][1]))
        elif _is_name(key, kind):
            companies.append(name)
        elif key in (ENTRY_TEXT if kind else TOP_TEXT):
            texts.append(((ENTRY_TEXT if kind else TOP_TEXT)[key], name, ""))
        elif kind and key in GROUPED_POSTS:
            posts.append(name)
        elif not says_nothing_of_work(key):
            others.append(name)
    return _Plan(tuple(sorted(texts)), tuple(companies), tuple(posts), tuple(others))


def _is_name(key: str, kind: str) -> bool:
    """Whether a field names a company or, of a record, its person: neither is text."""
    if not kind:
        return names_company(key) or key in ("name", "fullname")
    return key == "company" if kind == "other" else names_company(key, kind)


def _inner(value: Mapping[str, Any]) -> Any:
    """Return what an object in place of a text says: its name, or what it is called somewhere."""
    for name in ("name", "title", "text", "value", "description", "label", "localized"):
        if value.get(name):
            return value[name]
    localized = [value[name] for name in value if LOCALES.fullmatch(str(name))]
    return localized or ("" if not value else None)


def _content(parts: Iterable[str], companies: Collection[str]) -> list[str]:
    """Return the parts that say something of the person."""
    unmasked = (_MASKED.sub("", part).strip() if "*" in part else part for part in parts)
    told = [part for part in unmasked if _says_something(part)]
    if companies:
        told = [part for part in without_companies(told, companies) if _says_something(part)]
    return told


def _says_something(part: str) -> bool:
    if len(part) <= _LONGEST_NOTHING:
        return _short_says_something(part)
    return part[0].isalpha() or any(map(str.isalnum, part))


@lru_cache(maxsize=10_000)
def _short_says_something(part: str) -> bool:
    return any(map(str.isalnum, part)) and part.strip(" |").casefold() not in _NOTHING


def _listed(value: Any) -> Iterator[Any]:
    if isinstance(value, (list, tuple)):
        yield from value
    elif value is not None:
        yield value


def _is_entry(entry: Mapping[str, Any]) -> bool:
    """Whether an object is an entry, and not one that holds a list of them."""
    return not entry or any(
        (key := squashed(name)) in ENTRY_TEXT or names_company(key, "post") for name in entry
    )


def _is_prose(value: Any) -> bool:
    """Whether a value is, or holds, text of several words."""
    if isinstance(value, str):
        return value.count(" ") + 1 >= _FEWEST_WORDS and not value.startswith(("http", "{", "["))
    if isinstance(value, list):
        return any(isinstance(each, (str, dict)) and _is_prose(each) for each in value[:3])
    if isinstance(value, dict):
        return any(isinstance(each, str) and _is_prose(each) for each in value.values())
    return False

"""Companies as profiles name them, and the companies of the study by id, alias and name.

A company is recognised by its ids, which may be several: the last part of its page's address, a
number, the number in a urn. Where the study knows none of them, but one company by that name, it is
this one, and a note says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from ..text.company_names import company_key
from ..wording import how_many
from .identifiers import LONGEST_ID, is_company_page, normalise_company_id

__all__ = ["Directory", "Employer", "Match", "employer_of", "scalar"]

#: Finding the likeliest match is slow; it is done for so many of the unknown companies.
_MOST_MATCHED = 100
_SPEAKABLE_ID = re.compile(r"[\w.&'%-]{1,60}")
_MOST_IDS = 4


class Employer(NamedTuple):
    """A company as a profile names it: its normalised ids, the surest first, and its name."""

    ids: tuple[str, ...]
    name: str


class Match(NamedTuple):
    """The study's company that is meant, and whether only its name says so."""

    company_id: str
    by_name: bool


def employer_of(
    ids: Sequence[Any] = (), pages: Sequence[Any] = (), names: Sequence[Any] = ()
) -> Employer | None:
    """Return the company that some values of a record name; None if they name none.

    Parameters
    ----------
    ids
        Values of fields that hold a company's id.
    pages
        Values of fields that hold an address, which may be that of a company's page.
    names
        Values of fields that hold a company's name, or the address of its page.
    """
    found = [_normalised(text) for text in map(scalar, ids) if text]
    found += [_id_in_page(text) for text in map(scalar, pages) if text]
    called = ""
    for text in map(scalar, names):
        if text and (inside := _id_in_page(text)):
            found.append(inside)
        else:
            called = called or text
    known = tuple(dict.fromkeys(filter(None, found)))[:_MOST_IDS]
    return Employer(known, called) if known or called else None


class Directory:
    """The companies of a study, to be found by id, alias or name.

    Parameters
    ----------
    companies
        company_id and name, as `read_companies` returns them, and, if there are any, aliases:
        further ids and names, joined by ";".
    """

    def __init__(self, companies: pd.DataFrame) -> None:
        self._ids = {company_id: company_id for company_id in companies["company_id"]}
        by_name: dict[str, set[str]] = {}
        for company_id, name in _columns(companies, "name"):
            by_name.setdefault(company_key(name), set()).add(company_id)
        for company_id, aliases in _columns(companies, "aliases"):
            for alias in filter(None, map(str.strip, aliases.split(";"))):
                self._ids.setdefault(normalise_company_id(alias), company_id)
                by_name.setdefault(company_key(alias), set()).add(company_id)
        # A name that several companies have is nobody's.
        self._by_name = {name: next(iter(ids)) for name, ids in by_name.items() if len(ids) == 1}

    def find(self, employer: Employer) -> Match | None:
        """Return the company that is meant; None if the study has no such company."""
        for company_id in employer.ids:
            if company_id in self._ids:
                return Match(self._ids[company_id], by_name=False)
        named = self._by_name.get(company_key(employer.name)) if employer.name else None
        return Match(named, by_name=bool(employer.ids)) if named else None

    def reasons(self, strangers: Sequence[Employer]) -> dict[Employer, str]:
        """Say of each company that the study has not what it is most like, if anything.

        A name is not repeated, since a person's own firm often has the person's.
        """
        counted = Counter(strangers).most_common()
        return {
            employer: self._reason(employer, count, look=rank < _MOST_MATCHED)
            for rank, (employer, count) in enumerate(counted)
        }

    def _reason(self, employer: Employer, count: int, *, look: bool) -> str:
        spoken = next((each for each in employer.ids if not each.isdigit()), "")
        first = spoken or next(iter(employer.ids), "")
        likeliest = self._likeliest(spoken, employer.name) if look else None
        hint = f" (likeliest match {likeliest!r})" if likeliest else ""
        what = f"company {first!r}" if _SPEAKABLE_ID.fullmatch(first) else "the company named there"
        return (
            f"{what} has no row in the company table{hint}; not used"
            f" ({how_many(count, 'profile')} of it). Add the company, correct the id, or give it"
            " under aliases"
        )

    def _likeliest(self, spoken: str, name: str) -> str | None:
        # A number is like any other number.
        words = [each for each in self._ids if not each.isdigit()]
        near = get_close_matches(spoken, words, n=1) if spoken else []
        if near:
            return self._ids[near[0]]
        named = get_close_matches(company_key(name), self._by_name, n=1) if name else []
        return self._by_name[named[0]] if named else None


def scalar(value: Any) -> str:
    """Return the text of a value that is a text or a number, else ""; no more of it than an id."""
    if isinstance(value, str):
        return value.strip()[:LONGEST_ID]
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return str(value) if number else ""


def _columns(companies: pd.DataFrame, column: str) -> Iterator[tuple[str, str]]:
    if column in companies:
        given = companies[["company_id", column]].dropna()
        yield from zip(given["company_id"], given[column], strict=True)


@lru_cache(maxsize=100_000)
def _normalised(raw: str) -> str:
    return normalise_company_id(raw)


@lru_cache(maxsize=100_000)
def _id_in_page(address: str) -> str:
    """Return the id in the address of a company's page, "" if it is no such address."""
    return normalise_company_id(address) if is_company_page(address) else ""

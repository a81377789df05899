"""Which company a profile belongs to.

The rule: the current company, if the profile names one; else the post without an end that began
last, of several such the one that is listed first. A person belongs to one company. A company is
recognised by its id, or the address of its page; by its name only if there is neither.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NamedTuple

import pandas as pd

from .identifiers import LONGEST_ID, is_company_page, normalise_company_id

__all__ = ["Directory", "Employer", "current_employer"]

_OPEN_ENDS = frozenset({"", "present", "current", "now", "today"})
_PAGE_KEYS = ("link", "url")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_MONTH = re.compile(rf"\b(?:{'|'.join(_MONTHS)})|(?<=\d\d\d\d-)\d\d\b", re.IGNORECASE)

#: Finding the likeliest match is slow; it is done for so many of the unknown companies.
_MOST_MATCHED = 100
_SPEAKABLE_ID = re.compile(r"[\w.&'%-]{1,60}")


class Employer(NamedTuple):
    """A company as a profile names it: its normalised id, or else its name."""

    company_id: str
    name: str


def current_employer(record: Mapping[str, Any]) -> Employer | None:
    """Return the company that a profile belongs to; None if it names none."""
    current = _employer(record.get("current_company"), "name")
    if current:
        return current
    experience = record.get("experience")
    entries = experience if isinstance(experience, list) else []
    open_posts = [entry for entry in entries if isinstance(entry, dict) and _is_open(entry)]
    dated = [(_start(entry), _employer(entry, "company")) for entry in open_posts]
    named = [(start, employer) for start, employer in dated if employer]
    return max(named, key=lambda post: post[0])[1] if named else None


class Directory:
    """The companies of a study, to be found by id or name.

    Parameters
    ----------
    companies
        company_id and name, as `read_companies` returns them.
    """

    def __init__(self, companies: pd.DataFrame) -> None:
        self._ids = set(companies["company_id"])
        names = companies.dropna(subset="name").assign(name=lambda rows: rows["name"].map(_plain))
        # A name that several companies have is nobody's.
        self._by_name = (
            names.drop_duplicates("name", keep=False).set_index("name")["company_id"].to_dict()
        )

    def find(self, employer: Employer) -> str | None:
        """Return the id of the company that is meant; None if the study has no such company."""
        if employer.company_id:
            return employer.company_id if employer.company_id in self._ids else None
        return self._by_name.get(_plain(employer.name))

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
        wanted = employer.company_id or _plain(employer.name)
        pool = self._ids if employer.company_id else self._by_name
        near = get_close_matches(wanted, pool, n=1) if look else []
        likeliest = [each if employer.company_id else self._by_name[each] for each in near]
        hint = f" (likeliest match {likeliest[0]!r})" if likeliest else ""
        speakable = _SPEAKABLE_ID.fullmatch(employer.company_id)
        what = f"company {employer.company_id!r}" if speakable else "the company named there"
        return (
            f"{what} has no row in the company table{hint}; not used, like all {count} profiles"
            " of it. Add the company or correct the id"
        )


def _employer(entry: Any, name_key: str) -> Employer | None:
    if isinstance(entry, str):
        return Employer("", _scalar(entry)) if entry.strip() else None
    if not isinstance(entry, dict):
        return None
    company_id = _normalised(_scalar(entry.get("company_id")))
    if not company_id:
        pages = (_scalar(entry.get(key)) for key in _PAGE_KEYS)
        company_id = next((_normalised(page) for page in pages if is_company_page(page)), "")
    name = _scalar(entry.get(name_key))
    if company_id:
        return Employer(company_id, "")
    return Employer("", name) if name else None


@lru_cache(maxsize=100_000)
def _normalised(raw: str) -> str:
    return normalise_company_id(raw)


def _scalar(value: Any) -> str:
    """Return the text of a value that is a text or a number, else ""; no more of it than an id."""
    if isinstance(value, str):
        return value.strip()[:LONGEST_ID]
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and value == value
    return str(value) if number else ""


@lru_cache(maxsize=100_000)
def _plain(name: str) -> str:
    return " ".join(name.casefold().split())


def _is_open(post: Mapping[str, Any]) -> bool:
    return _scalar(post.get("end_date")).casefold() in _OPEN_ENDS


def _start(post: Mapping[str, Any]) -> tuple[int, int]:
    """Return year and month in which a post began; zeros for what is not known."""
    text = _scalar(post.get("start_date"))
    year, month = _YEAR.search(text), _MONTH.search(text)
    if not month:
        return int(year[0]) if year else 0, 0
    number = int(month[0]) if month[0].isdigit() else _MONTHS.index(month[0].casefold()) + 1
    return int(year[0]) if year else 0, number

"""Names of companies: one key for the ways a name is written, and a text without them.

What an employer is called says nothing of what a person does: without this, everybody at "Machine
Learning Works" would be taken for an expert.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import NamedTuple

from .spelling import plain

__all__ = ["company_key", "without_companies"]

_LEGAL_FORMS = (
    "ab ag aps as asa bv bvba co company corp corporation eood eurl gmbh inc incorporated kft kg"
    " kk limited llc llp lp ltd ltda mbh nv ohg oy oyj plc pte pty pvt sa sarl sas sdn bhd se sl"
    " slu spa spzoo srl sro ug ulc"
)
_FORM = frozenset(_LEGAL_FORMS.split())
_LONGEST_FORM = 20
_PLACED = r"(?:(?:^|\s+)(?:at|with|bei|chez|presso|en|na|hos|på|à|@)\s+|\s*@\s*)"
_SEPARATOR = r"\s*[|,·•;:()/–-]\s*"


@lru_cache(maxsize=100_000)
def company_key(name: str) -> str:
    """Return what is left of a company's name without case, marks, punctuation and legal form.

    "Acme Inc.", "ACME, Inc" and "Acme" have one key; a name that is nothing but a legal form
    keeps it.
    """
    folded = unicodedata.normalize("NFKC", plain(name)).casefold()
    words = "".join(
        c if c.isalnum() or c in "+#&" else " " for c in folded.replace(".", "")
    ).split()
    while len(words) > 1 and words[-1] in _FORM:
        words.pop()
    return " ".join(words) or folded.strip()


def without_companies(parts: Collection[str], companies: Iterable[str]) -> list[str]:
    """Return texts without companies' names where these stand for the employer.

    That is: a part that is nothing else, "at Acme" and "@Acme" wherever they stand, and the name
    as a piece of its own beside a comma, a bar or a dash. Anywhere else the name may be an
    ordinary word, and stays.
    """
    known = _companies(frozenset(companies))
    if not known.longest:
        return list(parts)
    kept = [part for part in parts if not _is_company(part, known)]
    folded = "\n".join(kept).casefold()
    for name, looked_for in known.names:
        if looked_for in folded:
            kept = [_without(part, name) for part in kept]
    return [part for part in kept if part]


class _Companies(NamedTuple):
    """Names of companies, made ready to be looked for.

    Attributes
    ----------
    names
        Those of several letters, the longest first, each also in lower case.
    keys, beginnings
        Their keys, and the first words of these.
    longest
        No part that is a company's name has more characters; 0 if there is no company.
    """

    names: tuple[tuple[str, str], ...]
    keys: frozenset[str]
    beginnings: tuple[str, ...]
    longest: int


@lru_cache(maxsize=10_000)
def _companies(companies: frozenset[str]) -> _Companies:
    bare = set(map(_bare, companies))
    names = sorted(filter(None, bare), key=lambda name: (-len(name), name))
    keys = frozenset(map(company_key, names))
    return _Companies(
        tuple((name, name.casefold()) for name in names if len(name) > 1),
        keys,
        tuple({key.split()[0] for key in keys if key.split()}),
        len(names[0]) + _LONGEST_FORM if names else 0,
    )


def _without(part: str, name: str) -> str:
    if name.casefold() not in part.casefold():  # the search takes time
        return part
    left = _pattern(name).sub("", part)
    return part if left == part else left.strip(" |,·•;:–-\n")


def _is_company(part: str, known: _Companies) -> bool:
    # The key takes time, and few parts can be a company's name.
    if len(part) > known.longest:
        return False
    begins = part.lstrip(" .,'\"(").casefold().startswith(known.beginnings)
    return begins and company_key(part) in known.keys


@lru_cache(maxsize=100_000)
def _bare(name: str) -> str:
    """Return a name in plain spelling and without legal form."""
    words = plain(name).split()
    while len(words) > 1 and words[-1].replace(".", "").casefold() in _FORM:
        words.pop()
    return " ".join(words).rstrip(",")


@lru_cache(maxsize=10_000)
def _pattern(name: str) -> re.Pattern[str]:
    form = rf"(?:,?\s+(?:{'|'.join(sorted(_FORM))})\b\.?)?"
    word = rf"{re.escape(name)}(?!\w){form}"
    alone = rf"(?:^|{_SEPARATOR}){word}(?=\s*$|\s*[|,·•;:()/]|\s+[–-]\s)"
    return re.compile(rf"{_PLACED}{word}|{alone}", re.IGNORECASE | re.MULTILINE)

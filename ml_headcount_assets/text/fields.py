"""Under which names profiles and CVs tell of work and education, whoever delivers them.

Names are compared without case, separators and the prefixes of localised fields: ``degree_name``,
``degreeName`` and ``Degree name`` are one. What is listed, in ``fields.yaml``, is read by
`text.recipe`; a field with text that is neither listed nor known to say nothing of work is reported
as not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from itertools import chain

import yaml

__all__ = [
    "ENTRY_TEXT",
    "GROUPED_POSTS",
    "LOCALES",
    "SECTIONS",
    "TOP_TEXT",
    "names_company",
    "says_nothing_of_work",
    "squashed",
]

#: Keys of a text that is given in several languages.
LOCALES = re.compile(r"[a-z]{2}(?:[_-][A-Za-z]{2,4})?")

_OTHER = re.compile(r"[\W_]+")
_LOCALISED = re.compile(r"^(?:multilocale|localized|localised)(?=.)")


@lru_cache(maxsize=100_000)
def squashed(name: str) -> str:
    """Return a field's name without case, separators and the prefix of localised fields."""
    return _LOCALISED.sub("", _OTHER.sub("", str(name)).casefold())


_NAMES = yaml.safe_load((resources.files(__package__) / "fields.yaml").read_text(encoding="utf-8"))

# Where the groups of the record's fields stand in the text.
_HEADLINES, _EMPLOYER, _ABOUT, _POSTS, _OTHERS = 0, 100, 200, 300, 400

#: Texts of the record itself: headlines come before the current employer, the rest behind it. Of
#: those with one rank the first that says something is taken.
TOP_TEXT: Mapping[str, int] = {
    name: rank
    for first, names in ((_HEADLINES, _NAMES["headlines"]), (_ABOUT, _NAMES["about"]))
    for rank, each in enumerate(names, first)
    for name in (each, f"{each}html")
}

#: Fields with entries: the place in the text, and what an entry is: the current employer, a post,
#: or something else.
SECTIONS: Mapping[str, tuple[int, str]] = {
    **{name: (rank, "employer") for rank, name in enumerate(_NAMES["employer"], _EMPLOYER)},
    **{name: (rank, "post") for rank, name in enumerate(_NAMES["post"], _POSTS)},
    **{
        name: (rank, "other")
        for rank, name in enumerate(chain.from_iterable(_NAMES["other"]), _OTHERS)
    },
}

#: Texts of an entry. Of those with one rank the first that says something is taken.
ENTRY_TEXT: Mapping[str, int] = {
    name: rank for rank, names in enumerate(_NAMES["entry"]) for name in names
}

#: Fields of an entry that hold the single posts at one company.
GROUPED_POSTS = frozenset(_NAMES["grouped_posts"])

_COMPANY = frozenset(_NAMES["company"])


def names_company(key: str, kind: str = "") -> bool:
    """Whether a field names an employer; in some kinds of entry, further ones do.

    Parameters
    ----------
    key
        The field's name, `squashed`.
    kind
        Of the section the field stands in: "employer", "post", "other", or "" for the record.
    """
    if key in _COMPANY:
        return True
    return (kind == "employer" and key in ("name", "id")) or (kind == "post" and key == "subtitle")


_NOT_OF_WORK = re.compile(
    rf".*(?:{'|'.join(_NAMES['not_of_work']['ends'])})\d*"
    rf"|(?:{'|'.join(_NAMES['not_of_work']['begins'])}).*"
    rf"|{'|'.join(_NAMES['not_of_work']['single'])}"
)


@lru_cache(maxsize=100_000)
def says_nothing_of_work(key: str) -> bool:
    """Whether a field is known to hold names, places, dates, addresses, counts and the like."""
    return _NOT_OF_WORK.fullmatch(key) is not None

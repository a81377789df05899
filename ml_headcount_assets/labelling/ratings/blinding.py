"""A text without what would tell a rater whose it is, or which company's.

Names of employers stand nowhere in the texts of a warehouse where they name the employer, and
names of persons are not taken into them at all (`text.recipe`). What is left, a rater should not
see either: the company's name in the middle of a sentence, a name that the id spells, addresses.
A label is never made from what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ml_headcount_assets.text.company_names import without_companies

__all__ = ["blinded"]

_EMPLOYER, _PERSON, _ADDRESS = "[employer]", "[name]", "[address]"
_BETWEEN_PARTS = "\n|\n"
_ADDRESSES = re.compile(
    r"\b[\w.+-]+@[\w-]+\.[\w.-]+\w|\bhttps?://\S+|\bwww\.\S+|\b(?:[\w-]+\.)*linkedin\.com/\S+",
    re.IGNORECASE,
)
_FEWEST_LETTERS = 2


def blinded(text: str, companies: Iterable[str], profile_id: str) -> str:
    """Return a profile's text as a rater sees it.

    Parameters
    ----------
    text
        The text, as the warehouse has it.
    companies
        Names of the company, and its id.
    profile_id
        The profile's id; many an id spells the person's name.
    """
    names = sorted({name.strip() for name in companies if name.strip()}, key=len, reverse=True)
    parts = without_companies(text.split(_BETWEEN_PARTS), names)
    kept = _ADDRESSES.sub(_ADDRESS, _BETWEEN_PARTS.join(parts))
    for name in names:
        # As it is written: in small letters a name may be a word.
        kept = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", _EMPLOYER, kept)
    person = _spelt(profile_id)
    return person.sub(_PERSON, kept) if person else kept


def _spelt(profile_id: str) -> re.Pattern[str] | None:
    """Return what finds the name that an id spells, as "jane-doe-84b2" does; None if none."""
    words = [
        word
        for word in re.split(r"[-_.\s]+", profile_id)
        if word.isalpha() and len(word) >= _FEWEST_LETTERS
    ]
    if len(words) < 2:
        return None
    joined = r"[\s.,-]+".join(map(re.escape, words))
    return re.compile(rf"(?<!\w){joined}(?!\w)", re.IGNORECASE)

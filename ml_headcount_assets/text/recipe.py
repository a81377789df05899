"""One text per profile and one per rated CV, built by the same function.

An annotator's error rates, learned from the rated CVs, say something about profiles only if it
has seen the same kind of text in both. So there is one recipe, and every label is stored with
its version. The text is all that profile and CV say about work and education, untruncated:
headline, about, and of every entry its title, organisation and description. Names of persons,
places and dates are left out.

Parts are kept apart by ``|``, so that the end of one and the beginning of the next are never
read as one phrase. Nothing else is added: a heading could be a keyword.

Whoever changes what comes out raises `RECIPE_VERSION`.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

__all__ = [
    "RECIPE_VERSION",
    "STRUCTURED_FIELDS",
    "TEXT_FIELDS",
    "ProfileText",
    "hash_text",
    "profile_text",
]

RECIPE_VERSION = "1"

_BETWEEN_FIELDS = " | "
_BETWEEN_PARTS = "\n|\n"

#: Fields of an entry that hold text, by section, in the order in which they are written.
_ENTRY_FIELDS: Mapping[str, tuple[str, ...]] = {
    "current_company": ("title", "name"),
    "experience": ("title", "company", "description"),
    "education": ("title", "school", "degree", "field", "description"),
    "certifications": ("title", "name", "subtitle", "description"),
}
_LISTS = ("experience", "education", "certifications")
#: Several posts at one company may be listed inside one entry of the experience.
_POSTS = "positions"

#: Fields that hold objects or lists of them; the others hold plain text.
STRUCTURED_FIELDS = tuple(_ENTRY_FIELDS)

#: Fields of a record that the recipe reads. With a `text`, the others are not looked at.
TEXT_FIELDS = ("text", "position", "about", *STRUCTURED_FIELDS)


class ProfileText(NamedTuple):
    """What the recipe made of a record.

    Attributes
    ----------
    text
        The text; "" if the record has none.
    unread
        Names of fields that are of a kind the recipe does not read, and were left out.
    """

    text: str
    unread: tuple[str, ...]


def profile_text(record: Mapping[str, Any]) -> ProfileText:
    """Return the text of a profile or of a rated CV.

    Parameters
    ----------
    record
        As it was parsed from JSON: position and about (texts), current_company (an object with
        title and name), experience, education and certifications (lists of objects, or of
        texts). A `text` that is not blank is taken alone.
    """
    unread: list[str] = []
    given = _plain(record.get("text"), "text", unread)
    parts = [given] if given else [part for part in _parts(record, unread) if part]
    return ProfileText(_storable(_BETWEEN_PARTS.join(parts)), tuple(dict.fromkeys(unread)))


def hash_text(text: str) -> str:
    """Return the hash by which a text is known: equal texts, equal hashes."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _parts(record: Mapping[str, Any], unread: list[str]) -> Iterator[str]:
    yield _plain(record.get("position"), "position", unread)
    yield _entry(record.get("current_company"), "current_company", unread)
    yield _plain(record.get("about"), "about", unread)
    for section in _LISTS:
        entries = record.get(section)
        if not isinstance(entries, list):
            yield _plain(entries, section, unread)  # some vendors give the section as one text
            continue
        for entry in entries:
            yield _entry(entry, section, unread)
            if section == "experience" and isinstance(entry, dict) and entry.get(_POSTS):
                yield from _posts(entry[_POSTS], unread)


def _posts(posts: Any, unread: list[str]) -> Iterator[str]:
    if not isinstance(posts, list):
        unread.append("experience")
        return
    for post in posts:
        yield _entry(post, "experience", unread)


def _entry(entry: Any, section: str, unread: list[str]) -> str:
    if not isinstance(entry, dict):
        return _plain(entry, section, unread)
    fields = [_plain(entry.get(field), section, unread) for field in _ENTRY_FIELDS[section]]
    return _BETWEEN_FIELDS.join(field for field in fields if field)


def _plain(value: Any, field: str, unread: list[str]) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None or value != value:  # NaN is the value that differs from itself
        return ""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    unread.append(field)
    return ""


def _storable(text: str) -> str:
    """Return the text without what no table stores, composed so that an accent is no boundary."""
    text = text.replace("\x00", " ")
    if text.isascii():
        return text
    # JSON can spell half of a surrogate pair.
    return unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())

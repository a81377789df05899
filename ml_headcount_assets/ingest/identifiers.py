"""Company ids: one spelling for each company, and a short ASCII key made from it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

#: Nobody's id is longer, nor the address of anybody's page.
LONGEST_ID = 300

#: Addresses of a company's page; what follows up to the next slash is the id.
_PAGE = re.compile(r"(?:^|/)(?:company|showcase|school)/+([^/?#]+)")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_SLUG_LENGTH = 60


def normalise_company_id(raw: object) -> str:
    """Return the one spelling of a company's id, or "" if there is none.

    Surrounding space, case, percent-encoding, the page address around the id (``/company/``,
    ``/showcase/``, ``/school/``), a query, a fragment and a trailing slash make no difference.
    Bare numbers stay ids, also when a spreadsheet has turned 357 into 357.0. Normalising twice
    changes nothing.
    """
    if raw is None or raw != raw:  # NaN is the value that differs from itself
        return ""
    text, previous = str(raw), None
    # Decoding may uncover another layer (a query, an address), so go on until nothing changes.
    while text != previous:
        previous, text = text, _normalise_once(text)
    return text


def normalise_profile_id(raw: object) -> str:
    """Return the one spelling of a person's id, or "" if there is none.

    Surrounding space makes no difference, nor that a spreadsheet has turned 5 into 5.0. What is
    longer than `LONGEST_ID` is no id but misplaced text.
    """
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)) or raw != raw:
        return ""
    # JSON can spell half of a surrogate pair and the null character, which no table stores.
    text = str(raw).encode("utf-8", "replace").decode().replace("\0", "").strip()
    number = _WHOLE_FLOAT.fullmatch(text)
    plain = number.group(1) if number else text
    return plain if len(plain) <= LONGEST_ID else ""


def is_company_page(address: str) -> bool:
    """Whether an address is that of a company's page, which has its id in it."""
    return _PAGE.search(address.casefold()) is not None


def _normalise_once(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip().casefold())
    page = _PAGE.search(text)
    if page:
        text = page.group(1)
    text = re.split(r"[?#]", text, maxsplit=1)[0]
    with suppress(UnicodeDecodeError):  # else it is a name with a percent sign, and stays as it is
        text = unquote(text, errors="strict")
    text = text.strip().rstrip("/")
    number = _WHOLE_FLOAT.fullmatch(text)
    return number.group(1) if number else text


def company_slug(company_id: str) -> str:
    """Return a stable ASCII key for a normalised company id, different for different ids.

    An id of lower-case letters, digits, hyphens and underscores is its own key. Any other is
    reduced to those and gets a dot and a hash of the id; no id that is its own key has a dot.
    """
    if _SLUG.fullmatch(company_id) and len(company_id) <= _SLUG_LENGTH:
        return company_id
    ascii_only = unicodedata.normalize("NFKD", company_id).encode("ascii", "ignore").decode()
    readable = re.sub(r"[^a-z0-9_]+", "-", ascii_only.lower())[:_SLUG_LENGTH].strip("-_")
    digest = hashlib.blake2b(company_id.encode(), digest_size=5).hexdigest()
    return f"{readable or 'company'}.{digest}"

"""Company ids: one spelling for each company, and a short ASCII key made from it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

from .values import NOTHING, link_formula, without_text_formula

#: Nobody's id is longer, nor the address of anybody's page.
LONGEST_ID = 300

#: Addresses of a company's page; what follows up to the next slash is the id.
_PAGE = re.compile(
    r"(?:^|/)(?:(?:company|company-beta|showcase|school|organization)/+|edu/school/?\?(?:.*&)?id=)"
    r"([^/?#&]+)"
)
_COMPANY_URN = re.compile(
    r"urn:li:[a-z_]*(?:company|organization|organizationbrand|school):\(?(\w+)"
)
#: Addresses of a person's page, and urns of persons.
_PERSON_PAGE = re.compile(
    r"(?:^|/)(?:(?:in|pub|sales/lead|sales/people|talent/profile)/+|profile/view/?\?(?:.*&)?id=)"
    r"([^/?#,&]+)"
)
_PERSON_URN = re.compile(
    r"urn:li:[a-zA-Z_]*(?:[Pp]rofile|[Pp]erson|[Mm]ember)[a-zA-Z]*:\(?([\w-]+)"
)
#: The old address of a person's page: /pub/jane-roe/a7/576/b50 is /in/jane-roe-b50576a7 today.
_OLD_PERSON_PAGE = re.compile(r"(?:^|/)pub/+([^/?#]+)/(\w{1,3})/(\w{1,3})/(\w{1,3})(?=$|[/?#])")
#: What is left of an address without an id in it.
_NO_ONES_PAGE = re.compile(r"(?:in|pub|company|school|showcase)?/*")
#: Ids of this kind differ by case alone.
_OPAQUE = re.compile(r"A[A-Z][ow]AA[\w-]{5,}")
#: What nobody sees in a cell, and what text copied from a page brings along.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_WEB = re.compile(r"^(?:https?://)?(?:[\w-]+\.)*linkedin\.com/+", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_SLUG_LENGTH = 60


def normalise_company_id(raw: object) -> str:
    """Return the one spelling of a company's id, or "" if there is none.

    Surrounding space, invisible characters, case, percent-encoding, the page address around the
    id (``/company/``, ``/company-beta/``, ``/showcase/``, ``/school/``), the urn
    (``urn:li:fsd_company:``), a query, a fragment and a trailing slash make no difference. Bare
    numbers stay ids, also when a spreadsheet has turned 357 into 357.0. Of a formula that wraps an
    id (``=HYPERLINK("address", "text")``, ``="357"``) the id is left. Normalising twice changes
    nothing.
    """
    if raw is None or raw != raw:  # NaN is the value that differs from itself
        return ""
    text, previous = str(raw), None
    # Decoding may uncover another layer (a query, an address), so go on until nothing changes.
    while text != previous:
        previous, text = text, _normalise_once(text)
    return "" if _is_nothing(text) else text


def normalise_profile_id(raw: object) -> str:
    """Return the one spelling of a person's id, or "" if there is none.

    Surrounding space, invisible characters, case, percent-encoding, the order of accents and
    letters, the address of the person's page or the urn around the id, a query and a trailing
    slash make no difference, nor that a spreadsheet has turned 5 into 5.0, or a formula
    (``=HYPERLINK("address", "text")``, ``="5"``) around it. What is longer than `LONGEST_ID` is no
    id but misplaced text. Normalising twice changes nothing.
    """
    if isinstance(raw, bool) or not isinstance(raw, (str, int, float)) or raw != raw:
        return ""
    # JSON can spell half of a surrogate pair and the null character, which no table stores.
    text = str(raw).encode("utf-8", "replace").decode().replace("\0", "").strip()
    if len(text) > LONGEST_ID:
        return ""
    previous = None
    while text != previous:
        previous, text = text, _normalise_person_once(text)
    return "" if _is_nothing(text) else text


def _is_nothing(text: str) -> bool:
    """Whether an id stands for none, or is the address of a page that lacks one."""
    page = f"{text}/"
    site = _WEB.match(page)
    bare = site is not None and _NO_ONES_PAGE.fullmatch(page, site.end()) is not None
    return bare or text.casefold() in NOTHING or not text.strip("-–—_.")


def without_formula(text: str) -> str:
    """Return the id that a formula wraps: of a link its address, if that is a page with an id."""
    link = link_formula(text)
    if link and (_PERSON_PAGE.search(link.address) or is_company_page(link.address)):
        return link.address
    return without_text_formula(text)


def _normalise_person_once(text: str) -> str:
    text = without_formula(text)
    found = _PERSON_URN.search(text) or _PERSON_PAGE.search(text)
    if found:
        old = _OLD_PERSON_PAGE.search(text)
        text = "{0}-{3:0>3}{2:0>3}{1}".format(*old.groups()) if old else found.group(1)
    elif _WEB.match(text) or text.startswith(("http://", "https://")):
        text = re.split(r"[?#]", text, maxsplit=1)[0]
    if "%" in text:
        with suppress(UnicodeDecodeError):
            text = unquote(text, errors="strict").replace("\0", "")
    text = _INVISIBLE.sub("", text)
    text = unicodedata.normalize("NFC", text.strip()).rstrip("/").strip()
    number = _WHOLE_FLOAT.fullmatch(text)
    if number:
        return number.group(1)
    return text if _OPAQUE.fullmatch(text) else unicodedata.normalize("NFC", text.casefold())


def is_company_page(address: str) -> bool:
    """Whether an address is that of a company's page, which has its id in it."""
    folded = address.casefold()
    return _PAGE.search(folded) is not None or _COMPANY_URN.search(folded) is not None


def _normalise_once(text: str) -> str:
    text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text).strip().casefold())
    text = without_formula(text)
    page = _COMPANY_URN.search(text) or _PAGE.search(text)
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

"""The country of a headquarters: what stands last in it, if that is a country or a part of one.

Countries are known by their codes of two letters and by their names in the languages in which
profiles are shown (CLDR); parts of countries are in ``regions.yaml``. "San Francisco, CA", "Austin,
Texas", "Seattle WA" and "San Jose, Calif." are in the United States. A code of two letters is that
of a state unless the column has codes of countries ("Paris, FR"), in which case it is one, too.
Georgia is the country with one of its cities, the state with any other, and unknown alone. A
place of which none of this is known ("Paris") has no country.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

import yaml
from babel import Locale
from babel.core import get_global

from .languages import LANGUAGES

__all__ = ["countries_of", "country_named"]

_UNKNOWN = frozenset({"", "unknown", "n/a", "null", "none", "nan", "-"})
_GEORGIA = "georgia"
_GEORGIAN_CITIES = frozenset(
    {"tbilisi", "batumi", "kutaisi", "rustavi", "poti", "zugdidi", "gori", "telavi", "sokhumi"}
)
#: Of several places, the first.
_BETWEEN_PLACES = re.compile(r"\s*[;/\n]\s*")
_BETWEEN_PARTS = re.compile(r"\s*[,|]\s*|\s+[-–—]\s+")
_POSTCODE = re.compile(r"\s+\d{5}(?:-\d{4})?(?=\s|$)")
#: "California (HQ)", "Palo Alto (CA)"
_REMARK = re.compile(r"\s*\(([^()]*)\)$")
#: "Greater Boston Area", "Texas Metropolitan Area"
_AREA = re.compile(r"(?:greater\s+)?(.+?)\s+(?:metropolitan\s+|metro\s+|bay\s+)?(?:area|region)")
_CODE = re.compile(r"[a-z]{2}")
#: A part of a country by ISO 3166-2: "US-CA"
_CODE_OF_PART = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,3}")
_MOST_WORDS = 4


def countries_of(headquarters: Sequence[str]) -> list[str]:
    """Return the English name of each headquarters' country, "" where it is not known.

    Parameters
    ----------
    headquarters
        All of a column, since two letters mean what they mean in the others.
    """
    places = [_parts(text) for text in headquarters]
    are_countries = _has_codes_of_countries(each[-1] for each in places if len(each) > 1)
    return [_country(each, are_countries) if each else "" for each in places]


def country_named(text: str) -> str:
    """Return the English name of a country that is given by name or code, or else the text."""
    known, key = _known(), _key(text)
    return known.by_iso.get(key) or known.by_iso3.get(key) or known.countries.get(key) or text


def _parts(text: str) -> list[str]:
    """Return the parts of the first place in a text, without postcode and remarks."""
    place = next(filter(None, _BETWEEN_PLACES.split(text.strip())), "")
    if remark := _REMARK.search(place):
        inside = remark[1] if _key(remark[1]) in _known().codes or _is_known(remark[1]) else ""
        place = f"{place[: remark.start()]}, {inside}"
    place = _POSTCODE.sub("", place)
    return [part for part in _BETWEEN_PARTS.split(place.strip()) if part]


def _key(text: str) -> str:
    """Return how a name is looked up: without case, points and articles, "and" as "&"."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("’", "'").replace(".", "")
    return folded.replace(" and ", " & ").strip().removeprefix("the ").replace("saint ", "st ")


def _has_codes_of_countries(last: Iterable[str]) -> bool:
    """Whether codes of two letters are those of countries, since some are no state's."""
    codes = {key for text in last if _CODE.fullmatch(key := _key(text))}
    return bool(codes & _known().by_iso.keys() - _known().codes.keys() - {"us", "uk"})


def _country(parts: Sequence[str], are_countries: bool) -> str:
    last, known = parts[-1], _known()
    key = _key(last)
    if key in _UNKNOWN:
        return ""
    if coded := _CODE_OF_PART.fullmatch(last):
        return known.by_iso.get(coded[1].casefold(), "")
    if area := _AREA.fullmatch(key):
        return known.parts.get(area[1], "")  # around a city, whose country is not said
    if key == _GEORGIA:
        return _georgia([_key(part) for part in parts[:-1]])
    if last.isupper() and key in known.by_iso3:  # before "IND" is Indiana
        return known.by_iso3[key]
    if _CODE.fullmatch(key) and key not in known.countries:
        return _by_code(key, parts[:-1], are_countries)
    together = _key(", ".join(parts[-2:]))  # "Korea, Republic of"
    found = known.countries.get(together) or known.countries.get(key) or known.parts.get(key)
    if found or (len(parts) > 1 and (found := known.short.get(key))):
        return found
    return _by_end(last, are_countries)


def _by_code(code: str, before: Sequence[str], are_countries: bool) -> str:
    """Return the country that two letters stand for, behind other parts or alone."""
    known = _known()
    region = known.parts.get(_key(before[-1])) if before else None
    if region:  # "Toronto, Ontario, CA" is not in California
        return region
    state, country = known.codes.get(code, ""), known.by_iso.get(code, "")
    if are_countries:
        return country or state
    if not before and state and country:
        return ""
    return state or country


def _by_end(text: str, are_countries: bool) -> str:
    """Return the country with which a text without commas ends: "Seattle WA", "Paris France"."""
    words, known = text.split(), _known()
    for count in range(min(_MOST_WORDS, len(words) - 1), 0, -1):
        end = " ".join(words[-count:])
        key = _key(end)
        if key == _GEORGIA:
            return _georgia([_key(" ".join(words[:-count]))])
        found = known.countries.get(key) or known.parts.get(key)
        if found:
            return found
        if count == 1 and end.isupper() and key in known.by_iso3:
            return known.by_iso3[key]
        if count == 1 and end.isupper() and _CODE.fullmatch(key):
            return _by_code(key, words[:-1], are_countries)
        if count == 1 and end.endswith(".") and key in known.short:
            return known.short[key]
    return ""


def _georgia(before: Sequence[str]) -> str:
    if not before:
        return ""
    return "Georgia" if _GEORGIAN_CITIES.intersection(before) else "United States"


def _is_known(text: str) -> bool:
    return _key(text) in _known().countries or _key(text) in _known().parts


class _Known(NamedTuple):
    """English names of countries, by keys as `_key` writes them.

    Attributes
    ----------
    countries
        By their own names, in any of the languages.
    parts, short, codes
        By names of parts of them, what these are shortened to, and codes of two letters.
    by_iso, by_iso3
        By ISO 3166 codes of two letters, and of three.
    """

    countries: Mapping[str, str]
    parts: Mapping[str, str]
    short: Mapping[str, str]
    codes: Mapping[str, str]
    by_iso: Mapping[str, str]
    by_iso3: Mapping[str, str]


@lru_cache(maxsize=1)
def _known() -> _Known:
    text = (resources.files(__package__) / "regions.yaml").read_text(encoding="utf-8")
    regions = yaml.safe_load(text)
    parts, short, codes, own = (
        {_key(name): country for country, kinds in regions.items() for name in kinds.get(kind, ())}
        for kind in ("names", "short", "codes", "called")
    )
    by_iso = _by_iso({kinds["iso"]: name for name, kinds in regions.items() if "iso" in kinds})
    countries = {**_in_all_languages(by_iso), **own}
    return _Known(countries, parts, short, codes, {**by_iso, "uk": by_iso["gb"]}, _by_iso3(by_iso))


def _by_iso(own: Mapping[str, str]) -> dict[str, str]:
    """Return the English names of all countries by ISO code, with ours for some."""
    known = {str(code): str(name) for code, name in Locale("en").territories.items()}
    codes = (code for code in known if len(code) == 2 and code.isalpha() and code not in _NONE)
    return {code.casefold(): own.get(code) or known[code] for code in codes}


def _by_iso3(by_iso: Mapping[str, str]) -> dict[str, str]:
    aliases = {code.casefold(): to for code, to in get_global("territory_aliases").items()}
    single = {code: to[0].casefold() for code, to in aliases.items() if len(to) == 1}
    return {
        code: by_iso[to]
        for code, to in single.items()
        if len(code) == 3 and code.isalpha() and to in by_iso
    }


#: Codes that CLDR has and that are no country's.
_NONE = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})


def _in_all_languages(by_iso: Mapping[str, str]) -> dict[str, str]:
    """Return the English names of countries by their names in all languages."""
    found: dict[str, set[str]] = {}
    for language in LANGUAGES:
        for code, name in Locale.parse(language).territories.items():
            if meant := by_iso.get(str(code).casefold()):
                found.setdefault(_key(str(name)), set()).add(meant)
    return {name: next(iter(all_)) for name, all_ in found.items() if len(all_) == 1}

"""The country of a headquarters: what stands last in it, unless that is a part of a country.

"San Francisco, CA" and "Austin, Texas" are in the United States. A code of two letters is that of
a state unless the column has codes of countries ("Paris, FR"), in which case it is one, too.
Georgia is the country with one of its cities, the state with any other, and unknown alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources

import yaml

__all__ = ["countries_of"]

_UNKNOWN = frozenset({"", "unknown", "n/a", "null", "none", "nan", "-"})
_GEORGIA = "georgia"
_GEORGIAN_CITIES = frozenset(
    {"tbilisi", "batumi", "kutaisi", "rustavi", "poti", "zugdidi", "gori", "telavi", "sokhumi"}
)
_POSTCODE = re.compile(r"\s+\d{5}(?:-\d{4})?$")
#: "California (HQ)"
_REMARK = re.compile(r"\s*\([^()]*\)$")
#: "Greater Boston Area", "Texas Metropolitan Area"
_AREA = re.compile(r"(?:greater\s+)?(.+?)\s+(?:metropolitan\s+|metro\s+|bay\s+)?(?:area|region)")
_CODE = re.compile(r"[a-z]{2}")


def countries_of(headquarters: Sequence[str]) -> list[str]:
    """Return the country of each headquarters, "" where it is not known.

    Parameters
    ----------
    headquarters
        All of a column, since two letters mean what they mean in the others.
    """
    parts = [[part.strip() for part in text.split(",") if part.strip()] for text in headquarters]
    are_countries = _has_codes_of_countries(each[-1] for each in parts if each)
    return [_country(each, are_countries) if each else "" for each in parts]


def _has_codes_of_countries(last: Iterable[str]) -> bool:
    """Whether codes of two letters are those of countries, since some are no state's."""
    codes = {text.casefold() for text in last if _CODE.fullmatch(text.casefold())}
    return bool(codes - _regions()[1].keys() - {"us", "uk"})


def _country(parts: Sequence[str], are_countries: bool) -> str:
    last = _POSTCODE.sub("", _REMARK.sub("", parts[-1]))
    key = last.casefold()
    names, codes = _regions()
    if area := _AREA.fullmatch(key):
        return names.get(area[1], "")  # around a city, whose country is not said
    if key in _UNKNOWN:
        return ""
    if key == _GEORGIA:
        return _georgia([part.casefold() for part in parts[:-1]])
    if _CODE.fullmatch(key) and len(parts) > 1:
        before = names.get(parts[-2].casefold())  # "Toronto, Ontario, CA" is not in California
        if before:
            return before
        if key in codes and not are_countries:
            return codes[key]
    return names.get(key, last)


def _georgia(before: Sequence[str]) -> str:
    if not before:
        return ""
    return "Georgia" if _GEORGIAN_CITIES.intersection(before) else "United States"


@lru_cache
def _regions() -> tuple[dict[str, str], dict[str, str]]:
    """Return the country of each name and of each code, in lower case."""
    text = (resources.files(__package__) / "regions.yaml").read_text(encoding="utf-8")
    found = yaml.safe_load(text)
    names, codes = (
        {part: country for country, parts in found.items() for part in parts[kind]}
        for kind in ("names", "codes")
    )
    return names, codes

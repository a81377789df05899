"""The subregion of a country, as the United Nations divide the world (standard M49)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources

import yaml
from babel import Locale

from .countries import country_named

__all__ = ["subregions_of"]


def subregions_of(countries: Iterable[object]) -> list[str | None]:
    """Return the English name of each country's subregion; None where it is not known.

    Parameters
    ----------
    countries
        English names, as `countries_of` gives them.
    """
    return [_by_country().get(country) for country in countries]


@cache
def _by_country() -> dict[object, str]:
    text = (resources.files(__package__) / "subregions.yaml").read_text(encoding="utf-8")
    names = Locale("en").territories
    return {
        country_named(code): str(names[region])
        for region, codes in yaml.safe_load(text).items()
        for code in codes
    }

"""Which part of the world a country is in, and where it lies on the map."""

from __future__ import annotations

import math

from babel import Locale

from ml_headcount_assets.figures.world import place_of, projected
from ml_headcount_assets.ingest.countries import country_named
from ml_headcount_assets.ingest.subregions import subregions_of

#: Codes of no country, and of places where nobody lives or that are parts of others.
NONE = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ", "AC", "AQ", "CP", "CQ", "DG", "TA"}


def countries() -> list[str]:
    codes = [str(code) for code in Locale("en").territories]
    return [country_named(code) for code in codes if len(code) == 2 and code not in NONE]


def test_every_country_is_in_a_subregion():
    found = dict(zip(countries(), subregions_of(countries()), strict=True))
    assert not [country for country, region in found.items() if region is None]
    assert len(set(found.values())) == 22
    assert found["Japan"] == "Eastern Asia"
    assert found["Germany"] == found["France"] == "Western Europe"
    assert found["Norway"] == "Northern Europe"  # whose code YAML takes for "no"
    assert found["Namibia"] == "Southern Africa"


def test_what_is_no_country_is_in_none():
    assert subregions_of(["Silicon Valley", "", None]) == [None] * 3


def test_nearly_every_country_has_a_place_on_the_map():
    without = [country for country in countries() if place_of(country) is None]
    assert len(without) < 20, without
    for country, (longitude, latitude) in {
        "Singapore": (103.8, 1.4),
        "United States": (-99, 39),
        "Fiji": (178, -18),
    }.items():
        found = place_of(country)
        assert found is not None
        assert abs(found[0] - longitude) < 2, country
        assert abs(found[1] - latitude) < 2, country


def test_the_map_keeps_areas_in_proportion():
    def area(latitude: float) -> float:
        """Of a field of one degree each way, over its area on the globe."""
        x, y = projected([0, 1, 1, 0], [latitude, latitude, latitude + 1, latitude + 1])
        shoelace = sum(x[i] * y[i - 3] - x[i - 3] * y[i] for i in range(4)) / 2
        return abs(shoelace) / math.cos(math.radians(latitude + 0.5))

    assert abs(area(0) / area(60) - 1) < 0.01

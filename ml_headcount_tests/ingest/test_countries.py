"""Which country a headquarters is in."""

from __future__ import annotations

import pytest

from ml_headcount_assets.ingest.countries import countries_of, country_named


@pytest.mark.parametrize(
    ("headquarters", "country"),
    [
        ("Paris, France", "France"),
        ("Japan", "Japan"),
        ("San Francisco, California", "United States"),
        ("San Francisco, CA", "United States"),
        ("San Francisco, CA 94105", "United States"),
        ("Washington, D.C.", "United States"),
        ("Washington, DC", "United States"),
        ("Boston, Massachusetts, United States", "United States"),
        ("Boston, MA, USA", "United States"),
        ("New York, New York", "United States"),
        ("Toronto, Ontario", "Canada"),
        ("Toronto, Ontario, CA", "Canada"),
        ("Bengaluru, Karnataka, IN", "India"),
        ("London, England", "United Kingdom"),
        ("Sydney, NSW", "Australia"),
        ("Munich, Bavaria", "Germany"),
        ("Atlanta, Georgia", "United States"),
        ("Tbilisi, Georgia", "Georgia"),
        ("Georgia", ""),
        ("Menlo Park, California (HQ)", "United States"),
        ("Austin, Texas Metropolitan Area", "United States"),
        ("San Francisco Bay Area", ""),
        ("Greater Boston Area", ""),
        ("Unknown", ""),
        ("Seattle WA", "United States"),
        ("Austin TX 78701", "United States"),
        ("Philadelphia, PA 19103-1234 USA", "United States"),
        ("NYC", "United States"),
        ("N.Y.", "United States"),
        ("San Jose, Calif.", "United States"),
        ("Palo Alto (CA)", "United States"),
        ("San Francisco, CA; London, UK", "United States"),
        ("Vancouver BC", "Canada"),
        ("Vancouver, B.C.", "Canada"),
        ("Paris France", "France"),
        ("Paris", ""),
        ("L.A.", ""),
        ("DE", ""),
        ("Remote", ""),
        ("US-CA", "United States"),
        ("Berlin, DEU", "Germany"),
        ("Mumbai, IND", "India"),
        ("München, Deutschland", "Germany"),
        ("東京, 日本", "Japan"),
        ("Seoul, Korea, Republic of", "South Korea"),
        ("Shenzhen, Guangdong", "China"),
        ("London, U.K.", "United Kingdom"),
        ("Saint George, Trinidad and Tobago", "Trinidad & Tobago"),
        ("", ""),
        (" , ", ""),
    ],
)
def test_one_headquarters(headquarters: str, country: str) -> None:
    assert countries_of([headquarters]) == [country]


def test_two_letters_mean_what_they_mean_in_the_column() -> None:
    assert countries_of(["Ottawa, CA", "Austin, TX"]) == ["United States", "United States"]
    assert countries_of(["Ottawa, CA", "Paris, FR", "Berlin, DE"]) == [
        "Canada",
        "France",
        "Germany",
    ]


def test_a_country_that_is_given_is_called_as_the_others_are() -> None:
    named = [country_named(text) for text in ("DE", "Deutschland", "CAN", "the Netherlands")]
    assert named == ["Germany", "Germany", "Canada", "Netherlands"]
    assert country_named("Ruritania") == "Ruritania"

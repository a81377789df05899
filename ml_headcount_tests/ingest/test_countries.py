"""Which country a headquarters is in."""

from __future__ import annotations

import pytest

from ml_headcount_assets.ingest.countries import countries_of


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
        ("", ""),
        (" , ", ""),
    ],
)
def test_one_headquarters(headquarters: str, country: str) -> None:
    assert countries_of([headquarters]) == [country]


def test_two_letters_mean_what_they_mean_in_the_column() -> None:
    assert countries_of(["Ottawa, CA", "Austin, TX"]) == ["United States", "United States"]
    assert countries_of(["Ottawa, CA", "Paris, FR", "Berlin, DE"]) == ["CA", "FR", "DE"]

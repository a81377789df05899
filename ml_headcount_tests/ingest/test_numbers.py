"""Counts and headcounts as they are written: read where there is one way to, else listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.ingest.numbers import (
    LARGEST_COUNT,
    Headcounts,
    read_counts,
    read_headcounts,
)
from ml_headcount_assets.ingest.rejects import Rejects


def _headcounts(*texts: str) -> tuple[Headcounts, pd.DataFrame]:
    rejects = Rejects("companies.csv")
    values = np.array(texts, dtype=object)
    found = read_headcounts(values, np.arange(2, 2 + len(values)), "headcount", rejects)
    return found, rejects.frame()


def _counts(*texts: str) -> tuple[list[int | None], pd.DataFrame]:
    rejects = Rejects("companies.csv")
    values = np.array(texts, dtype=object)
    found = read_counts(values, np.arange(2, 2 + len(values)), "filter_a_hits", rejects)
    return [None if pd.isna(each) else int(each) for each in found], rejects.frame()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5.000", 5000),
        ("12.000", 12_000),
        ("1,200", 1200),
        ("12 500", 12_500),
        ("12\u00a0500", 12_500),
        ("12\u202f500", 12_500),
        ("12'500", 12_500),
        ("12’500", 12_500),
        ("1_234_567", 1_234_567),
        ("1.234.567", 1_234_567),
        ("12,345,678", 12_345_678),
        ("1,20,000", 120_000),
        ("1,234.00", 1234),
        ("1.234,00", 1234),
        ("1.2K", 1200),
        ("1,2k", 1200),
        ("1.1k", 1100),
        ("3 Tsd.", 3000),
        ("1.5M", 1_500_000),
        ("１２００", 1200),
        ("１，２００", 1200),
        ("١٢٠٠", 1200),
        ("1200 employees", 1200),
        ("1,200 Mitarbeiter", 1200),
        ("1 employee", 1),
        ("12.0", 12),
        ("12.00", 12),
        ("1e3", 1000),
        (" 12 ", 12),
        ("\u200e40\u200b", 40),
        ("~5000", 5000),
        ("ca. 1.200 Mitarbeiter", 1200),
        ("approx 500", 500),
        ('="1,200"', 1200),
        ('=HYPERLINK("https://a.example/people","1,200")', 1200),
    ],
)
def test_numbers(text: str, number: int) -> None:
    found, rejects = _headcounts(text)
    assert found.headcount.tolist() == [number]
    assert found.low.isna().all()
    assert rejects["line"].isna().all()
    assert _counts(text)[0] == [number]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("51-200 employees", 51, 200),
        ("51–200", 51, 200),
        ("201 to 500", 201, 500),
        ("1.001–5.000 Mitarbeiter", 1001, 5000),
        ("1,001-5,000 employees", 1001, 5000),
        ("10K-50K", 10_000, 50_000),
        ("２０１－５００", 201, 500),
        ("[51, 200]", 51, 200),
        ("[10001, null]", 10_001, 100_010),
        ("[10001, None]", 10_001, 100_010),
        ('{"start": 51, "end": 200}', 51, 200),
        ("10,001+", 10_001, 100_010),
        ("10001+ employees", 10_001, 100_010),
        ("10.001+", 10_001, 100_010),
        (">1000", 1000, 10_000),
        ("5,000 or more", 5000, 50_000),
        ("under 50", 1, 50),
        ("0-10", 1, 10),
        ("Nov-50", 11, 50),
        ("2-Oct", 2, 10),
        ("10-Feb", 2, 10),
        ("1950-11-01T00:00:00", 11, 50),
        ("2025-02-10T00:00:00", 2, 10),
        ("2025-10-02", 2, 10),
        ("c_00051_00100", 51, 100),
        ("c_10001_max", 10_001, 100_010),
        ("500-2K", 500, 2000),
    ],
)
def test_bands(text: str, low: int, high: int) -> None:
    found, rejects = _headcounts(text)
    assert (found.low[0], found.high[0]) == (low, high)
    assert found.headcount[0] == round((low * high) ** 0.5)
    assert rejects["line"].isna().all()
    assert _counts(text)[0] == [None], "hits are counted, and have no bands"


@pytest.mark.parametrize("text", ["0-1", "1-1", "Self-employed", "[1, 1]"])
def test_a_band_of_one_number_is_a_number(text: str) -> None:
    found, _ = _headcounts(text)
    assert found.headcount.tolist() == [1]
    assert found.low.isna().all()


@pytest.mark.parametrize("text", ["", "NA", "n/a", "null", " ", "None"])
def test_nothing_is_missing_without_a_reject(text: str) -> None:
    found, rejects = _headcounts(text)
    assert found.headcount.isna().all()
    assert rejects.empty


@pytest.mark.parametrize(
    "text",
    [
        *("0", "-5", "12.5", "0.500", "1,2345", "1,23,45", "1.000,000", "12 34"),
        *("many", "1e12", "inf", "nan%", "200-51", "[51]", "[]", "{}", "[51, 200, 500]", "--5"),
        *("5+5", "2020-13-45", "1.2.3", "𐩀", "²", "9" * 5000, "1e999", "12 monkeys", "[[1], 2]"),
        *("51_200", "1-10K", "1,500k", "(1,234)"),  # can be read in two ways
        *('{"count": 5, "year": 2024}', "500²", "2024-01-01"),
    ],
)
def test_what_cannot_be_read_is_missing_and_listed(text: str) -> None:
    found, rejects = _headcounts(text, "7")
    assert found.headcount.isna().tolist() == [True, False]
    assert rejects["line"].tolist() == [2]
    assert rejects["reason"][0].endswith("taken as missing")


def test_what_was_expected_is_said_and_words_are_not_repeated() -> None:
    _, rejects = _headcounts("Jane Doe", "12.5", "40")
    assert rejects["reason"].tolist() == [
        f"{what} is not a whole number from 1 to {LARGEST_COUNT}, a band such as 51-200, or empty;"
        " taken as missing"
        for what in ("the text there", "12.5")
    ]


def test_a_truth_is_no_count() -> None:
    _, rejects = _headcounts("true", "40", "FALSE")
    assert rejects["line"].tolist() == [2, 4]
    assert rejects["reason"].str.startswith(("true is not a whole", "false is not a whole")).all()
    assert _counts("true", "3")[0] == [None, 3]


def test_thousands_are_told() -> None:
    _, rejects = _headcounts("5.000", "12.000", "700")
    assert rejects[["field", "reason"]].values.tolist() == [
        ["headcount", "'.' is read as a separator of thousands: 5.000 is 5000"]
    ]


def test_the_column_decides_what_a_point_is() -> None:
    assert _counts("12.000", "1500.000", "3.000")[0] == [12, 1500, 3]
    assert _counts("12,000", "1500,000")[0] == [12, 1500]
    found, rejects = _counts("12.000", "7.50", "9.0")
    assert found == [None, None, 9]
    assert rejects["line"].tolist() == [2, 3]
    assert "12.000 could be 12000, or 12 with decimals" in rejects["reason"][0]
    assert _counts("1.000", "1,234.00")[0] == [None, 1234]


@given(st.integers(1, LARGEST_COUNT), st.sampled_from([",", ".", " ", "'", "’", "\u202f"]))
def test_any_number_with_any_separator(number: int, separator: str) -> None:
    text = f"{number:,}".replace(",", separator)
    assert _counts(text)[0] == [number]


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.sampled_from(["-", "–", " - ", " to ", "—"]),
    st.sampled_from(["", ",", "."]),
)
def test_any_band(one: int, other: int, dash: str, separator: str) -> None:
    low, high = sorted((one, other))
    text = dash.join(f"{end:,}".replace(",", separator) for end in (low, high))
    found, rejects = _headcounts(text)
    if low == high:
        assert found.headcount.tolist() == [low]
    else:
        assert (found.low[0], found.high[0]) == (low, high)
        assert low <= found.headcount[0] <= high
    assert rejects["line"].isna().all()


@settings(max_examples=300)
@given(st.lists(st.text(max_size=12) | st.text("0123456789.,' -+kKnov[]", max_size=9), max_size=5))
@example(["WORKERS"])
@example(["about employees"])
def test_no_text_is_dropped_or_read_as_less_than_it_says(texts: list[str]) -> None:
    found, rejects = _headcounts(*texts)
    nothing = {"", "na", "n/a", "nan", "null", "none", "<na>"}
    for position, text in enumerate(texts):
        missing = pd.isna(found.headcount[position])
        listed = position + 2 in set(rejects["line"].dropna())
        assert not (listed and not missing)
        if missing and not listed:
            assert not any(map(str.isalnum, text)) or text.strip().casefold() in nothing
    assert (found.headcount.dropna() >= 1).all()

"""Dates in the forms in which vendors and spreadsheets write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.ingest.dates import dates_within, iso, mentions_now, read_moment


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2025-03-05", "2025-03-05", "2025-03-05"),
        ("2025-03-05T10:00:00+02:00", "2025-03-05", "2025-03-05"),
        ("2025-03-05 10:00:00 UTC", "2025-03-05", "2025-03-05"),
        ("2025/03/05", "2025-03-05", "2025-03-05"),
        ('="2025-03-05"', "2025-03-05", "2025-03-05"),
        (' ="3/5/2025 "', "2025-03-05", "2025-05-03"),
        ("20250305", "2025-03-05", "2025-03-05"),
        ("2025年3月5日", "2025-03-05", "2025-03-05"),
        ("2025. 3. 5.", "2025-03-05", "2025-03-05"),
        ("Mar 5, 2025", "2025-03-05", "2025-03-05"),
        ("5th March 2025", "2025-03-05", "2025-03-05"),
        ("5 mars 2025", "2025-03-05", "2025-03-05"),
        ("Wed, 05 Mar 2025 10:00:00 GMT", "2025-03-05", "2025-03-05"),
        ("5.3.2025", "2025-03-05", "2025-03-05"),
        ("25/03/2025", "2025-03-25", "2025-03-25"),
        ("05/03/2025", "2025-03-05", "2025-05-03"),
        ("3/5/2025 10:30 PM", "2025-03-05", "2025-05-03"),
        ("45721", "2025-03-05", "2025-03-05"),
        (45721, "2025-03-05", "2025-03-05"),
        (1735689600, "2025-01-01", "2025-01-01"),
        ("1735689600000", "2025-01-01", "2025-01-01"),
        ("2025", "2025-01-01", "2025-12-31"),
        (2025, "2025-01-01", "2025-12-31"),
        ("2025-03", "2025-03-01", "2025-03-31"),
        ("03/2025", "2025-03-01", "2025-03-31"),
        ("März 2024", "2024-03-01", "2024-03-31"),
        ("2025年3月", "2025-03-01", "2025-03-31"),
        (date(2025, 3, 5), "2025-03-05", "2025-03-05"),
        (datetime(2025, 3, 5, 10), "2025-03-05", "2025-03-05"),
        ({"year": 2016, "month": 5}, "2016-05-01", "2016-05-31"),
        ({"year": 2016, "month": 5, "day": 3}, "2016-05-03", "2016-05-03"),
        ({"year": "2016", "month": "May", "text": "May 2016"}, "2016-05-01", "2016-05-31"),
        ({"text": "May 2016"}, "2016-05-01", "2016-05-31"),
        ({"$date": "2025-01-01T00:00:00Z"}, "2025-01-01", "2025-01-01"),
        ("05-MAR-25", "2025-03-05", "2025-03-05"),
        ("Mar-25", "2025-03-01", "2025-03-31"),
        ("March '98", "1998-03-01", "1998-03-31"),
        ("3/5/25", "2025-03-05", "2025-05-03"),
        ("05.03.25", "2025-03-05", "2025-03-05"),
        ("Q2 2025", "2025-04-01", "2025-06-30"),
        ("2025.0", "2025-01-01", "2025-12-31"),
        ("Wed Mar 05 2025 10:00:00 GMT+0100 (CET)", "2025-03-05", "2025-03-05"),
        ("2025-03-05 00:00:00 +0000 UTC", "2025-03-05", "2025-03-05"),
        ("Mar 2025 (3 months)", "2025-03-01", "2025-03-31"),
        ("early 2025", "2025-01-01", "2025-12-31"),
        ("5 марта 2025 г.", "2025-03-05", "2025-03-05"),
        ("жовт. 2024", "2024-10-01", "2024-10-31"),
        ("paź 2024", "2024-10-01", "2024-10-31"),
        ("Eyl 2024", "2024-09-01", "2024-09-30"),
        ("मार्च 2025", "2025-03-01", "2025-03-31"),
        ("مارس ٢٠٢٥", "2025-03-01", "2025-03-31"),
        ("มี.ค. 2568", "2025-03-01", "2025-03-31"),
        ("tháng 12 năm 2024", "2024-12-01", "2024-12-31"),
        ([2025, 3], "2025-03-01", "2025-03-31"),
    ],
)
def test_dates_mean_what_they_can_mean(written: object, first: str, last: str) -> None:
    moment = read_moment(written)
    assert moment is not None
    assert (iso(moment.first)[:10], iso(moment.last)[:10]) == (first, last)


@pytest.mark.parametrize("stamp", ["20190305101500", 20190305101500])
def test_fourteen_digits_are_a_day_and_a_time(stamp: object) -> None:
    found = read_moment(stamp)
    assert found is not None
    assert found.first == found.last == datetime(2019, 3, 5, 10, 15, tzinfo=UTC)


_NO_DATES = ["soon", "yesterday", "", "31.2.2025", "32/13/2025", "5 yrs", "2020 - 2022"]
_NO_DATES += ["Jan 2020 · 5 yrs", None, True, [1], {}, {"year": None}, {"year": 2020, "month": 13}]
_NO_DATES += [float("nan"), 10**40, 7]


@pytest.mark.parametrize("written", _NO_DATES)
def test_what_is_no_date_is_none(written: object) -> None:
    assert read_moment(written) is None


_NOW = ["Present", "heute", "bis heute", "Aujourd'hui", "Aujourd’hui", "à ce jour", "Presente"]
_NOW += [
    "Actualidad",
    "dziś",
    "dnes",
    "до сих пор",
    "теперь",
    "उपस्थित",
    "至今",
    "现在",
    "現在",
    "현재",
    "obecnie",
    "н.в.",
    "настоящее время",
    "günümüz",
]
_NOW += ["günümüz", "حتى الآن", "היום", "ปัจจุบัน", "hiện tại", "o momento", "nu", "(present)"]
_NOW += [
    "2020 - Present",
    "Jan 2020 - Present · 5 yrs",
    "Mar 2018 Present 6 years",
    "2020年1月 - 至今",
    "PRESENT ",
]


@pytest.mark.parametrize("written", _NOW)
def test_until_now_in_many_languages(written: str) -> None:
    assert mentions_now(written)


@pytest.mark.parametrize("written", ["May 2016", "2018 - 2020", "", "-", "*** ****", "Nuremberg"])
def test_what_has_ended_or_says_nothing(written: str) -> None:
    assert not mentions_now(written)


def test_dates_in_a_stretch() -> None:
    begun, ended = dates_within("Jan 2020 - Mar 2022 · 2 yrs 3 mos")
    assert (iso(begun.first)[:7], iso(ended.first)[:7]) == ("2020-01", "2022-03")
    assert len(dates_within("2018–2020")) == len(dates_within('="2018–2020"')) == 2
    assert dates_within("3 years") == ()


@given(st.text(max_size=30) | st.integers() | st.floats() | st.dictionaries(st.text(), st.text()))
def test_anything_is_a_date_or_none(value: object) -> None:
    moment = read_moment(value)
    assert moment is None or moment.first <= moment.last

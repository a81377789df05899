"""What a result tells: intervals, totals of whoever is meant, and itself in one line."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import HeadcountResult

DRAWS = 40


@pytest.fixture
def result() -> HeadcountResult:
    """Draws of a, b and c are 1, 10 and 100 times the number of the draw; d has no evidence."""
    draws = np.outer([1, 10, 100, 0], np.arange(DRAWS)).astype(np.int32)
    mask = np.zeros(draws.shape, dtype=bool)
    mask[3] = True
    return HeadcountResult(
        company_id=np.array(["a", "b", "c", "d"], dtype=object),
        draws=np.ma.MaskedArray(draws, mask=mask),
        evidence=np.array(["profiles", "aggregates", "profiles", "none"], dtype=object),
        flags=np.array(["", "few_profiles", "", ""], dtype=object),
        n_profiles=np.array([30, 0, 300, 0]),
        headcount=np.array([50, 500, 5_000, 0]),
        companies=pd.DataFrame(
            {"company_id": ["a", "b", "c", "d"], "cohort": ["labs", "labs", "shops", None]}
        ),
    )


def weight(result: HeadcountResult, where) -> int:
    """Which companies a total is of, read from its largest draw."""
    return round(result.total(where)["mean"] / np.arange(DRAWS).mean())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cohort == 'labs'", 11),
        ("headcount >= 500", 110),
        ("evidence == 'profiles' and cohort != 'labs'", 100),
        ("company_id in ['c', 'a']", 101),
        ("cohort.isna() or headcount < 100", 1),
    ],
)
def test_companies_are_chosen_by_what_is_known_of_them(result, query, expected):
    assert weight(result, query) == expected


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("cohrt == 'labs'", r"cohrt.*There are the columns company_id.*cohort"),
        ("headcount", "not true or false"),
        ("headcount = 3", "not true or false|cannot"),
        ("headcount >", "invalid syntax"),
        ("@result.draws", "cannot be chosen"),
    ],
)
def test_a_query_that_cannot_be_followed_is_told(result, query, message):
    with pytest.raises(InputError, match=message):
        result.total(query)


def test_a_series_is_matched_by_company_and_never_by_place(result):
    chosen = pd.Series([True, False, False, True], index=["c", "a", "d", "b"])
    assert weight(result, chosen) == 110
    for wrong, message in (
        (pd.Series([True, False, False, True]), r"4 companies, among them 'a'.*set_index"),
        (chosen.drop("b"), "1 company, among them 'b'"),
        (chosen.rename({"b": "a"}), "more than once"),
        (
            pd.concat([chosen, pd.Series([True], index=["e"])]),
            "The result does not have 1 company .*among them 'e'",
        ),
        (chosen.astype(float), "True or False"),
        (chosen.astype("boolean").mask([True, False, False, False]), "True or False"),
    ):
        with pytest.raises(InputError, match=message):
            result.total(wrong)
    # One that is not meant need not be known.
    more = pd.concat([chosen, pd.Series([False], index=["e"])])
    assert weight(result, more) == 110


def test_booleans_go_by_place_and_nothing_else_does(result):
    assert weight(result, [True, False, True, False]) == 101
    assert weight(result, np.array([False, True, False, False])) == 10
    for wrong in ([True], [0, 1, 2, 3], [True, False, True, None]):
        with pytest.raises(InputError, match="4 booleans"):
            result.total(wrong)


def test_every_interval_says_its_level(result):
    assert (result.intervals(level=0.9)["level"] == 0.9).all()
    assert result.total(level=0.5)["level"] == 0.5
    assert np.isnan(result.total("company_id == 'd'", level=0.5)["median"])
    assert result.total("company_id == 'd'", level=0.5)["level"] == 0.5


@pytest.mark.parametrize("level", [0, 1, -1, 2, float("nan"), None, "0.8", True])
def test_levels_that_are_none(result, level):
    for summarise in (result.intervals, lambda level: result.total(level=level)):
        with pytest.raises(InputError, match="level must be a number between 0 and 1"):
            summarise(level=level)


def test_the_extremes_of_the_draws_are_no_interval(result):
    assert result.intervals(level=0.95)["high"].iloc[0] == 38
    with pytest.raises(InputError, match=r"40 draws cannot tell.*at least 200 draws"):
        result.intervals(level=0.99)
    with pytest.raises(InputError, match="at least 2000000 draws"):
        result.total(level=0.999999)


def test_it_prints_what_it_is_and_no_array(result):
    assert repr(result) == (
        "Experts at 4 companies, 3 with evidence: 2,109 in total (80 % interval 333 to 3,885;"
        " 40 joint draws)"
    )

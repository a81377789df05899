"""Totals of groups of companies."""

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model.portfolio import company_groups, portfolio_totals
from ml_headcount_assets.model.result import HeadcountResult

COMPANIES = pd.DataFrame(
    {
        "cohort": ["a;b", "b", None, "a"],
        "size_band": ["1-50", "1-50", "51-200", "51-200"],
        "country": ["Peru", None, "Peru", "Chad"],
        "subregion": ["South America", None, "South America", "Middle Africa"],
        "confidence": ["probable", "probable", "possible", "no evidence"],
    }
)
DRAWS = np.array([[1, 2, 3, 4], [10, 20, 30, 40], [5, 4, 3, 2], [-1, -1, -1, -1]], np.int32)


def result(rows: slice = slice(None)) -> HeadcountResult:
    draws = DRAWS[rows]
    known = draws[:, 0] >= 0
    return HeadcountResult(
        company_id=np.arange(4).astype(str).astype(object)[rows],
        draws=np.ma.masked_array(draws, draws < 0),
        evidence=np.where(known, "profiles", "none").astype(object),
        flags=np.full(len(draws), "", object),
        n_profiles=np.ones(len(draws), np.int64),
        headcount=np.full(len(draws), 100),
    )


def test_a_company_is_in_each_of_its_groups():
    found = {(by, name): mask.tolist() for by, name, mask in company_groups(COMPANIES)}
    assert found[("all", "all")] == [True] * 4
    assert found[("cohort", "a")] == [True, False, False, True]
    assert found[("cohort", "b")] == [True, True, False, False]
    assert found[("cohort", "unknown")] == [False, False, True, False]
    assert found[("country", "unknown")] == [False, True, False, False]
    assert len(found) == 1 + 3 + 2 + 3 + 3 + 3


def test_totals_are_sums_within_a_draw():
    totals = portfolio_totals([("five_layer", result(), COMPANIES)], 0.5)
    totals = totals.set_index(["estimator", "grouping", "group_name"])
    small = totals.loc[("five_layer", "size_band", "1-50")]
    assert small["mean"] == pytest.approx(np.mean([11, 22, 33, 44]))
    assert (small["low"], small["median"], small["high"]) == (11, 22, 33)
    assert totals.loc[("five_layer", "all", "all"), "median"] == 26  # of 16, 26, 36, 46
    everybody = totals.loc[("five_layer", "all", "all")]
    assert (everybody["companies"], everybody["companies_without_evidence"]) == (3, 1)
    nobody = totals.loc[("five_layer", "country", "Chad")]
    assert np.isnan(nobody["median"])
    assert (nobody["companies"], nobody["companies_without_evidence"]) == (0, 1)


def test_companies_may_come_in_parts():
    whole = portfolio_totals([("x", result(), COMPANIES), ("y", result(), COMPANIES)], 0.5)
    halves = [slice(0, 2), slice(2, 4)]
    parts = [(name, result(half), COMPANIES[half]) for name in "xy" for half in halves]
    by = ["estimator", "grouping", "group_name"]
    pd.testing.assert_frame_equal(
        portfolio_totals(parts, 0.5).sort_values(by, ignore_index=True),
        whole.sort_values(by, ignore_index=True),
    )

"""Headcounts that are bands: drawn within them, alike for all estimators, wider intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import ESTIMATORS, estimate_headcount
from ml_headcount_assets.model.evidence import CompanyEvidence
from ml_headcount_assets.model.headcount_band import draw_headcounts_in_band
from ml_headcount_assets.model.settings import EstimatorSettings
from ml_headcount_tests.little_effort import LITTLE

SETTINGS = EstimatorSettings.default()
#: What is compared are two fits of the same evidence, or bounds that hold for any fit.
QUICK = EstimatorSettings(effort=LITTLE)


def company(band: tuple[int, int] | None, headcount: int = 101) -> CompanyEvidence:
    return CompanyEvidence(
        "acme",
        headcount,
        "100_to_999",
        None,
        (1.0, 99.0),
        np.zeros((1, 2), np.int8),
        np.array([5]),
        {},
        "profiles",
        (),
        headcount_band=band,
    )


def test_a_band_is_filled_evenly_on_the_scale_of_logarithms() -> None:
    drawn = draw_headcounts_in_band(company((51, 200)), SETTINGS, seed=1, blocks=400)
    assert drawn.shape == (20_000,)
    assert (drawn.min(), drawn.max()) == (51, 200)
    expected = np.log([50.5, 200.5])
    quantiles = np.quantile(np.log(drawn), [0.1, 0.5, 0.9])
    wanted = expected[0] + np.array([0.1, 0.5, 0.9]) * np.diff(expected)
    np.testing.assert_allclose(quantiles, wanted, atol=0.02)


def test_the_two_ends_of_a_narrow_band_are_both_drawn() -> None:
    drawn = draw_headcounts_in_band(company((10, 11)), SETTINGS, seed=1, blocks=40)
    assert 0.4 < (drawn == 11).mean() < 0.55


def test_blocks_are_the_same_however_they_are_cut() -> None:
    whole = draw_headcounts_in_band(company((51, 200)), SETTINGS, seed=1, blocks=4)
    part = draw_headcounts_in_band(company((51, 200)), SETTINGS, seed=1, blocks=2, first_block=2)
    np.testing.assert_array_equal(whole[100:], part)
    other = draw_headcounts_in_band(company((51, 200)), SETTINGS, seed=2, blocks=4)
    assert (whole != other).any()


def test_a_number_is_repeated_and_so_is_the_middle_if_the_layer_is_off() -> None:
    assert set(draw_headcounts_in_band(company(None), SETTINGS, 1, 2)) == {101}
    settings = SETTINGS.with_layers(["truth"])
    assert set(draw_headcounts_in_band(company((51, 200)), settings, 1, 2)) == {101}


@pytest.fixture(scope="module")
def tables(few) -> dict[str, pd.DataFrame]:
    companies = few.companies.assign(headcount_low=pd.NA, headcount_high=pd.NA)
    return {
        "validation": few.validation,
        "profiles": few.profiles,
        "companies": companies.astype({"headcount_low": "Int64", "headcount_high": "Int64"}),
    }


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_band_widens_the_interval_of_its_company_alone(tables, estimator) -> None:
    exact = estimate_headcount(**tables, estimator=estimator, settings=QUICK, draws=400, seed=5)
    rows = tables["companies"].reset_index(drop=True)
    largest = next(i for i in np.argsort(-exact.headcount) if exact.evidence[i] == "profiles")
    headcount = int(exact.headcount[largest])
    rows.loc[largest, ["headcount_low", "headcount_high"]] = [headcount // 8, headcount * 8]
    banded = estimate_headcount(
        **(tables | {"companies": rows}), estimator=estimator, settings=QUICK, draws=400, seed=5
    )
    others = np.arange(len(rows)) != largest
    with_profiles = others & (exact.evidence == "profiles")
    np.testing.assert_array_equal(
        banded.draws.filled()[with_profiles], exact.draws.filled()[with_profiles]
    )
    assert "headcount_band" in banded.flags[largest]
    assert not any("headcount_band" in flag for flag in banded.flags[others])
    spread = [np.std(np.log1p(r.draws.filled()[largest])) for r in (exact, banded)]
    assert spread[1] > 1.1 * spread[0]
    assert banded.headcount[largest] == headcount


def test_profiles_bound_a_band_from_below(tables) -> None:
    rows = tables["companies"].reset_index(drop=True)
    seen = tables["profiles"]["company_id"].value_counts()
    one = rows.index[rows["company_id"].isin(seen.index[seen > 20])][0]
    n_profiles = int(seen[rows.loc[one, "company_id"]])
    bands = {"within": (2, n_profiles * 4), "above": (2, n_profiles - 1)}
    for name, (low, high) in bands.items():
        rows.loc[one, ["headcount", "headcount_low", "headcount_high"]] = [high, low, high]
        result = estimate_headcount(
            **(tables | {"companies": rows}), settings=QUICK, draws=100, seed=5
        )
        assert result.draws.filled()[one].min() >= 0
        assert ("more_profiles_than_headcount" in result.flags[one]) == (name == "above")


def test_where_the_headcount_is_unknown_no_employees_are_shown(tables) -> None:
    rows = tables["companies"].reset_index(drop=True)
    rows["headcount"] = rows["headcount"].astype("Int64")
    rows.loc[rows.index[0], "headcount"] = pd.NA
    result = estimate_headcount(**(tables | {"companies": rows}), settings=QUICK, draws=100, seed=5)
    assert result.headcount[0] == 0
    assert pd.isna(result.intervals()["headcount"][0])
    assert "headcount_missing" in result.flags[0]

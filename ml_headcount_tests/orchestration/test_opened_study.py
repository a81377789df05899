"""A warehouse opened from a notebook."""

import shutil

import numpy as np
import pandas as pd
import pytest

import ml_headcount_assets as mh
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.beside import results_path
from ml_headcount_assets.warehouse.store import TableStore


@pytest.fixture(scope="module")
def study(pristine):
    return mh.open_study(pristine[1])


def test_totals_are_those_of_the_stored_draws(study):
    stored = study.query(
        "SELECT low, median, high, level, companies FROM portfolio_intervals"
        " WHERE estimator = 'five_layer' AND grouping = 'all'"
    ).to_dict("records")[0]
    total = study.total()
    assert {name: total[name] for name in stored} == stored
    wide = study.total(level=0.95)
    assert wide["low"] <= total["low"] <= total["high"] <= wide["high"]
    assert study.total(estimator="log_debias") != total


def test_companies_are_chosen_by_what_the_warehouse_knows_of_them(study):
    bands = study.table("companies")["size_band"]
    for band in bands.unique():
        total = study.total(f"size_band == '{band}'")
        chosen = total["companies"] + total["companies_without_evidence"]
        assert chosen == (bands == band).sum()
    draws = study.draws()
    largest = pd.Series(draws.headcount == draws.headcount.max(), index=draws.company_id)
    assert study.total(largest.sample(frac=1, random_state=0))["companies"] == 1


def test_frames_are_at_hand(study):
    assert study.tables[0] == "companies"
    assert study.estimators == ["five_layer", "log_debias"]
    assert study.level == 0.8
    intervals = study.intervals("log_debias")
    assert set(intervals["estimator"]) == {"log_debias"}
    assert {"company_id", "name", "cohort", "low", "high", "level", "share"} <= {*intervals}
    assert study.draws().draws.shape == (12, 60)
    meanings = study.columns("headcount_intervals").set_index("column")["meaning"]
    assert meanings["level"] == "Probability content of the interval"
    assert {"companies", "totals", "rates"} <= set(study.figures())


def test_it_shows_itself(study, pristine):
    total = study.total()
    assert f"{total['median']:,.0f} experts (80 % interval" in repr(study)
    page = study._repr_html_()
    largest = study.intervals().sort_values("median", ascending=False)["company_id"].iloc[0]
    assert largest in page
    assert "<table" in page
    assert np.array2string(study.draws().draws[0]) not in repr(study.draws())


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda study: study.table("company"), "no table 'company'; there are companies"),
        (lambda study: study.intervals("six_layer"), "'six_layer'; there are hierarchical"),
        (lambda study: study.total("size == 3"), "There are the columns company_id"),
    ],
)
def test_what_is_not_there_is_told(study, ask, message):
    with pytest.raises(InputError, match=message):
        ask(study)


def test_nothing_can_be_changed(study, pristine):
    before = results_path(pristine[1]).read_bytes()
    with pytest.raises(Exception, match="read-only"):
        study.query("DELETE FROM companies RETURNING company")
    assert results_path(pristine[1]).read_bytes() == before


def test_the_file_of_results_stands_by_itself(study, pristine, tmp_path):
    shutil.copy(results_path(pristine[1]), tmp_path / "some.duckdb")
    assert mh.open_study(tmp_path / "some.duckdb").total() == study.total()
    for other in (tmp_path, pristine[0], tmp_path / "absent"):
        with pytest.raises(InputError, match="no finished run"):
            mh.open_study(other)


def test_a_warehouse_whose_first_run_has_not_ended_says_so(tmp_path):
    with TableStore(tmp_path / "w").transaction():
        pass
    with pytest.raises(InputError, match="no finished run"):
        mh.open_study(tmp_path / "w")

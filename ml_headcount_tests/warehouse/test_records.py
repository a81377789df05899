"""What the model returns goes into the tables and comes back the same."""

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import Annotator, estimate_headcount
from ml_headcount_assets.warehouse.records import (
    annotator_rows,
    annotators_of,
    company_table,
    draw_rows,
    rated_table,
    result_of,
    with_estimator,
)
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.worlds.simulation import simulate_study


@pytest.fixture
def store(tmp_path):
    return TableStore(tmp_path / "warehouse")


def test_results(store):
    world = simulate_study("matched", 12, 400, seed=2)
    names = ["llm_sonnet_4", "filter_broad_yes"]
    result = estimate_headcount(
        world.validation[["is_expert", *names]],
        world.profiles[["company_id", *names]],
        world.companies,
        "five_layer",
        draws=50,
    )
    slugs = {company: f"slug-{company}" for company in result.company_id}
    store.write("headcount_draws", draw_rows({"five_layer": result}, slugs))
    back = result_of(store.read("headcount_draws"))
    order = np.argsort(result.company_id)
    pd.testing.assert_frame_equal(
        back.intervals(), result.intervals().iloc[order].reset_index(drop=True), check_dtype=False
    )
    assert back.total() == result.total()
    assert (back.draws.mask == result.draws.mask[order]).all()


def test_annotators(store):
    annotators = (
        Annotator("filter_a", "filter"),
        Annotator("filter_ab", "filter", ("filter_a", "filter_b")),
        Annotator("filter_b", "filter"),
        Annotator("llm", "llm"),
    )
    store.write("annotators", annotator_rows(annotators))
    assert annotators_of(store.read("annotators")) == annotators


def test_rated_cvs_come_wide_again():
    rated = pd.DataFrame({"rated_id": ["2", "1", "3"], "is_expert": [1, 0, 0]})
    labels = pd.DataFrame(
        {
            "rated_id": ["1", "2", "1", "2"],
            "annotator": ["b", "b", "a", "a"],
            "label": pd.array([1, 0, None, 1], "Int8"),
        }
    )
    wide = rated_table(rated, labels)
    assert wide.columns.tolist() == ["is_expert", "a", "b"]
    assert wide["is_expert"].tolist() == [0, 1, 0]
    assert wide["b"].tolist()[:2] == [1, 0]
    assert wide["a"].isna().tolist() == [True, False, True]


def test_companies_get_their_counts():
    companies = pd.DataFrame(
        {"company": ["a", "b"], "company_id": ["A", "B"], "headcount": [5, 6], "cohort": None}
    ).assign(headcount_low=None, headcount_high=None)
    counts = pd.DataFrame(
        {
            "company": ["b", "a"],
            "annotator": ["filter_x", "llm"],
            "hits": pd.array([4, None], "Int64"),
            "accepted": pd.array([None, 0], "Int64"),
            "labelled": pd.array([None, 5], "Int64"),
        }
    )
    table = company_table(companies, counts)
    assert set(table.columns) - set(companies.columns) == {
        *("filter_x_hits", "llm_accepted", "llm_labelled")
    }
    assert table["llm_labelled"].fillna(-1).tolist() == [5, -1]
    assert table["filter_x_hits"].isna().tolist() == [True, False]
    assert table["filter_x_hits"].iloc[1] == 4
    assert set(company_table(companies, counts.iloc[:0])) == set(companies)


def test_an_empty_frame_does_not_spoil_the_types_of_others():
    frames = [
        ("log_debias", pd.DataFrame(columns=["n"])),
        ("five_layer", pd.DataFrame({"n": [1]})),
    ]
    together = with_estimator(frames)
    assert together["n"].dtype == "int64"
    assert together["estimator"].tolist() == ["five_layer"]
    assert with_estimator(frames[:1]).columns.tolist() == ["n", "estimator"]

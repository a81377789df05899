"""What cannot be meant is refused, by table, row and column; what is odd is said."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import Annotator, EstimatorSettings, estimate_headcount

NAMES = ("filter_a", "filter_b", "llm_0", "llm_1")


def labelled(rows: int, experts: float, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = (rng.random(rows) < experts).astype(int)
    labels = {name: np.where(rng.random(rows) < 0.85, truth, 1 - truth) for name in NAMES}
    frame = pd.DataFrame({"is_expert": truth, **labels})
    return frame.assign(filter_ab=frame["filter_a"] * frame["filter_b"])


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    profiles = labelled(200, 0.1, 2).drop(columns="is_expert")
    return {
        "validation": labelled(300, 0.3, 1),
        "profiles": profiles.assign(company_id=["a", "b"] * 100),
        "companies": pd.DataFrame(
            {
                "company_id": ["a", "b"],
                "headcount": [400, 500],
                "filter_a_hits": [40, 50],
                "filter_b_hits": [60, None],
                "filter_ab_hits": [30, 20],
            },
            index=["first", "second"],
        ),
    }


def estimate(tables, draws=50, seed=0, estimator="five_layer", **options):
    return estimate_headcount(**tables, estimator=estimator, draws=draws, seed=seed, **options)


def changed(tables, table, **columns):
    return tables | {table: tables[table].assign(**columns)}


@pytest.mark.parametrize(
    ("table", "columns", "message"),
    [
        ("profiles", {"n_profiles": -1}, r"profiles, row 0 of company 'a' \(and 199 more\)"),
        ("profiles", {"n_profiles": np.nan}, "whole number from 0 on in 'n_profiles'"),
        ("profiles", {"n_profiles": 1.5}, "whole number from 0 on in 'n_profiles'"),
        (
            "profiles",
            {"n_profiles": 10**12},
            "'a' has 100,000,000,000,000 profiles.*correct their 'n_profiles'",
        ),
        ("companies", {"headcount": [10**12, 5]}, "1,000,000,000,000 employees.*its headcount"),
        ("profiles", {"n_profiles": "two"}, "something else than a number in 'n_profiles'"),
        ("profiles", {"company_id": [None] + ["a"] * 199}, "profiles, row 0 has no company_id"),
        ("companies", {"headcount": [400.5, 500]}, "row 'first' of company 'a'.*whole number of"),
        ("companies", {"headcount": [400, np.inf]}, "row 'second' of company 'b'.*headcount"),
        ("companies", {"headcount": ["400", "many"]}, "something else than a number"),
        ("companies", {"headcount": ["400", "5.000"]}, "row 'second'.*read in two ways"),
        ("profiles", {"n_profiles": "1,200"}, "'n_profiles' that can be read in two ways"),
        ("companies", {"headcount": [400, True]}, "row 'second'.*something else than a number"),
        ("companies", {"filter_a_hits": True}, "something else than a number in 'filter_a_hits'"),
        ("companies", {"filter_a_hits": [-5, 50]}, "row 'first'.*'filter_a_hits'"),
        ("companies", {"filter_a_hits": [5.5, 50]}, "row 'first'.*'filter_a_hits'"),
        ("companies", {"filter_ab_hits": [41, 20]}, "more filter_ab_hits than filter_a_hits"),
        ("companies", {"company_id": [None, "b"]}, "row 'first' has no company_id"),
    ],
)
def test_rows_that_cannot_be_are_named(tables, table, columns, message):
    with pytest.raises(InputError, match=message):
        estimate(changed(tables, table, **columns))


@pytest.mark.parametrize("table", ["validation", "profiles", "companies"])
@pytest.mark.parametrize("value", [None, [{"is_expert": 1}], {"columns": ["a"]}])
def test_only_data_frames_are_taken(tables, table, value):
    with pytest.raises(InputError, match=f"{table} must be a pandas DataFrame, not "):
        estimate(tables | {table: value})


@pytest.mark.parametrize("draws", [0, -5, 1, 1.5, "100", None, True])
def test_numbers_of_draws_that_are_none(tables, draws):
    with pytest.raises(InputError, match="draws must be a whole number from 2 on"):
        estimate(tables, draws=draws)


@pytest.mark.parametrize("seed", [None, "x", 1.5, False, -1])
def test_seeds_that_are_none(tables, seed):
    with pytest.raises(InputError, match="seed must be a whole number from 0 on"):
        estimate(tables, seed=seed)


def test_whole_numbers_in_other_clothes_are_taken(tables):
    plain = estimate(tables, draws=np.int64(50), seed=np.uint8(0))
    dressed = estimate(changed(tables, "companies", headcount=["400", "500.0"]))
    np.testing.assert_array_equal(plain.draws, dressed.draws)


def test_an_annotator_that_changed_its_mind_is_said(tables):
    silent = changed(tables, "validation", llm_0=0)
    with pytest.warns(UserWarning, match="'llm_0' says 0 to every rated CV, but both 0 and 1"):
        estimate(silent)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        estimate(changed(silent, "profiles", llm_0=0))
        estimate(tables)


def test_many_annotators_take_their_time_and_that_is_said(tables):
    copies = {f"llm_{number}": tables["validation"]["llm_0"] for number in range(2, 8)}
    copied = {f"llm_{number}": tables["profiles"]["llm_0"] for number in range(2, 8)}
    many = changed(changed(tables, "validation", **copies), "profiles", **copied)
    with pytest.warns(UserWarning, match=r"10 annotators have 1,024 label patterns.*s\."):
        estimate(many, estimator="independent")


def test_kinds_of_annotators_live_in_the_settings(tables):
    kinds = tuple(Annotator(name, "llm") for name in NAMES)
    described = estimate(tables, settings=EstimatorSettings(annotators=kinds))
    assert described.diagnostics["annotators"] == list(NAMES)
    assert described.diagnostics["derived_left_out"] == []
    inferred = estimate(tables)
    assert inferred.diagnostics["derived_left_out"] == ["filter_ab"]


def test_layers_are_names():
    with pytest.raises(InputError, match="list of names, not 'truth'"):
        EstimatorSettings.default().with_layers("truth")

"""What is read from a warehouse for people and programs to look at."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.export import KEYWORD_RESULTS, StudyResults, read_results
from ml_headcount_assets.warehouse.store import TableStore

from .conftest import ESTIMATORS, LEVEL, Read, tables


def test_companies_are_called_by_their_names_or_ids(results: StudyResults) -> None:
    labels = results.headline.set_index("company")["label"]
    assert labels["acme"] == "=Acme <b>& Sons</b>"
    assert labels["core"] == "core"


def test_the_first_estimator_of_the_study_is_the_headline(results: StudyResults) -> None:
    assert list(results.intervals["estimator"].unique()) == list(ESTIMATORS)
    assert list(results.totals()["estimator"]) == list(ESTIMATORS)
    assert set(results.headline["estimator"]) == {"independent"}


def test_the_largest_come_first_and_no_evidence_last(results: StudyResults) -> None:
    assert list(results.headline["company"]) == ["acme", "core", "bits", "dusk"]


def test_estimators_that_the_study_does_not_name_come_last(read: Read) -> None:
    intervals = tables()["headcount_intervals"]
    other = intervals[intervals["estimator"] == "five_layer"].assign(estimator="log_debias")
    results = read(headcount_intervals=pd.concat([other, intervals]))
    assert results.estimators == [*ESTIMATORS, "log_debias"]
    assert list(results.totals()["estimator"]) == list(ESTIMATORS)


def test_the_level_is_that_of_the_stored_intervals(read: Read) -> None:
    assert read().level == LEVEL
    mixed = tables()["headcount_intervals"]
    mixed.loc[0, "level"] = 0.8
    with pytest.raises(ComputeError):
        _ = read(headcount_intervals=mixed).level


def test_counts_are_of_the_headline_only(results: StudyResults) -> None:
    assert results.flag_counts() == {"few_profiles": 1, "headcount_missing": 2}
    assert list(results.confidence_counts().items()) == [
        ("probable", 2),
        ("possible", 1),
        ("no evidence", 1),
    ]


def test_rejects_are_counted_the_most_frequent_first(results: StudyResults) -> None:
    counts = results.reject_counts()
    assert counts[["source_file", "rows", "lines"]].to_numpy().tolist() == [
        ["labels.csv", 2, "lines 3, 9"],
        ["more.csv", 1, "line 2"],
    ]


def test_keywords_are_shown_once_all_of_their_tables_are_there(read: Read) -> None:
    keywords = {name: pd.DataFrame({"phrase": ["deep learning"]}) for name in KEYWORD_RESULTS}
    assert set(read(**keywords).keywords) == set(KEYWORD_RESULTS)
    keywords.pop(KEYWORD_RESULTS[-1])
    assert read(**keywords).keywords == {}


def test_a_warehouse_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere"):
        read_results(TableStore(tmp_path / "nowhere"))


def test_a_warehouse_without_results_is_an_error(tmp_path: Path) -> None:
    store = TableStore(tmp_path / "begun")
    with store.transaction():
        pass
    with pytest.raises(InputError, match=r"no table .* yet"):
        read_results(store)

"""What a small study found, put together by hand so that every number is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.export import RESULT_TABLES, StudyResults, read_results
from ml_headcount_assets.study import Study, load_study

ESTIMATORS = ("independent", "five_layer")  # in the study's order, which is not that of the tables
LEVEL = 0.95
Read = Callable[..., StudyResults]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    directory = tmp_path / "study"
    directory.mkdir()
    for name in ("companies", "validation", "profile_labels"):
        (directory / f"{name}.csv").touch()
    (directory / "study.yaml").write_text(
        "name: four companies\nestimators: [independent, five_layer]\nlevel: 0.95\n"
    )
    return load_study(directory)


def tables() -> dict[str, pd.DataFrame]:
    """Return the tables that results are read from, as a warehouse has them."""
    companies = pd.DataFrame(
        {
            "company": ["acme", "bits", "core", "dusk"],
            "company_id": ["ACME", "bits", "core", "dusk"],
            "name": ["=Acme <b>& Sons</b>", "Bits\x0bInc", None, "Dusk"],
            "headcount": pd.array([900, 50, None, None], dtype="Int64"),
            "headcount_low": pd.array([None, 11, None, None], dtype="Int64"),
            "headcount_high": pd.array([None, 90, None, None], dtype="Int64"),
            "size_band": ["100_to_999", "under_100", "unknown", "unknown"],
            "cohort": ["lab", None, None, None],
            "headquarters": ["Tokyo, Japan", "Lima, Peru", None, None],
            "country": ["Japan", "Peru", None, None],
        }
    )
    rows = [
        ("acme", "profiles", 100, 900, 61.5, 40.0, 60.0, 90.0, "probable", ""),
        ("bits", "aggregates", 0, 50, 1.25, 0.0, 1.0, 4.0, "possible", "few_profiles"),
        ("core", "profiles", 20, None, 5.0, 2.0, 5.0, 9.0, "probable", "headcount_missing"),
        ("dusk", "none", 0, None, *[np.nan] * 4, "no evidence", "headcount_missing"),
    ]
    names = ["company", "evidence", "n_profiles", "headcount", "mean", "low", "median", "high"]
    first = pd.DataFrame(rows, columns=[*names, "confidence", "flags"])
    first = first.astype({"headcount": "Int64"}).assign(
        company_id=companies["company_id"],
        sd=first["mean"] / 3,
        share=first["median"] / first["headcount"].astype("float"),
        level=LEVEL,
        estimator="five_layer",
    )
    other = first.assign(estimator="independent", median=first["median"] * 2)
    total = {
        "companies": 3,
        "companies_without_evidence": 1,
        "mean": 67.75,
        "sd": 20.0,
        "level": LEVEL,
    }
    portfolio = pd.DataFrame(
        [
            {"estimator": name, "grouping": grouping, "group_name": group, **total}
            for name in sorted(ESTIMATORS)
            for grouping, group in (("all", "all"), ("country", "Japan"))
        ]
    ).assign(low=1_042.4, median=1_266.6, high=1_503.0)
    rates = {f"{of}_{end}": 0.5 for of in ("sensitivity", "specificity") for end in _ENDS}
    return {
        "companies": companies,
        "headcount_intervals": pd.concat([first, other], ignore_index=True),
        "portfolio_intervals": portfolio,
        "annotators": pd.DataFrame(
            {"annotator": ["filter_a", "llm_b"], "kind": ["filter", "llm"], "derived": [[], []]}
        ),
        "annotator_summary": _of_each(annotator="llm_b", **rates),
        "annotator_correlations": _of_each(
            is_expert=1, annotator_a="filter_a", annotator_b="llm_b", mean=0.2, low=0.1, high=0.3
        ),
        "predictive_checks": _of_each(
            is_expert=1, pattern="10", observed=7, expected=6.5, low=3.0, high=11.0, within=True
        ),
        "rejects": pd.DataFrame(
            {
                "reader": "profiles",
                "source_file": ["labels.csv", "labels.csv", "more.csv"],
                "line": [3, 9, 2],
                "field": ["label", "label", None],
                "reason": ["2 is no label", "2 is no label", "the <row> is empty"],
                "value_digest": ["a1", "b2", None],
            }
        ),
    }


_ENDS = ("mean", "low", "high")


def _of_each(**values: object) -> pd.DataFrame:
    return pd.DataFrame(
        [{"estimator": name, "level": LEVEL, **values} for name in sorted(ESTIMATORS)]
    )


@dataclass(frozen=True)
class Stored:
    """A warehouse as results are read from it: a snapshot of tables."""

    tables: Mapping[str, pd.DataFrame]

    @contextmanager
    def snapshot(self) -> Any:
        yield SimpleNamespace(read=self.tables.__getitem__, has=self.tables.__contains__)


@pytest.fixture
def read(study: Study) -> Read:
    """Read results from the tables, of which a test may replace some."""

    def read(**replaced: pd.DataFrame) -> StudyResults:
        assert set(tables()) == set(RESULT_TABLES)
        return read_results(Stored({**tables(), **replaced}), study.estimators)

    return read


@pytest.fixture
def results(read: Read) -> StudyResults:
    return read()

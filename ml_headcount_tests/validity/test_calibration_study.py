"""The calibration study, small enough to run with every test run."""

from __future__ import annotations

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.validity.calibration_study import CalibrationStudy, study_calibration


@pytest.fixture(scope="module")
def study() -> CalibrationStudy:
    steps: list[tuple[int, int]] = []
    study = study_calibration(
        worlds=3,
        companies=40,
        profiles=4_000,
        draws=128,
        estimators=("five_layer", "log_debias"),
        progress=lambda done, total: steps.append((done, total)),
    )
    assert steps == [(done, 3) for done in range(1, 4)]
    return study


def test_five_layer_covers_what_it_promises_and_the_foil_does_not(
    study: CalibrationStudy,
) -> None:
    table = study.summary().set_index("estimator")
    assert 0.68 < table.loc["five_layer", "rank_coverage"] < 0.92
    assert table.loc["log_debias", "rank_coverage"] < 0.5
    assert table.loc["five_layer", "log_score"] < table.loc["log_debias", "log_score"]


def test_summary_agrees_with_the_rows_it_is_made_from(study: CalibrationStudy) -> None:
    rows = study.companies[study.companies["estimator"] == "five_layer"]
    line = study.summary().set_index("estimator").loc["five_layer"]
    within = (rows["low"] <= rows["experts"]) & (rows["experts"] <= rows["high"])
    assert line["companies"] == len(rows)
    assert line["coverage"] == pytest.approx(within.mean())
    by_world = within.groupby(rows["world"]).mean()
    assert line["coverage_error"] == pytest.approx(by_world.std() / np.sqrt(3))
    totals = study.totals[study.totals["estimator"] == "five_layer"]
    assert line["total_coverage"] == pytest.approx(totals["covered"].mean())
    assert totals["experts"].sum() == rows["experts"].sum()


def test_kinds_of_evidence_add_up(study: CalibrationStudy) -> None:
    split = study.summary(by_evidence=True)
    assert set(split["evidence"]) == {"profiles", "aggregates"}
    whole = study.summary().set_index("estimator")["companies"]
    assert split.groupby("estimator")["companies"].sum().to_dict() == whole.to_dict()


def test_histogram_counts_every_rank(study: CalibrationStudy) -> None:
    histogram = study.rank_histogram("five_layer", bins=5)
    assert histogram.sum() == (study.companies["estimator"] == "five_layer").sum()
    # The foil is far off to one side, so the truth lies below nearly all its draws.
    assert study.rank_histogram("log_debias", bins=5).argmax() == 0


@pytest.mark.parametrize("wrong", [{"worlds": 0}, {"estimators": ()}, {"scenario": "paradise"}])
def test_studies_of_nothing_are_refused(wrong: dict) -> None:
    with pytest.raises(InputError, match=r"world|scenario"):
        study_calibration(**{"worlds": 1, "companies": 5, "profiles": 50, "draws": 64, **wrong})

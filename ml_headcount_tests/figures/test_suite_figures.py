"""The suite's scores as figures: their sentences are true of the numbers beside them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.figures.of_suite import audit_figure, suite_figures
from ml_headcount_assets.validity.audit import audit_flaws
from ml_headcount_assets.validity.suite import SuitePlan, run_suite


@pytest.fixture(scope="module")
def summary() -> pd.DataFrame:
    plan = SuitePlan(
        scenarios=("matched", "ml_labs"),
        methods=("oracle", "five_layer", "log_debias"),
        worlds=2,
        companies=20,
        profiles=600,
        draws=60,
    )
    return run_suite(plan).summary()


def test_figures_have_the_numbers_of_the_summary(summary) -> None:
    drawn = {figure.name: figure for figure in suite_figures(summary, "five_layer")}
    assert set(drawn) == {"suite_coverage", "suite_ranks", "suite_scores", "suite_totals"}
    stored = summary.set_index(["scenario", "method"])
    coverage = drawn["suite_coverage"].numbers.set_index("scenario")
    for scenario in ("matched", "ml_labs"):
        own = stored.loc[(scenario, "five_layer")]
        assert coverage.loc[scenario, "coverage_80"] == own["coverage_80"]
    scores = drawn["suite_scores"].numbers.set_index(["scenario", "method"])["to_oracle"]
    assert "oracle" not in scores.index.get_level_values("method")
    pd.testing.assert_series_equal(scores, stored.loc[scores.index, "to_oracle"])
    best = scores.unstack().idxmin(axis=1)
    wins = (best == "five_layer").sum()
    assert f"nearest to the oracle in {wins} of 2 scenarios" in drawn["suite_scores"].title
    shown = drawn["suite_ranks"].figure.data
    assert [trace.name for trace in shown] == ["five_layer", "oracle", "log_debias"]
    np.testing.assert_allclose(shown[0].x, 100 * stored.xs("five_layer", level=1)["ranks"])


def test_a_method_that_has_answered_nothing_has_no_figure(summary) -> None:
    assert suite_figures(summary, "hierarchical") == []


def test_the_audit_names_the_worst_flaw() -> None:
    table = audit_flaws(worlds=1, companies=20, profiles=600, draws=60)
    figure = audit_figure(table)
    alone = table.iloc[1:-1]
    assert alone.loc[alone["ranks"].idxmin(), "description"] in figure.title
    assert figure.numbers["flaw"].tolist() == table["flaw"].tolist()

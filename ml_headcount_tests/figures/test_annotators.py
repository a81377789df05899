"""The figures of annotators, predictive checks and totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.figures import (
    annotator_rates,
    error_correlations,
    group_totals,
    pattern_check,
)
from ml_headcount_assets.figures.count_axis import position


def test_rates_are_drawn_in_per_cent_with_their_intervals() -> None:
    summary = pd.DataFrame(
        {
            "annotator": ["llm_b", "filter_a"],
            **{f"sensitivity_{part}": [value, 0.3] for part, value in _parts(0.7)},
            **{f"specificity_{part}": [value, 0.9] for part, value in _parts(0.8)},
            "level": 0.95,
        }
    )
    sensitivity, specificity = annotator_rates(summary).data
    row = list(sensitivity.y).index("llm_b")
    assert sensitivity.x[row] == pytest.approx(70)
    assert sensitivity.error_x.array[row] == pytest.approx(5)
    assert sensitivity.error_x.arrayminus[row] == pytest.approx(10)
    assert specificity.x[row] == pytest.approx(80)
    assert "95 % interval" in sensitivity.hovertemplate


def _parts(mean: float) -> list[tuple[str, float]]:
    return [("mean", mean), ("low", mean - 0.1), ("high", mean + 0.05)]


def test_each_pair_is_shown_once_per_class() -> None:
    pairs = [("a", "b", 0.1), ("a", "c", -0.2), ("b", "c", 0.3)]
    rows = [
        (expert, first, second, value * (1 + expert), value, value)
        for expert in (0, 1)
        for first, second, value in pairs
    ]
    columns = ["is_expert", "annotator_a", "annotator_b", "mean", "low", "high"]
    others, experts = error_correlations(pd.DataFrame(rows, columns=columns).assign(level=0.8)).data
    assert (others.x, others.y) == (("a", "b"), ("b", "c"))
    np.testing.assert_allclose(others.z, [[0.1, np.nan], [-0.2, 0.3]])
    np.testing.assert_allclose(experts.z, [[0.2, np.nan], [-0.4, 0.6]])
    assert (others.zmin, others.zmax) == (experts.zmin, experts.zmax) == (-1, 1)


def test_patterns_outside_their_prediction_stand_out() -> None:
    rows = [
        (0, "00", 380, 379.0, 370, 388, True),
        (0, "11", 9, 3.0, 1, 5, False),
        (1, "-1", 20, 21.0, 15, 27, True),
    ]
    columns = ["is_expert", "pattern", "observed", "expected", "low", "high", "within"]
    figure = pattern_check(pd.DataFrame(rows, columns=columns).assign(level=0.5), ["a", "b"])
    outside = [t for t in figure.data if t.name == "observed, unlike the prediction"]
    assert [list(trace.x) for trace in outside] == [[position(9)], []]
    shown = [trace.name for trace in figure.data if trace.showlegend]
    assert len(shown) == len(set(shown)) == 3
    assert "67 % of all patterns" in figure.layout.title.subtitle.text
    assert "50 % prediction" in figure.layout.title.subtitle.text
    assert "a, b" in figure.layout.title.subtitle.text
    assert figure.layout.yaxis.ticktext == ("00", "11")


def test_totals_come_by_group_and_leave_out_groups_without_evidence() -> None:
    rows = [
        ("all", "all", 5, 1, 90.0, 100.0, 120.0),
        ("cohort", "consulting", 3, 0, 50.0, 60.0, 70.0),
        ("cohort", "labs", 2, 0, 30.0, 40.0, 60.0),
        ("cohort", "dark", 0, 1, np.nan, np.nan, np.nan),
        ("size_band", "10000_and_more", 2, 0, 80.0, 85.0, 99.0),
        ("size_band", "under_100", 3, 0, 9.0, 15.0, 20.0),
        ("country", "Japan", 5, 1, 90.0, 100.0, 120.0),
        ("confidence", "probable", 5, 0, 90.0, 100.0, 120.0),
    ]
    names = ["grouping", "group_name", "companies", "companies_without_evidence"]
    rows = pd.DataFrame(rows, columns=[*names, "low", "median", "high"]).assign(level=0.8)
    figure = group_totals(rows)
    labels = list(figure.layout.yaxis.ticktext)
    assert labels == [
        "all companies (5)",
        "<b>by cohort</b>",
        "consulting (3)",
        "labs (2)",
        "<b>by size</b>",
        "under 100 employees (3)",
        "10,000 and more (2)",
    ]
    middle = {labels[y]: x for trace in figure.data for x, y in zip(trace.x, trace.y, strict=True)}
    assert middle["labs (2)"] == pytest.approx(position(40))

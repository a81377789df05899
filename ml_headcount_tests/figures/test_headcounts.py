"""The figures of companies."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pytest

from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.figures import estimators_side_by_side, headcount_forest
from ml_headcount_assets.figures.count_axis import position
from ml_headcount_assets.figures.style import company_labels, estimator_mark
from ml_headcount_assets.model import ESTIMATORS


def drawn_ends(figure: go.Figure, row: int) -> list[float]:
    """Positions of lower end, median and upper end of the interval drawn in a row."""
    for trace in figure.data:
        for x, y, low, high in zip(
            trace.x, trace.y, trace.error_x.arrayminus, trace.error_x.array, strict=True
        ):
            if round(y) == row:
                return [x - low, x, x + high]
    raise AssertionError(f"nothing is drawn in row {row}")


@pytest.fixture
def forest(intervals: pd.DataFrame, companies: pd.DataFrame) -> go.Figure:
    return headcount_forest(intervals[intervals["estimator"] == "five_layer"], companies)


def test_intervals_stand_where_the_table_says_largest_first(forest: go.Figure) -> None:
    assert drawn_ends(forest, 0) == pytest.approx(position([40, 60, 90]))
    assert drawn_ends(forest, 1) == pytest.approx(position([2, 5, 9]))
    assert drawn_ends(forest, 2) == pytest.approx(position([0, 1, 4]))


def test_companies_without_evidence_get_words_and_no_point(forest: go.Figure) -> None:
    labels = list(forest.layout.yaxis.ticktext)
    row = labels.index("Dusk")
    assert all(row not in trace.y for trace in forest.data)
    words = {note.y: note.text for note in forest.layout.annotations}
    assert words == {row: "no evidence"}
    assert "1 more has no evidence" in forest.layout.title.subtitle.text


def test_names_are_escaped_and_ids_stand_in_for_them(forest: go.Figure) -> None:
    labels = forest.layout.yaxis.ticktext
    assert labels[0] == "Acme &lt;b&gt;&amp; Sons&lt;/b&gt;"
    assert labels[1] == "core"


def test_kinds_of_evidence_differ_in_colour_and_symbol(forest: go.Figure) -> None:
    marks = [(trace.marker.color, trace.marker.symbol) for trace in forest.data]
    assert len({colour for colour, _ in marks}) == len({symbol for _, symbol in marks}) == 2


def test_limit_leaves_out_the_smallest(intervals: pd.DataFrame, companies: pd.DataFrame) -> None:
    rows = intervals[intervals["estimator"] == "five_layer"]
    figure = headcount_forest(rows, companies, limit=1)
    assert sum(len(trace.y) for trace in figure.data) == 1
    assert "the 1 largest of 3" in figure.layout.title.subtitle.text


def test_truth_is_drawn_and_fits_on_the_axis(
    intervals: pd.DataFrame, companies: pd.DataFrame
) -> None:
    truth = pd.DataFrame({"company_id": ["core", "acme", "bits"], "experts": [3, 5_000, 0]})
    rows = intervals[intervals["estimator"] == "five_layer"]
    figure = headcount_forest(rows, companies, truth=truth)
    crosses = figure.data[-1]
    assert list(crosses.x) == pytest.approx(position([5_000, 3, 0]))
    assert figure.layout.xaxis.range[1] > position(5_000)


def test_nothing_but_companies_without_evidence(
    intervals: pd.DataFrame, companies: pd.DataFrame
) -> None:
    figure = headcount_forest(intervals[intervals["evidence"] == "none"].head(1), companies)
    assert len(figure.data) == 0
    assert list(figure.layout.yaxis.ticktext) == ["Dusk"]


def test_estimators_stand_beside_each_other(
    intervals: pd.DataFrame, companies: pd.DataFrame
) -> None:
    figure = estimators_side_by_side(intervals, companies)
    assert [trace.name for trace in figure.data] == ["five_layer", "log_debias"]
    assert list(figure.layout.yaxis.ticktext)[1:] == ["core", "Bits"]
    first, second = figure.data
    assert (first.y < second.y).all()
    assert list(first.x) == list(second.x)
    assert (second.error_x.array > first.error_x.array).all()


def test_the_level_is_that_of_the_table_and_only_one(intervals, companies) -> None:
    rows = intervals[intervals["estimator"] == "five_layer"]
    figure = headcount_forest(rows.assign(level=0.995), companies)
    assert "99.5 % interval" in figure.layout.title.subtitle.text
    mixed = rows.assign(level=[0.8, 0.99, 0.8, 0.8])
    with pytest.raises(ComputeError, match=r"80 %, 99 %.*whole study"):
        headcount_forest(mixed, companies)


def test_estimators_look_the_same_wherever_they_are_shown(intervals, companies) -> None:
    both = estimators_side_by_side(intervals, companies)
    alone = estimators_side_by_side(intervals[intervals["estimator"] == "log_debias"], companies)
    assert both.data[1].marker.color == alone.data[0].marker.color
    marks = [estimator_mark(name) for name in ESTIMATORS]
    assert (
        len({mark.colour for mark in marks}) == len({mark.symbol for mark in marks}) == len(marks)
    )


def test_a_name_read_from_the_right_turns_nothing_around_it(companies) -> None:
    named = companies.assign(name=["شركة 7", "Bits", "מכון", "研究所"])
    labels = company_labels(named["company"], named)
    assert labels == ["\u2068شركة 7\u2069", "Bits", "\u2068מכון\u2069", "研究所"]

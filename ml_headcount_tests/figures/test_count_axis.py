"""Positions on the axis of counts."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml_headcount_assets.figures.count_axis import add_count_axis, position


@given(st.lists(st.floats(0, 1e7), min_size=2, unique=True))
def test_more_people_stand_further_right(counts: list[float]) -> None:
    ordered = np.sort(counts)
    assert (np.diff(position(ordered)) >= 0).all()


def test_powers_of_ten_are_equally_far_apart_and_zero_has_a_place() -> None:
    assert position([1, 10, 100]) == pytest.approx([0, 1, 2])
    assert -1 < position(0) < position(0.5) < position(1)


def test_ticks_say_what_they_stand_for() -> None:
    figure = go.Figure()
    add_count_axis(figure, 0, 20_000, "people")
    axis = figure.layout.xaxis
    shown = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    assert shown["0"] == position(0)
    assert shown["10,000"] == pytest.approx(4)
    assert axis.range[0] < position(0)
    assert axis.range[1] > position(20_000)


def test_no_lane_for_zero_where_nothing_is_below_one() -> None:
    figure = go.Figure()
    add_count_axis(figure, 30, 400, "people")
    assert "0" not in figure.layout.xaxis.ticktext
    assert not figure.layout.shapes
    assert figure.layout.xaxis.range[0] < position(30)

"""Whether the model predicts the label patterns that the rated CVs show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..wording import percent, share
from .count_axis import add_count_axis, position
from .style import INK, MUTED, lay_out, level_of, shorten

__all__ = ["pattern_check"]

_WITHIN, _OUTSIDE = "#0072B2", "#D55E00"


def pattern_check(checks: pd.DataFrame, annotators: Sequence[str], *, limit: int = 24) -> go.Figure:
    """Draw observed counts of label patterns against held-out predictions.

    Parameters
    ----------
    checks
        Rows of table predictive_checks of one estimator.
    annotators
        Names in the order of a pattern's characters.
    limit
        How many patterns of each class to draw, the most frequent ones first.
    """
    level = level_of(checks)
    there = set(checks["is_expert"])
    classes = [each for each in ((0, "others"), (1, "experts")) if each[0] in there]
    figure = make_subplots(
        rows=1,
        cols=len(classes),
        horizontal_spacing=0.14,
        subplot_titles=[title for _, title in classes],
    )
    largest, longest = 1.0, 0
    for column, (is_expert, _) in enumerate(classes, start=1):
        rows = checks[checks["is_expert"] == is_expert]
        weight = rows[["observed", "expected"]].max(axis=1)
        rows = rows.loc[weight.sort_values(ascending=False, kind="stable").index].head(limit)
        _add_class(figure, rows, column, level)
        largest = max(largest, float(rows[["observed", "high"]].max(axis=None)))
        longest = max(longest, len(rows))
    _show_each_name_once(figure)
    for column in range(1, len(classes) + 1):
        add_count_axis(figure, 0, largest, "rated CVs (number)", row=1, col=column)
    within = checks["within"].mean()
    figure = lay_out(
        figure,
        "Does the model predict the label patterns?",
        f"{share(within)} of all patterns lie within their {percent(level)} prediction."
        f"<br>Labels in the order {shorten(', '.join(annotators), 90)}",
        height=20 * longest + 200,
    )
    figure.update_layout(margin_t=128)
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def _show_each_name_once(figure: go.Figure) -> None:
    """Put what is drawn into the legend; plotly leaves out traces without points."""
    named: set[str] = set()
    for trace in figure.data:
        if len(trace.x) and trace.name not in named:
            trace.showlegend = True
            named.add(trace.name)


def _add_class(figure: go.Figure, rows: pd.DataFrame, column: int, level: float) -> None:
    places = np.arange(len(rows))
    middle, low, high = (position(rows[name]) for name in ("expected", "low", "high"))
    figure.add_scatter(
        x=middle,
        y=places,
        mode="markers",
        row=1,
        col=column,
        showlegend=False,
        name=f"expected, with {percent(level)} prediction",
        hoverinfo="skip",
        marker={"color": MUTED, "symbol": "line-ns-open", "size": 9, "line": {"width": 2}},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "color": "#c3c9d0",
            "thickness": 6,
            "width": 0,
        },
    )
    for within, name, colour, symbol in (
        (True, "observed, as predicted", _WITHIN, "circle"),
        (False, "observed, unlike the prediction", _OUTSIDE, "diamond"),
    ):
        chosen = (rows["within"] == within).to_numpy()
        part = rows[chosen]
        figure.add_scatter(
            x=position(part["observed"]),
            y=places[chosen],
            mode="markers",
            row=1,
            col=column,
            name=name,
            showlegend=False,
            marker={"color": colour, "symbol": symbol, "size": 8},
            customdata=part[["pattern", "observed", "expected", "low", "high"]],
            hovertemplate=(
                "labels %{customdata[0]}<br>observed %{customdata[1]}, expected"
                " %{customdata[2]:.1f} (%{customdata[3]:.0f} to %{customdata[4]:.0f})"
                "<extra></extra>"
            ),
        )
    figure.update_yaxes(
        range=[max(len(rows), 1) - 0.5, -0.5],
        tickvals=places,
        ticktext=rows["pattern"].tolist(),
        tickfont={"family": "'Liberation Mono', Menlo, Consolas, monospace"},
        ticks="",
        showline=False,
        row=1,
        col=column,
    )

"""Totals of groups of companies."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from ..wording import count, percent
from .count_axis import add_count_axis, position
from .style import INK, SIZE_BAND_LABELS, lay_out, level_of, shorten

__all__ = ["group_totals"]

_HEADINGS = {
    "all": "",
    "cohort": "by cohort",
    "size_band": "by size",
    "country": "by country of the headquarters",
}
_COLOURS = {"all": INK, "cohort": "#0072B2", "size_band": "#009E73", "country": "#D55E00"}


def group_totals(portfolio: pd.DataFrame, *, limit: int = 12) -> go.Figure:
    """Draw the total of all companies and of each cohort, size band and country.

    Parameters
    ----------
    portfolio
        Rows of table portfolio_intervals of one estimator.
    limit
        How many groups of each grouping to draw, the largest ones first.
    """
    level = level_of(portfolio)
    figure = go.Figure()
    labels: list[str] = []
    drawn = []
    for grouping, heading in _HEADINGS.items():
        rows = _ordered(portfolio[portfolio["grouping"] == grouping], grouping).head(limit)
        if rows.empty or (grouping != "all" and len(rows) < 2):
            continue
        if heading:
            labels.append(f"<b>{heading}</b>")
        places = list(range(len(labels), len(labels) + len(rows)))
        _add_totals(figure, rows, places, _COLOURS[grouping], level)
        labels += [_label(row.group_name, grouping, row.companies) for row in rows.itertuples()]
        drawn.append(rows)
    ends = pd.concat(drawn)[["low", "high"]] if drawn else pd.DataFrame({"low": [0], "high": [1]})
    add_count_axis(
        figure,
        ends["low"].min(),
        ends["high"].max(),
        "machine-learning experts (people in all, logarithmic scale)",
    )
    figure.update_yaxes(
        range=[len(labels) - 0.5, -0.5],
        tickvals=list(range(len(labels))),
        ticktext=labels,
        ticks="",
        showline=False,
    )
    return lay_out(
        figure,
        "Machine-learning experts in total",
        f"Median and {percent(level)} interval of the sum, which is taken within each draw."
        " In brackets: companies with evidence",
        height=24 * len(labels) + 160,
    )


def _ordered(rows: pd.DataFrame, grouping: str) -> pd.DataFrame:
    """Order size bands by size and everything else by its total; leave out groups without one."""
    known = rows[rows["median"].notna()]
    if grouping == "size_band":
        return known.sort_values(
            "group_name", key=lambda names: names.map(list(SIZE_BAND_LABELS).index)
        )
    return known.sort_values("median", ascending=False)


def _label(name: str, grouping: str, companies: int) -> str:
    if grouping == "all":
        text = "all companies"
    elif grouping == "size_band":
        text = SIZE_BAND_LABELS[name]
    else:
        text = name
    return f"{shorten(text)} ({count(companies)})"


def _add_totals(
    figure: go.Figure, rows: pd.DataFrame, places: list[int], colour: str, level: float
) -> None:
    low, middle, high = (position(rows[name]) for name in ("low", "median", "high"))
    figure.add_scatter(
        x=middle,
        y=places,
        mode="markers",
        showlegend=False,
        marker={"color": colour, "size": 9},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "color": colour,
            "thickness": 2.5,
            "width": 0,
        },
        customdata=rows[["median", "low", "high", "companies", "companies_without_evidence"]],
        hovertemplate=(
            "median %{customdata[0]:,.0f}<br>"
            + percent(level)
            + " interval %{customdata[1]:,.0f} to %{customdata[2]:,.0f}"
            "<br>companies: %{customdata[3]}; without evidence, left out: %{customdata[4]}"
            "<extra></extra>"
        ),
    )

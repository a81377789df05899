"""Marks that many figures are made of: intervals, bars, and axes of names, shares and counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, percent
from .count_axis import add_count_axis, position
from .style import INK

__all__ = [
    "BLUE",
    "GREEN",
    "ORANGE",
    "PINK",
    "SKY",
    "SYMBOLS",
    "YELLOW",
    "add_bars",
    "add_count_intervals",
    "add_share_intervals",
    "name_axis",
    "share_axis",
]

#: Colours of Okabe and Ito (2008), which people with any colour vision can tell apart.
BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
PINK, YELLOW, SKY = "#CC79A7", "#E69F00", "#56B4E9"
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star")


def add_share_intervals(
    figure: go.Figure,
    rows: pd.DataFrame,
    places: Sequence[float] | np.ndarray,
    *,
    middle: str,
    level: float,
    colour: str = BLUE,
    symbol: str = "circle",
    name: str | None = None,
    **where: int,
) -> None:
    """Draw shares with intervals (columns low and high), in per cent, down the vertical axis."""
    centre, low, high = (100 * rows[part].to_numpy(float) for part in (middle, "low", "high"))
    figure.add_scatter(
        x=centre,
        y=list(places),
        mode="markers",
        name=name,
        showlegend=name is not None,
        marker={"color": colour, "symbol": symbol, "size": 8},
        error_x=_ends(centre, low, high, colour),
        customdata=np.column_stack([low, high]),
        hovertemplate="%{x:.3g} %<br>"
        + percent(level)
        + " interval %{customdata[0]:.3g} to %{customdata[1]:.3g} %<extra></extra>",
        **where,
    )


def add_count_intervals(
    figure: go.Figure,
    rows: pd.DataFrame,
    places: Sequence[float] | np.ndarray,
    *,
    level: float,
    title: str = "machine-learning experts (people, logarithmic scale)",
    colour: str = BLUE,
    symbol: str = "circle",
    name: str | None = None,
    axis: bool = True,
) -> None:
    """Draw medians with intervals of people, down the vertical axis, and their axis if wanted."""
    middle, low, high = (position(rows[part]) for part in ("median", "low", "high"))
    figure.add_scatter(
        x=middle,
        y=list(places),
        mode="markers",
        name=name,
        showlegend=name is not None,
        marker={"color": colour, "symbol": symbol, "size": 8},
        error_x=_ends(middle, low, high, colour),
        customdata=rows[["median", "low", "high"]].map(count).to_numpy(),
        hovertemplate="median %{customdata[0]}<br>"
        + percent(level)
        + " interval %{customdata[1]} to %{customdata[2]}<extra></extra>",
    )
    if axis:
        add_count_axis(figure, float(rows["low"].min()), float(rows["high"].max()), title)


def _ends(middle: np.ndarray, low: np.ndarray, high: np.ndarray, colour: str) -> dict[str, object]:
    return {
        "type": "data",
        "symmetric": False,
        "array": high - middle,
        "arrayminus": middle - low,
        "color": colour,
        "thickness": 2,
        "width": 0,
    }


def add_bars(
    figure: go.Figure,
    values: Sequence[float] | np.ndarray,
    places: Sequence[float] | np.ndarray,
    *,
    colour: str = BLUE,
    name: str | None = None,
    texts: Sequence[str] | None = None,
) -> None:
    """Draw horizontal bars, with what is written at their ends."""
    figure.add_bar(
        x=list(values),
        y=list(places),
        orientation="h",
        name=name,
        showlegend=name is not None,
        marker={"color": colour},
        text=texts,
        textposition="outside",
        textfont={"color": INK, "size": 11},
        cliponaxis=False,
        hovertemplate="%{text}<extra></extra>" if texts is not None else "%{x:,}<extra></extra>",
    )


def name_axis(figure: go.Figure, labels: Sequence[str], **where: int) -> None:
    """Make the vertical axis one of names, the first one at the top."""
    figure.update_yaxes(
        range=[max(len(labels), 1) - 0.5, -0.5],
        tickvals=list(range(len(labels))),
        ticktext=list(labels),
        ticks="",
        showline=False,
        **where,
    )


def share_axis(figure: go.Figure, title: str, largest: float | None = None, **where: int) -> None:
    """Make the horizontal axis one of shares in per cent, to `largest` (a share) or by itself."""
    end = None if largest is None else [0, 100 * largest * 1.04]
    figure.update_xaxes(title_text=title, range=end, rangemode="tozero", **where)

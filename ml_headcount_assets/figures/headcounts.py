"""Experts per company with their intervals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import NO_NUMBER, count, how_many, percent
from .count_axis import add_count_axis, position
from .style import (
    EVIDENCE,
    INK,
    MUTED,
    TRUTH,
    Mark,
    company_labels,
    estimator_mark,
    lay_out,
    level_of,
)

__all__ = ["estimators_side_by_side", "headcount_forest"]

_COUNTED = "machine-learning experts (people, logarithmic scale)"
_ROW = 21
_SHOWN_WITHOUT_EVIDENCE = 6


def headcount_forest(
    intervals: pd.DataFrame,
    companies: pd.DataFrame,
    *,
    limit: int = 40,
    truth: pd.DataFrame | None = None,
) -> go.Figure:
    """Draw the companies with the most experts, one line a company.

    Parameters
    ----------
    intervals
        Rows of table headcount_intervals of one estimator.
    companies
        Table companies.
    limit
        How many companies to draw. Those without evidence come after them, apart and without
        any number.
    truth
        Simulated studies only: ``company_id, experts``; drawn as crosses.
    """
    level = level_of(intervals)
    known = intervals[intervals["evidence"] != "none"]
    shown = known.sort_values(["median", "mean"], ascending=False).head(limit)
    unknown = intervals[intervals["evidence"] == "none"]
    figure = go.Figure()
    smallest, largest = _range(shown)
    if truth is not None:
        experts = truth.set_index("company_id")["experts"].reindex(shown["company_id"]).to_numpy()
        smallest = min(smallest, float(np.nanmin(experts)))
        largest = max(largest, float(np.nanmax(experts)))
    rows = np.arange(len(shown))
    for evidence, mark in EVIDENCE.items():
        chosen = (shown["evidence"] == evidence).to_numpy()
        if chosen.any():
            _add_intervals(figure, shown[chosen], rows[chosen], mark, companies, level)
    if truth is not None:
        figure.add_scatter(
            x=position(experts),
            y=rows,
            mode="markers",
            name=TRUTH.label,
            hoverinfo="skip",
            marker={"symbol": TRUTH.symbol, "color": INK, "size": 9, "line": {"width": 2}},
        )
    labels = company_labels(shown["company"], companies)
    labels += _add_unknown(figure, unknown, companies, start=len(shown))
    add_count_axis(figure, smallest, largest, _COUNTED)
    _company_axis(figure, labels)
    return lay_out(
        figure,
        "Machine-learning experts per company",
        _which(len(shown), len(known), len(unknown), level),
        height=_ROW * len(labels) + 175,
    )


def _range(intervals: pd.DataFrame) -> tuple[float, float]:
    """Return the smallest and the largest count that intervals reach."""
    if intervals.empty:
        return 0.0, 1.0
    return float(intervals["low"].min()), float(intervals["high"].max())


def _which(shown: int, known: int, unknown: int, level: float) -> str:
    text = f"Median and {percent(level)} interval; "
    text += (
        f"the {count(shown)} largest of {how_many(known, 'company')} with evidence"
        if shown < known
        else f"{'all ' if known > 1 else ''}{how_many(known, 'company')} with evidence"
    )
    return text + (f"; {how_many(unknown, 'more has', 'more have')} no evidence" if unknown else "")


def estimators_side_by_side(
    intervals: pd.DataFrame, companies: pd.DataFrame, *, limit: int = 20
) -> go.Figure:
    """Draw the same companies by every estimator.

    Parameters
    ----------
    intervals
        Rows of table headcount_intervals; the first estimator in it decides the order.
    companies, limit
        As in `headcount_forest`.
    """
    level = level_of(intervals)
    estimators = list(dict.fromkeys(intervals["estimator"]))
    known = intervals[intervals["evidence"] != "none"]
    first = known[known["estimator"] == estimators[0]]
    order = first.sort_values(["median", "mean"], ascending=False)["company"].head(limit).tolist()
    figure = go.Figure()
    chosen = known[known["company"].isin(order)]
    offsets = np.linspace(-0.27, 0.27, len(estimators)) if len(estimators) > 1 else [0.0]
    for estimator, offset in zip(estimators, offsets, strict=True):
        rows = chosen[chosen["estimator"] == estimator].set_index("company")
        rows = rows.reindex([company for company in order if company in rows.index]).reset_index()
        places = np.array([order.index(company) for company in rows["company"]]) + offset
        _add_intervals(figure, rows, places, estimator_mark(estimator), companies, level)
    add_count_axis(figure, *_range(chosen), _COUNTED)
    _company_axis(figure, company_labels(pd.Series(order), companies))
    return lay_out(
        figure,
        "The estimators side by side",
        f"Median and {percent(level)} interval of the {len(order)} largest companies"
        f" by {estimators[0]}",
        height=36 * len(order) + 170,
    )


def _add_intervals(
    figure: go.Figure,
    rows: pd.DataFrame,
    places: np.ndarray,
    mark: Mark,
    companies: pd.DataFrame,
    level: float,
) -> None:
    """Draw medians and intervals, at `places` down the vertical axis."""
    low, middle, high = (position(rows[name]) for name in ("low", "median", "high"))
    details = np.column_stack(
        [
            company_labels(rows["company"], companies),
            rows[["median", "low", "high"]].map(count),
            [count(number) for number in rows["n_profiles"]],
            [count(number).replace(NO_NUMBER, "unknown") for number in rows["headcount"]],
        ]
    )
    figure.add_scatter(
        x=middle,
        y=places,
        mode="markers",
        name=mark.label,
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 8},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - middle,
            "arrayminus": middle - low,
            "color": mark.colour,
            "thickness": 2,
            "width": 0,
        },
        customdata=details,
        hovertemplate=(
            "<b>%{customdata[0]}</b><br>median %{customdata[1]}"
            f"<br>{percent(level)} interval %{{customdata[2]}} to %{{customdata[3]}}"
            "<br>profiles %{customdata[4]}, employees %{customdata[5]}<extra></extra>"
        ),
    )


def _add_unknown(
    figure: go.Figure, unknown: pd.DataFrame, companies: pd.DataFrame, start: int
) -> list[str]:
    """Write companies without evidence below the others, and return their labels."""
    if unknown.empty:
        return []
    labels = company_labels(unknown["company"].head(_SHOWN_WITHOUT_EVIDENCE), companies)
    if len(unknown) > len(labels):
        labels.append(f"and {len(unknown) - len(labels)} more")
    figure.add_hline(y=start - 0.5, line={"color": MUTED, "width": 1, "dash": "dot"})
    for row in range(len(labels)):
        figure.add_annotation(
            x=0,
            xref="paper",
            xanchor="left",
            xshift=6,
            y=start + row,
            showarrow=False,
            text="no evidence",
            font={"color": MUTED, "size": 11},
        )
    return labels


def _company_axis(figure: go.Figure, labels: list[str]) -> None:
    figure.update_yaxes(
        range=[max(len(labels), 1) - 0.5, -0.5],
        tickvals=list(range(len(labels))),
        ticktext=labels,
        ticks="",
        showline=False,
    )

"""Views of whether the estimates hold: on rated CVs, and where the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..model.annotators import Annotator, likelihood_annotators
from ..model.intervals import half_width
from ..wording import how_many, percent, share
from .catalogue import Drawn, Found, NothingToDrawError, View
from .count_axis import add_count_axis, position
from .marks import BLUE, ORANGE
from .of_companies import joint_draws
from .predictive import pattern_check
from .style import MUTED, lay_out

__all__ = ["VIEWS"]

_LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])


def _checks(found: Found) -> Drawn:
    rows = found.of_headline("predictive_checks", without="no rated CV could be predicted")
    inside = float(rows["within"].mean())
    return Drawn(
        f"{share(inside)} of {len(rows)} patterns of rated CVs lie within their"
        f" {percent(found.level)} prediction",
        "For each class and pattern the number of rated CVs, and its held-out prediction.",
        rows,
        pattern_check(rows, _pattern_names(rows, found.table("annotators"))),
    )


def _pattern_names(checks: pd.DataFrame, annotators: pd.DataFrame) -> list[str]:
    """Return the annotators in the order of a pattern's characters."""
    # Patterns over all annotators are those of a likelihood that keeps derived ones.
    everybody = bool((checks["pattern"].str.len() == len(annotators)).all())
    known = [
        Annotator(row.annotator, row.kind, tuple(row.derived)) for row in annotators.itertuples()
    ]
    kept = likelihood_annotators(known, six_dimensional=everybody)
    return [annotator.name for annotator in kept]


def _deviations(found: Found) -> Drawn:
    rows = found.of_headline("predictive_checks", without="no rated CV could be predicted")
    half = (rows["high"] - rows["low"]) / 2
    rows = rows.assign(deviation=(rows["observed"] - rows["expected"]) / half.where(half > 0))
    rows = rows.dropna(subset=["deviation"])
    if rows.empty:
        raise NothingToDrawError("every prediction is a single number")
    figure = go.Figure()
    for is_expert, name, colour, symbol in (
        (0, "others", ORANGE, "square"),
        (1, "experts", BLUE, "circle"),
    ):
        chosen = rows[rows["is_expert"] == is_expert]
        figure.add_scatter(
            x=chosen["expected"] + 0.1,
            y=chosen["deviation"],
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 8, "opacity": 0.8},
            customdata=chosen["pattern"],
            hovertemplate="%{customdata}: %{y:.2f} half widths<extra></extra>",
        )
    for edge in (-1, 1):
        figure.add_hline(y=edge, line={"color": MUTED, "dash": "dot", "width": 1})
    figure.update_xaxes(
        type="log", title_text="predicted rated CVs, plus 0.1 (logarithmic)", dtick=1
    )
    figure.update_yaxes(title_text="seen less predicted (half widths)")
    lay_out(
        figure,
        "How far patterns lie from their prediction",
        f"Between the dotted lines: within the {percent(found.level)} prediction",
        height=430,
    )
    out = int((~rows["within"]).sum())
    return Drawn(
        f"{out} of {how_many(len(rows), 'pattern')} lie outside of their prediction",
        "Scatter: predicted number across, deviation of the seen number up.",
        rows[["is_expert", "pattern", "observed", "expected", "deviation"]],
        figure,
    )


def _with_truth(found: Found) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """Return companies, their draws, and their true numbers."""
    if found.truth is None:
        raise NothingToDrawError("the truth is known of simulated studies only (--truth)")
    rows, draws = joint_draws(found)
    truth = (
        found.truth.set_index("company_id")["experts"].reindex(rows["company_id"]).to_numpy(float)
    )
    keep = ~np.isnan(truth)
    if not keep.any():
        raise NothingToDrawError("the truth is of other companies")
    return rows[keep].reset_index(drop=True), draws[keep], truth[keep]


def _truth(found: Found) -> Drawn:
    rows, _, truth = _with_truth(found)
    inside = (rows["low"] <= truth) & (truth <= rows["high"])
    figure = go.Figure()
    for chosen, name, colour, symbol in (
        (inside, "interval holds the truth", BLUE, "circle"),
        (~inside, "interval misses it", ORANGE, "square"),
    ):
        some = rows[chosen]
        middle, low, high = (position(some[part]) for part in ("median", "low", "high"))
        figure.add_scatter(
            x=position(truth[chosen]),
            y=middle,
            mode="markers",
            name=name,
            marker={"color": colour, "symbol": symbol, "size": 7},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": high - middle,
                "arrayminus": middle - low,
                "width": 0,
                "thickness": 1,
                "color": colour,
            },
            hoverinfo="skip",
        )
    ends = [float(min(truth.min(), rows["low"].min())), float(max(truth.max(), rows["high"].max()))]
    line = position(np.array(ends))
    figure.add_scatter(
        x=line,
        y=line,
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
        line={"color": MUTED, "dash": "dot"},
    )
    add_count_axis(figure, ends[0], ends[1], "true experts (people, logarithmic scale)")
    axis = figure.layout.xaxis
    lay_out(
        figure,
        "Estimates against the truth",
        f"Medians and {percent(found.level)} intervals",
        height=560,
    )
    figure.update_yaxes(
        title_text="estimated experts",
        range=axis.range,
        tickvals=axis.tickvals,
        ticktext=axis.ticktext,
    )
    return Drawn(
        f"{int(inside.sum())} of {len(rows)} intervals hold the truth:"
        f" {share(float(inside.mean()))}, where {percent(found.level)} are to",
        "Scatter: true experts across, estimates with intervals up.",
        rows[["company_id", "low", "median", "high"]].assign(truth=truth),
        figure,
    )


def _coverage(found: Found) -> Drawn:
    rows, draws, truth = _with_truth(found)
    tails = (1 - _LEVELS) / 2
    low, high = (
        np.quantile(draws, ends, axis=1, method="inverted_cdf") for ends in (tails, 1 - tails)
    )
    covered = ((low <= truth) & (truth <= high)).mean(axis=1)
    error = half_width(found.level) * np.sqrt(_LEVELS * (1 - _LEVELS) / len(rows))
    figure = go.Figure()
    figure.add_scatter(
        x=100 * _LEVELS,
        y=100 * np.maximum(_LEVELS - error, 0),
        mode="lines",
        line={"width": 0},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=100 * _LEVELS,
        y=100 * np.minimum(_LEVELS + error, 1),
        mode="lines",
        line={"width": 0},
        fill="tonexty",
        fillcolor="rgba(102,112,124,0.2)",
        name=f"what chance gives ({percent(found.level)} of the time)",
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=100 * _LEVELS,
        y=100 * covered,
        mode="lines+markers",
        name="intervals that hold the truth",
        line={"color": BLUE},
        hovertemplate="%{x} %: %{y:.1f} %<extra></extra>",
    )
    figure.update_xaxes(title_text="level of the interval (%)")
    figure.update_yaxes(title_text="intervals that hold the truth (%)", range=[0, 102])
    lay_out(
        figure, "Whether intervals of every level hold", how_many(len(rows), "company"), height=430
    )
    at = int(np.argmin(np.abs(_LEVELS - found.level)))
    return Drawn(
        f"Of the {percent(_LEVELS[at])} intervals {share(covered[at])} hold the truth",
        "Line: level of the interval across, share of intervals that hold the truth up.",
        pd.DataFrame({"level": _LEVELS, "covered": covered}),
        figure,
    )


def _ranks(found: Found) -> Drawn:
    rows, draws, truth = _with_truth(found)
    below = (draws < truth[:, None]).mean(axis=1)
    same = (draws == truth[:, None]).mean(axis=1)
    ranks = below + same / 2  # half of what is alike: counts are whole numbers
    figure = go.Figure()
    counts, _ = np.histogram(ranks, bins=10, range=(0, 1))
    figure.add_bar(
        x=np.arange(5, 100, 10),
        y=counts,
        marker={"color": BLUE},
        width=9.5,
        showlegend=False,
        hovertemplate="companies: %{y}<extra></extra>",
    )
    expected = len(rows) / 10
    figure.add_hline(y=expected, line={"color": MUTED, "dash": "dot"})
    figure.update_xaxes(
        title_text="share of the draws below the truth (%)", range=[0, 100], dtick=20
    )
    figure.update_yaxes(title_text="companies")
    lay_out(
        figure,
        "Where the truth lies within the draws",
        f"Dotted: {expected:.0f} in each tenth, if draws are what they say",
        height=380,
    )
    high = float((ranks > 0.9).mean() + (ranks < 0.1).mean())
    return Drawn(
        f"The truth lies in the outer fifth of the draws in {share(high)} of"
        f" {how_many(len(rows), 'company')}",
        "Histogram of the rank of the truth among the draws, over companies.",
        pd.DataFrame({"company_id": rows["company_id"], "rank": ranks}),
        figure,
    )


VIEWS = (
    View("checks", "validity", _checks),
    View("deviations", "validity", _deviations),
    View("truth", "validity", _truth),
    View("covered", "validity", _coverage),
    View("truth_ranks", "validity", _ranks),
)

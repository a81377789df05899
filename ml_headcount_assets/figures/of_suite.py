"""Views of the validity suite: whether intervals are right in worlds whose truth is known.

They are of methods and scenarios and not of a study, so no report has them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..model.estimators import ESTIMATORS
from ..wording import decimal, share
from .catalogue import Drawn, StudyFigure
from .marks import BLUE, GREEN, ORANGE, SKY, SYMBOLS, name_axis
from .style import INK, MUTED, estimator_mark, lay_out

__all__ = ["audit_figure", "suite_figures"]

_LEVELS = (50, 80, 95)
#: Where ranks of a calibrated method lie, and how far from it is worth a word.
_RANKS, _BAND = 0.8, (0.75, 0.87)


def suite_figures(summary: pd.DataFrame, shown: str) -> list[StudyFigure]:
    """Draw how methods did on the scenarios of the suite.

    Parameters
    ----------
    summary
        Of `SuiteScores.summary`, over all companies.
    shown
        The method that is told in full.
    """
    own = summary[summary["method"] == shown].reset_index(drop=True)
    if own.empty:
        return []
    answered = summary[summary["scenario"].isin(own["scenario"])]
    drawn = {
        "suite_coverage": _coverage(own, shown),
        "suite_ranks": _ranks(answered, shown),
        "suite_scores": _scores(answered, shown),
        "suite_totals": _totals(answered, shown),
    }
    return [StudyFigure.of(name, "validity", seen) for name, seen in drawn.items()]


def audit_figure(table: pd.DataFrame) -> StudyFigure:
    """Draw what each flaw of the script of old does to coverage.

    Parameters
    ----------
    table
        Of `validity.audit.audit_flaws`.
    """
    rows = table.reset_index(drop=True)
    figure = go.Figure()
    for part, name, colour, symbol in (
        ("coverage_80", "companies covered", BLUE, "circle"),
        ("ranks", "ranks in the central 80 %", ORANGE, "square"),
    ):
        _points(figure, rows, part, range(len(rows)), name, colour, symbol, scale=100)
    figure.add_vline(x=80, line={"color": MUTED, "dash": "dot"})
    figure.update_xaxes(title_text="companies (%)", range=[0, 102])
    name_axis(figure, [_two_lines(text) for text in rows["description"]])
    lay_out(
        figure,
        "What each flaw does to the intervals",
        "five_layer with one flaw at a time, and with all four. Dotted: what intervals promise",
        height=46 * len(rows) + 190,
    )
    alone = rows.iloc[1:-1]
    worst = alone.loc[alone["ranks"].idxmin()]
    return StudyFigure(
        "audit",
        "validity",
        f"Worst alone: {worst['description']} ({share(worst['ranks'])} of ranks, not 80 %)",
        "For each flaw, the share of companies whose interval holds the truth.",
        rows,
        figure,
    )


def _coverage(own: pd.DataFrame, shown: str) -> Drawn:
    figure = go.Figure()
    looks = zip(_LEVELS, (SKY, BLUE, GREEN), ("square", "circle", "diamond"), strict=True)
    for level, colour, symbol in looks:
        part = f"coverage_{level}"
        name = f"{level} % intervals"
        _points(figure, own, part, range(len(own)), name, colour, symbol, scale=100)
        figure.add_vline(x=level, line={"color": colour, "dash": "dot", "width": 1})
    figure.update_xaxes(title_text="companies whose interval holds the truth (%)", range=[0, 102])
    name_axis(figure, list(own["scenario"]))
    lay_out(
        figure,
        f"Coverage of {shown} at three levels",
        "Dotted: what each level promises. Intervals of small whole numbers hold more than that",
        height=24 * len(own) + 200,
    )
    least = own.loc[own["coverage_80"].idxmin()]
    return Drawn(
        f"80 % intervals hold {share(least['coverage_80'])} to {share(own['coverage_80'].max())} of"
        f" the truths; fewest in {least['scenario']}",
        "For each scenario, the share of companies covered by intervals of 50, 80 and 95 %.",
        own[["scenario", "worlds", *(f"coverage_{level}" for level in _LEVELS)]],
        figure,
    )


def _ranks(rows: pd.DataFrame, shown: str) -> Drawn:
    figure = _by_method(rows, shown, "ranks", scale=100)
    figure.add_vrect(
        x0=100 * _BAND[0], x1=100 * _BAND[1], fillcolor=MUTED, opacity=0.15, line_width=0
    )
    figure.update_xaxes(title_text="truths in the central 80 % of the draws (%)", range=[0, 102])
    own = rows[rows["method"] == shown]
    lay_out(
        figure,
        "Ranks of the truth among the draws",
        "80 % is right, at any size of company; shaded: 75 to 87 %. Bars: two standard errors",
        height=30 * own["scenario"].nunique() + 200,
    )
    inside = own["ranks"].between(*_BAND).sum()
    return Drawn(
        f"Ranks of {shown} are right in {inside} of {len(own)} scenarios",
        "For each scenario and method, the share of truths in the central 80 % of the draws.",
        rows[["scenario", "method", "worlds", "ranks", "ranks_error"]],
        figure,
    )


def _scores(rows: pd.DataFrame, shown: str) -> Drawn:
    rows = rows[rows["to_oracle"].notna() & (rows["method"] != "oracle")]
    figure = _by_method(rows, shown, "to_oracle")
    figure.add_vline(x=1, line={"color": INK, "dash": "dot"})
    ticks = (1, 1.5, 2, 3, 5, 10, 20, 50)
    figure.update_xaxes(
        title_text="interval score over the oracle's (logarithmic; 1 is the best there is)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    own = rows[rows["method"] == shown]
    lay_out(
        figure,
        "Interval scores beside the oracle's",
        "The oracle knows the annotators and the priors of each world, and not who is an expert",
        height=30 * own["scenario"].nunique() + 200,
    )
    best = rows.loc[rows.groupby("scenario")["to_oracle"].idxmin()]
    wins = int((best["method"] == shown).sum())
    return Drawn(
        f"{shown} is nearest to the oracle in {wins} of {len(best)} scenarios, at"
        f" {decimal(own['to_oracle'].median(), 2)} times its score in the middle one",
        "For each scenario, a point for each method: its score as a multiple of the oracle's.",
        rows[["scenario", "method", "worlds", "log_score", "to_oracle"]],
        figure,
    )


def _totals(rows: pd.DataFrame, shown: str) -> Drawn:
    figure = _by_method(rows, shown, "total_ratio")
    figure.add_vline(x=1, line={"color": INK, "dash": "dot"})
    ticks = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
    figure.update_xaxes(
        title_text="estimated over true total (logarithmic)",
        type="log",
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    own = rows[rows["method"] == shown]
    lay_out(
        figure,
        "Totals of all companies, estimated over true",
        "Geometric mean over the worlds of a scenario",
        height=30 * own["scenario"].nunique() + 200,
    )
    near = own["total_ratio"].between(1 / 1.25, 1.25).sum()
    return Drawn(
        f"Totals by {shown} are within a quarter of the truth in {near} of {len(own)} scenarios",
        "For each scenario, a point for each method: its total as a multiple of the true one.",
        rows[["scenario", "method", "worlds", "total_ratio", "total_ratio_error", "total_80"]],
        figure,
    )


def _by_method(rows: pd.DataFrame, shown: str, part: str, scale: float = 1.0) -> go.Figure:
    """Draw a point for each method and scenario, the methods of a scenario below each other."""
    scenarios = list(dict.fromkeys(rows["scenario"]))
    methods = sorted(dict.fromkeys(rows["method"]), key=lambda name: name != shown)
    figure = go.Figure()
    for number, method in enumerate(methods):
        own = rows[rows["method"] == method]
        middle = [scenarios.index(name) for name in own["scenario"]]
        places = np.array(middle) + 0.7 * ((number + 0.5) / len(methods) - 0.5)
        colour, symbol = _look(method, number)
        _points(figure, own, part, places, method, colour, symbol, scale)
    name_axis(figure, scenarios)
    return figure


def _look(method: str, number: int) -> tuple[str, str]:
    """Return colour and symbol: of an estimator, those that it has in every figure."""
    if method in ESTIMATORS:
        mark = estimator_mark(method)
        return mark.colour, mark.symbol
    return (INK, "x") if method == "oracle" else (MUTED, SYMBOLS[number % len(SYMBOLS)])


def _points(
    figure: go.Figure,
    rows: pd.DataFrame,
    part: str,
    places: np.ndarray | range,
    name: str,
    colour: str,
    symbol: str,
    scale: float = 1.0,
) -> None:
    error = f"{part}_error"
    spread = 2 * scale * rows[error].fillna(0) if error in rows and scale != 1 else None
    figure.add_scatter(
        x=scale * rows[part],
        y=list(places),
        mode="markers",
        name=name,
        marker={"color": colour, "symbol": symbol, "size": 8},
        error_x=None
        if spread is None
        else {"type": "data", "array": spread, "color": colour, "thickness": 1.5, "width": 0},
        hovertemplate="%{x:.3g}<extra>" + name + "</extra>",
    )


def _two_lines(text: str) -> str:
    words, lines = text.split(), [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + len(word) > 34:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)

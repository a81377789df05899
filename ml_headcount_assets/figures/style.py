"""What all figures share: colours, symbols, fonts, and how labels are written."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from ..errors import ComputeError
from ..model.estimators import ESTIMATORS
from ..model.intervals import LEVEL
from ..wording import percent

__all__ = [
    "EVIDENCE",
    "FAINT",
    "INK",
    "MUTED",
    "SIZE_BAND_LABELS",
    "TRUTH",
    "Mark",
    "by_other_estimators",
    "company_labels",
    "estimator_mark",
    "lay_out",
    "level_of",
    "shorten",
]

INK, MUTED, FAINT = "#22272e", "#66707c", "#e4e7eb"
_FONT = "Inter, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"


@dataclass(frozen=True)
class Mark:
    """How one kind of thing is drawn, and what the legend calls it."""

    label: str
    colour: str
    symbol: str


EVIDENCE: Mapping[str, Mark] = {
    "profiles": Mark("from labelled profiles", "#0072B2", "circle"),
    "aggregates": Mark("from keyword counts only", "#D55E00", "square"),
}
#: Distinct for all colour vision (Okabe and Ito 2008), and by shape in print.
_ESTIMATOR_LOOKS = (
    ("#0072B2", "circle"),
    ("#009E73", "square"),
    ("#CC79A7", "diamond"),
    ("#E69F00", "triangle-up"),
    ("#56B4E9", "cross"),
    ("#D55E00", "star"),
)
TRUTH = Mark("true number", INK, "x-thin-open")

SIZE_BAND_LABELS: Mapping[str, str] = {
    "under_100": "under 100 employees",
    "100_to_999": "100 to 999",
    "1000_to_9999": "1,000 to 9,999",
    "10000_and_more": "10,000 and more",
    "unknown": "headcount unknown",
}


def level_of(rows: pd.DataFrame) -> float:
    """Return the level of a table's intervals.

    Raises
    ------
    ComputeError
        They are of several levels, which no figure can show under one name.
    """
    levels = rows["level"].unique()
    if len(levels) > 1:
        raise ComputeError(
            f"Intervals of {', '.join(map(percent, sorted(levels)))} stand in one table. Run the "
            "whole study, so that all are of one level."
        )
    return float(levels[0]) if len(levels) else LEVEL


def estimator_mark(name: str) -> Mark:
    """Return how an estimator is drawn: the same in every figure, whichever are shown."""
    colour, symbol = _ESTIMATOR_LOOKS[list(ESTIMATORS).index(name) % len(_ESTIMATOR_LOOKS)]
    return Mark(name, colour, symbol)


def by_other_estimators(before: str, now: str) -> str:
    """Say so if two runs that are compared have headlines by different estimators."""
    return "" if before == now else f" (by {now}; before it was by {before})"


def shorten(text: str, length: int = 34) -> str:
    """Cut a label to `length` characters and make it safe for plotly, which reads tags in it."""
    whole = text if len(text) <= length else text[: length - 1].rstrip() + "…"
    return html.escape(whole, quote=False)


def company_labels(company: pd.Series, companies: pd.DataFrame) -> list[str]:
    """Return the label of each company: its name, or its id where there is no name."""
    known = companies.set_index("company")
    names = known["name"].fillna(known["company_id"])
    return [_isolated(shorten(str(names[key]))) for key in company]


def _isolated(text: str) -> str:
    """Keep a name that is read from the right from turning the words and numbers around it."""
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text):
        return f"\u2068{text}\u2069"
    return text


#: What all figures share. Small, since plotly copies and checks all of it for every figure.
_LOOK = go.layout.Template(
    layout={
        "font": {"family": _FONT, "size": 12, "color": INK},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "colorway": [colour for colour, _ in _ESTIMATOR_LOOKS],
        "margin": {"l": 8, "r": 24, "t": 96, "b": 56},
        "hoverlabel": {"font": {"family": _FONT, "size": 12}, "bgcolor": "white"},
        "title": {
            "font": {"size": 17, "color": INK},
            "x": 0,
            "xref": "container",
            "xanchor": "left",
            "pad": {"l": 0, "t": 16},
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "subtitle": {"font": {"size": 13, "color": MUTED}},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "xref": "container",
            "yanchor": "top",
            "yref": "container",
            "font": {"size": 12},
        },
        "xaxis": {**(_AXIS := {"showline": True, "ticks": "outside", "linecolor": INK,
                               "zeroline": False, "automargin": True,
                               "title": {"standoff": 12}}),
                  "showgrid": True, "gridcolor": FAINT},
        "yaxis": {**_AXIS, "showgrid": False, "ticklabelstandoff": 6},
    }
)  # fmt: skip


def lay_out(figure: go.Figure, title: str, subtitle: str, height: int) -> go.Figure:
    """Give a figure its title and the common look, and return it."""
    layout = figure.layout
    layout.template = _LOOK
    layout.title.text = f"<b>{title}</b>"
    layout.title.subtitle.text = subtitle
    layout.height = height
    layout.margin.t = 96
    layout.legend.y = 1 - 66 / height
    return figure

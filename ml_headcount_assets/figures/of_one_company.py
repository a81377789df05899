"""Views of one company."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, how_many, percent
from .catalogue import Drawn, Found, NothingToDrawError
from .count_axis import position
from .marks import BLUE, GREEN, ORANGE, PINK, add_count_intervals, name_axis
from .style import INK, MUTED, lay_out, shorten

__all__ = ["waterfall"]

_LOOKS = {
    "prior": (MUTED, "square"),
    "annotator": (BLUE, "circle"),
    "verdicts": (GREEN, "diamond"),
    "unseen employees": (PINK, "star"),
    "counts": (ORANGE, "triangle-up"),
}


def waterfall(found: Found, company: str) -> Drawn:
    """Draw how the evidence takes a company from its prior to its estimate.

    Parameters
    ----------
    found
        What the study has found.
    company
        Partition key of the company.

    Raises
    ------
    NothingToDrawError
        That cannot be told; the message says why.
    """
    if found.steps is None:
        raise NothingToDrawError("the fits are not at hand")
    steps = found.steps(company)
    label = found.labels(pd.Series([company]))[0]
    figure = go.Figure()
    figure.add_scatter(
        x=position(steps["median"]),
        y=list(range(len(steps))),
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
        line={"color": "#c9ced4", "width": 2, "shape": "vh"},
    )
    for place, row in enumerate(steps.itertuples()):
        colour, symbol = _LOOKS[row.kind]
        last = place == len(steps) - 1
        add_count_intervals(
            figure,
            steps.iloc[[place]],
            [place],
            level=found.level,
            colour=INK if last else colour,
            symbol=symbol,
            axis=False,
        )
    add_count_intervals(
        figure, steps, [-9] * len(steps), level=found.level, title="experts (logarithmic)"
    )
    figure.data = figure.data[:-1]  # whose axis was wanted only
    seen, everybody = int(steps["people"].iloc[0]), int(steps["people"].iloc[-1])
    called = {
        "prior": "before its own evidence",
        "verdicts": "+ people's verdicts",
        "unseen employees": f"+ {how_many(everybody - seen, 'unseen employee')}",
        "counts": "+ counts of all employees",
    }
    labels = [called.get(row.kind) or f"+ {shorten(row.step, 30)}" for row in steps.itertuples()]
    labels[-1] = f"<b>{labels[-1]}</b>"
    name_axis(figure, labels)
    first = f"Before the unseen: among {count(seen)} with a profile. " if everybody > seen else ""
    lay_out(
        figure,
        f"From the prior to the estimate: {label}",
        f"Median and {percent(found.level)} interval, step by step.<br>{first}In another order"
        " steps would differ",
        height=34 * len(steps) + 200,
    )
    figure.update_layout(margin_t=112)
    return Drawn(_sentence(label, steps), _ALT, steps, figure)


_ALT = (
    "A line for each step, from the prior down to the estimate: median and interval of the"
    " company's experts, first among the people seen, then among all."
)


def _sentence(label: str, steps: pd.DataFrame) -> str:
    first, last = steps["median"].iloc[0], steps["median"].iloc[-1]
    among = steps[steps["people"] < steps["people"].iloc[-1]]
    if len(among):
        return (
            f"{label}: {how_many(among['median'].iloc[-1], 'expert')} among"
            f" {how_many(among['people'].iloc[0], 'person', 'people')} seen, where {count(first)}"
            " were expected"
            f" before their labels; {count(last)} among all employees"
        )
    moved = np.abs(np.diff(np.log(steps["median"].clip(lower=1))))
    start = f"{label}: {how_many(first, 'expert')} before its own evidence, {count(last)} with it"
    if not len(moved) or not moved.max():
        return start
    most = steps.iloc[int(moved.argmax()) + 1]
    return f"{start}; moved most by {shorten(most['step'], 30)}"

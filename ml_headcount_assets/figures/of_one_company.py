"""Views of one company."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from ..wording import count, percent
from .catalogue import Drawn, Found, NothingToDrawError
from .count_axis import position
from .marks import BLUE, GREEN, ORANGE, add_count_intervals, name_axis
from .style import INK, MUTED, lay_out, shorten

__all__ = ["waterfall"]

_LOOKS = {
    "prior": (MUTED, "square"),
    "annotator": (BLUE, "circle"),
    "verdicts": (GREEN, "diamond"),
    "counts": (ORANGE, "triangle-up"),
}
_CALLED = {
    "prior": "before its own evidence",
    "verdicts": "+ people's verdicts",
    "counts": "+ counts of all employees",
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
    labels = [_CALLED.get(row.kind) or f"+ {shorten(row.step, 30)}" for row in steps.itertuples()]
    labels[-1] = f"<b>{labels[-1]}</b>"
    name_axis(figure, labels)
    lay_out(
        figure,
        f"From the prior to the estimate: {label}",
        f"Median and {percent(found.level)} interval, step by step.<br>In another order steps would"
        " differ",
        height=34 * len(steps) + 200,
    )
    figure.update_layout(margin_t=112)
    return Drawn(_sentence(label, steps), _ALT, steps, figure)


_ALT = (
    "A line for each step, from the prior down to the estimate: median and interval of the"
    " company's experts."
)


def _sentence(label: str, steps: pd.DataFrame) -> str:
    first, last = steps["median"].iloc[0], steps["median"].iloc[-1]
    moved = np.abs(np.diff(np.log(steps["median"].clip(lower=1))))
    start = f"{label}: {count(first)} experts before its own evidence, {count(last)} with it"
    if not len(moved) or not moved.max():
        return start
    most = steps.iloc[int(moved.argmax()) + 1]
    return f"{start}; moved most by {shorten(most['step'], 30)}"

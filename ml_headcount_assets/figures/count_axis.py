"""A logarithmic axis for counts of people, with a lane of its own for zero.

Counts span five orders of magnitude and many are zero, which a logarithm cannot show and a
symmetric logarithm shows without saying so. Here 0 has its own place left of 1, in a shaded
lane; the stretch between (means may lie there) is linear. Where nothing below 1 is to be shown,
there is no such lane.
"""

from __future__ import annotations

import math

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from .style import FAINT

__all__ = ["add_count_axis", "position"]

#: Where 0 stands, in decades left of 1.
_ZERO = -0.5
_MARGIN = 0.12


def position(counts: ArrayLike) -> NDArray[np.float64]:
    """Return where counts stand on the axis: log10 from 1 on, linear between 0 and 1."""
    values = np.asarray(counts, dtype=float)
    return np.where(values >= 1, np.log10(np.maximum(values, 1)), _ZERO * (1 - values))


def add_count_axis(
    figure: go.Figure, smallest: float, largest: float, title: str, **where: int
) -> None:
    """Make the horizontal axis one that shows `smallest` to `largest` people.

    Parameters
    ----------
    smallest, largest
        The range of the counts to be shown.
    title
        What is counted, with its unit.
    where
        Row and column, if the figure has subplots.
    """
    with_zero = smallest < 1
    low = _ZERO if with_zero else math.floor(math.log10(smallest))
    high = max(math.log10(max(largest, 1)), low + 1.0)
    ticks = [count for count in _ticks(high) if low <= position(count) <= high]
    figure.update_xaxes(
        title_text=title,
        range=[low - _MARGIN, high + _MARGIN],
        tickvals=position(ticks).tolist(),
        ticktext=[f"{count:,}" for count in ticks],
        **where,
    )
    if with_zero:
        figure.add_vrect(
            x0=_ZERO - _MARGIN,
            x1=_ZERO / 2,
            fillcolor=FAINT,
            opacity=0.55,
            line_width=0,
            layer="below",
            **where,
        )


def _ticks(high: float) -> list[int]:
    """Return 0, the powers of ten, and steps between them if there is room."""
    decades = range(math.floor(high) + 1)
    steps = (1, 2, 5) if high < 3.2 else (1, 3)
    return [0, *(step * 10**decade for decade in decades for step in steps)]

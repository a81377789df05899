"""Intervals as a small SVG, for pages that show a picture and run no script.

Figures of reports do not belong here: those are plotly's, which only a browser makes pictures of.
"""

from __future__ import annotations

import base64
import math

import pandas as pd

from ..wording import percent
from .style import FAINT, INK, MUTED, level_of, shorten

__all__ = ["as_image", "interval_svg"]

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP, _BOTTOM = 640, 230, 40, 22, 14, 44
_COLOUR = "#0072B2"
_TICKS = 5


def interval_svg(rows: pd.DataFrame, axis: str) -> str:
    """Draw an interval a row, from above: a line from low to high, and a point at the median.

    Parameters
    ----------
    rows
        Columns ``label, low, median, high, level``; what is missing is not drawn.
    axis
        What the numbers are of; the level is added.

    Returns
    -------
    str
        The SVG; empty, if there is nothing to be drawn.

    Raises
    ------
    ComputeError
        The intervals are of several levels.
    """
    rows = rows.dropna(subset=["low", "median", "high"])
    if rows.empty:
        return ""
    step = _step(float(rows["high"].max()))
    ticks = range(math.ceil(max(float(rows["high"].max()), 1.0) / step) + 1)
    scale = (_WIDTH - _LEFT - _RIGHT) / (ticks[-1] * step)
    bottom = _TOP + _ROW * len(rows)
    grid = [_tick(_LEFT + scale * step * each, f"{step * each:,}", bottom) for each in ticks]
    lines = [
        _interval(label, [_LEFT + scale * float(value) for value in ends], _TOP + _ROW * (n + 0.5))
        for n, (label, *ends) in enumerate(
            rows[["label", "low", "median", "high"]].itertuples(index=False)
        )
    ]
    told = f"{axis}: median and {percent(level_of(rows))} interval"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{bottom + _BOTTOM}"'
        f' font-family="sans-serif" font-size="12" fill="{INK}">'
        '<rect width="100%" height="100%" fill="white"/>'
        f"{''.join(grid)}{''.join(lines)}"
        f'<text x="{_LEFT}" y="{bottom + 36}" fill="{MUTED}">{shorten(told, 90)}</text></svg>'
    )


def as_image(svg: str, alternative: str) -> str:
    """Return Markdown that shows an SVG without loading anything."""
    data = base64.b64encode(svg.encode()).decode()
    return f"![{alternative}](data:image/svg+xml;base64,{data})"


def _step(most: float) -> int:
    """Return a round distance of ticks, of which a few reach over `most`."""
    rough = max(most / _TICKS, 1.0)
    power = 10 ** math.floor(math.log10(rough))
    return int(next(power * each for each in (1, 2, 5, 10) if power * each >= rough))


def _tick(x: float, text: str, bottom: float) -> str:
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke="{FAINT}"/>'
        f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle" fill="{MUTED}">{text}</text>'
    )


def _interval(label: str, ends: list[float], y: float) -> str:
    low, median, high = ends
    return (
        f'<text x="{_LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{shorten(str(label))}</text>'
        f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_COLOUR}"'
        ' stroke-width="3"/>'
        f'<circle cx="{median:.1f}" cy="{y:.1f}" r="4.5" fill="{_COLOUR}"/>'
    )

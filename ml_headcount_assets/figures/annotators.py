"""How good the annotators are, and how their errors hang together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from ..wording import percent
from .style import FAINT, INK, lay_out, level_of

__all__ = ["annotator_rates", "error_correlations"]

_COLOURS = {"sensitivity": "#0072B2", "specificity": "#D55E00"}
_MEANING = {
    "sensitivity": "sensitivity: share of experts accepted (%)",
    "specificity": "specificity: share of others refused (%)",
}
#: From orange over white to blue: distinct for all colour vision.
_DIVERGING = [
    [0, "#b35806"],
    [0.25, "#f1a340"],
    [0.5, "#ffffff"],
    [0.75, "#67a9cf"],
    [1, "#0b4f8a"],
]


def annotator_rates(summary: pd.DataFrame) -> go.Figure:
    """Draw sensitivity and specificity of each annotator with intervals.

    Parameters
    ----------
    summary
        Rows of table annotator_summary of one estimator.
    """
    level = level_of(summary)
    names = sorted(summary["annotator"], reverse=True)
    rows = summary.set_index("annotator").loc[names]
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.06,
    )
    for column, (rate, colour) in enumerate(_COLOURS.items(), start=1):
        mean, low, high = (100 * rows[f"{rate}_{part}"] for part in ("mean", "low", "high"))
        figure.add_scatter(
            x=mean,
            y=names,
            mode="markers",
            showlegend=False,
            row=1,
            col=column,
            marker={"color": colour, "size": 9},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": high - mean,
                "arrayminus": mean - low,
                "color": colour,
                "thickness": 2,
                "width": 0,
            },
            customdata=np.column_stack([low, high]),
            hovertemplate=(
                "%{y}<br>%{x:.1f} %<br>"
                + percent(level)
                + " interval %{customdata[0]:.1f} to %{customdata[1]:.1f} %<extra></extra>"
            ),
        )
        figure.update_xaxes(title_text=_MEANING[rate], range=[0, 102], dtick=20, row=1, col=column)
    return lay_out(
        figure,
        "How good each annotator is",
        f"Mean and {percent(level)} interval over the bootstrap of the rated CVs",
        height=34 * len(names) + 180,
    )


def error_correlations(correlations: pd.DataFrame) -> go.Figure:
    """Draw the annotators' latent correlations, one matrix per class.

    Parameters
    ----------
    correlations
        Rows of table annotator_correlations of one estimator. Intervals are shown on hovering.
    """
    level = level_of(correlations)
    names = sorted({*correlations["annotator_a"], *correlations["annotator_b"]})
    titles = ("among people who are no experts", "among experts")
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.1, subplot_titles=titles
    )
    for is_expert in (0, 1):
        rows = correlations[correlations["is_expert"] == is_expert]
        mean, low, high = (_lower_triangle(rows, names, part) for part in ("mean", "low", "high"))
        figure.add_heatmap(
            # The first annotator has no row of its own below the diagonal, the last no column.
            z=mean[1:, :-1],
            x=names[:-1],
            y=names[1:],
            colorscale=_DIVERGING,
            zmin=-1,
            zmax=1,
            xgap=2,
            ygap=2,
            texttemplate="%{z:.2f}",
            textfont={"size": 13},
            hoverongaps=False,
            customdata=np.stack([low[1:, :-1], high[1:, :-1]], axis=-1),
            hovertemplate=(
                "%{y} and %{x}<br>%{z:.2f}<br>"
                + percent(level)
                + " interval %{customdata[0]:.2f} to %{customdata[1]:.2f}<extra></extra>"
            ),
            showscale=bool(is_expert),
            colorbar={
                "title": {"text": "latent<br>correlation"},
                "outlinecolor": FAINT,
                "thickness": 14,
            },
            row=is_expert + 1,
            col=1,
        )
    figure = lay_out(
        figure,
        "How the annotators' errors hang together",
        "Mean latent (tetrachoric) correlation of two annotators' labels within one class",
        height=88 * len(names) + 250,
    )
    figure.update_xaxes(showgrid=False, tickangle=-35, showline=False, ticks="")
    figure.update_yaxes(autorange="reversed", showline=False, ticks="")
    figure.update_annotations(font={"size": 13, "color": INK})
    return figure


def _lower_triangle(rows: pd.DataFrame, names: list[str], value: str) -> np.ndarray:
    """Return the matrix of a column, with nothing on and above the diagonal."""
    matrix = np.full((len(names), len(names)), np.nan)
    for a, b, number in zip(rows["annotator_a"], rows["annotator_b"], rows[value], strict=True):
        i, j = sorted((names.index(a), names.index(b)), reverse=True)
        matrix[i, j] = number
    return matrix

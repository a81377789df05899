"""A map of the world that needs no network: outlines of the land, and where countries lie."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

__all__ = ["add_land", "place_of", "projected"]

_LAND = "#e4e7eb"
#: Constants of the projection Equal Earth (Savric, Patterson & Jenny 2018).
_A = (1.340264, -0.081106, 0.000893, 0.003796)


def place_of(country: str) -> tuple[float, float] | None:
    """Return longitude and latitude of the middle of a country, in degrees; None if not known."""
    found = _world()["places"].get(country)
    return None if found is None else (found[0], found[1])


def projected(longitude: ArrayLike, latitude: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return where places lie on a map on which areas are in proportion, in degrees."""
    turned = np.arcsin(np.sqrt(3) / 2 * np.sin(np.radians(latitude)))
    square = turned**2
    slope = _A[0] + 3 * _A[1] * square + square**3 * (7 * _A[2] + 9 * _A[3] * square)
    across = 2 * np.sqrt(3) * np.asarray(longitude, float) * np.cos(turned) / (3 * slope)
    up = turned * (_A[0] + _A[1] * square + square**3 * (_A[2] + _A[3] * square))
    return across, np.degrees(up)


def add_land(figure: go.Figure) -> None:
    """Draw the land, and make the axes those of a map."""
    x: list[float | None] = []
    y: list[float | None] = []
    for ring in _world()["land"]:
        across, up = projected(ring[0::2], ring[1::2])
        x += [*np.round(across, 1).tolist(), None]
        y += [*np.round(up, 1).tolist(), None]
    figure.add_scatter(
        x=x,
        y=y,
        mode="lines",
        fill="toself",
        fillcolor=_LAND,
        line={"color": "#c9ced4", "width": 0.5},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_xaxes(visible=False, range=[-165, 165], constrain="domain")
    figure.update_yaxes(visible=False, range=[-62, 80], scaleanchor="x", constrain="domain")


@cache
def _world() -> dict[str, Any]:
    text = (resources.files(__package__) / "world.json").read_text(encoding="utf-8")
    return json.loads(text)

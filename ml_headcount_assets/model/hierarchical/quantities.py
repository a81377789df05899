"""What the parameters mean: rates, shares and prevalences, one column a quantity.

Convergence is judged on these. Single parameters may wander where only their product is known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from ..priors import SIZE_BANDS
from .parameters import Layout

__all__ = ["quantities"]

_BOUND = 1e-9


def quantities(
    layout: Layout,
    theta: NDArray[np.float64],
    tables: dict[str, NDArray[np.float64]],
    bands: NDArray[np.intp],
) -> pd.DataFrame:
    """Return the quantities of each state, (S, quantities).

    Rates are logits of probabilities, so that small ones count as much as large ones.

    Parameters
    ----------
    layout, theta
        Parameters and their draws, (S, D).
    tables
        ``rated, near, easy, expert`` as in `HierarchicalFit`.
    bands
        Numbers of the headcount bands that occur.
    """
    fires = layout.instruments.patterns.astype(float)
    columns: dict[str, NDArray[np.float64]] = {}
    for j, name in enumerate(layout.instruments.names):
        for number, group in enumerate(("false-positive rate", "sensitivity")):
            columns[f"{group} of {name}, rated"] = _logit(tables["rated"][:, number] @ fires[:, j])
        for source in range(tables["near"].shape[1]):
            text = ("profiles", "search")[source]
            if source and j not in layout.instruments.searched:
                continue
            for group, table in (
                ("sensitivity", "expert"),
                ("near-miss rate", "near"),
                ("easy rate", "easy"),
            ):
                rate = tables[table][:, source] @ fires[:, j]
                columns[f"{group} of {name}, {text}"] = _logit(rate)
    scale = np.exp(_part(layout, theta, "log_cohort_scale")[:, 0]) if _cohorts(layout) else 0.0
    for number, cohort in enumerate(layout.cohorts):
        easy = _part(layout, theta, "easy")[:, 0]
        shift = np.zeros(len(theta))
        if _cohorts(layout):
            easy = easy + scale * _part(layout, theta, "cohort_easy")[:, number]
            shift = scale * _part(layout, theta, "cohort_shift")[:, number]
        where = f", {cohort}" if _cohorts(layout) else ""
        columns[f"share of easy people{where}"] = easy
        for band in bands:
            own = shift + _part(layout, theta, "band_shift")[:, band]
            columns[f"prevalence of {SIZE_BANDS[band]}{where}"] = own
    return pd.DataFrame(columns)


def _cohorts(layout: Layout) -> bool:
    return len(layout.cohorts) > 1


def _part(layout: Layout, theta: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    return theta[:, layout.slices[name]]


def _logit(rate: NDArray[np.float64]) -> NDArray[np.float64]:
    return logit(np.clip(rate, _BOUND, 1 - _BOUND))

"""The uncertainty budget: how much of an interval's width each layer accounts for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .estimate import estimate_headcount
from .evidence import NONE
from .settings import LAYERS

__all__ = ["uncertainty_budget"]


def uncertainty_budget(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    *,
    level: float = 0.8,
    **options: Any,
) -> pd.DataFrame:
    """Switch layers on one at a time and off one at a time.

    Parameters
    ----------
    validation, profiles, companies, options
        As for `estimate_headcount`, except `layers`.
    level
        Content of the intervals.

    Returns
    -------
    DataFrame
        ``layer, total_sd_alone, total_sd_without, share, mean_width_alone,
        mean_width_without``: standard deviation of the total and mean width of the companies'
        intervals with only this layer on, and with all but this one. ``share`` is the layer's
        share of the variances alone. The last row, ``all``, has every layer on. Layers
        interact, so neither column adds up exactly to the last row.
    """
    total_all, width_all = _spread(validation, profiles, companies, LAYERS, level, options)
    rows = []
    for layer in LAYERS:
        alone = _spread(validation, profiles, companies, (layer,), level, options)
        others = tuple(other for other in LAYERS if other != layer)
        without = _spread(validation, profiles, companies, others, level, options)
        rows.append((layer, alone[0], without[0], alone[1], without[1]))
    table = pd.DataFrame(
        rows,
        columns=[
            "layer",
            "total_sd_alone",
            "total_sd_without",
            "mean_width_alone",
            "mean_width_without",
        ],
    )
    variance = table["total_sd_alone"] ** 2
    table.insert(3, "share", variance / variance.sum() if variance.sum() > 0 else np.nan)
    table.loc[len(table)] = ["all", total_all, total_all, 1.0, width_all, width_all]
    return table


def _spread(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    layers: tuple[str, ...],
    level: float,
    options: dict[str, Any],
) -> tuple[float, float]:
    result = estimate_headcount(validation, profiles, companies, layers=layers, **options)
    intervals = result.intervals(level)
    known = intervals["evidence"] != NONE
    width = float((intervals["high"] - intervals["low"])[known].mean())
    return float(result.total(level=level)["sd"]), width

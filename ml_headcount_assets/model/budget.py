"""The uncertainty budget: how much of an interval's width each layer accounts for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .estimate import estimate_headcount
from .evidence import NONE
from .intervals import LEVEL
from .settings import LAYERS, EstimatorSettings

__all__ = ["uncertainty_budget"]


def uncertainty_budget(
    validation: pd.DataFrame,
    profiles: pd.DataFrame,
    companies: pd.DataFrame,
    *,
    settings: EstimatorSettings | None = None,
    level: float = LEVEL,
    **options: Any,
) -> pd.DataFrame:
    """Switch layers on one at a time and off one at a time.

    Parameters
    ----------
    validation, profiles, companies, options
        As for `estimate_headcount`.
    settings
        As there; which layers are on does not matter.
    level
        Content of the intervals.

    Returns
    -------
    DataFrame
        ``layer, total_sd_alone, total_sd_without, share, mean_width_alone,
        mean_width_without, level``: standard deviation of the total and mean width of the
        companies' intervals with only this layer on, and with all but this one. ``share`` is the
        layer's share of the variances alone. The last row, ``all``, has every layer on. Layers
        interact, so neither column adds up exactly to the last row.
    """
    settings = settings or EstimatorSettings.default()

    def spread(*layers: str) -> tuple[float, float]:
        """Return the total's standard deviation and the companies' mean width."""
        result = estimate_headcount(
            validation, profiles, companies, settings=settings.with_layers(layers), **options
        )
        intervals = result.intervals(level)
        known = intervals["evidence"] != NONE
        width = float((intervals["high"] - intervals["low"])[known].mean())
        return float(result.total(level=level)["sd"]), width

    rows = []
    for layer in LAYERS:
        alone, without = spread(layer), spread(*(other for other in LAYERS if other != layer))
        rows.append((layer, alone[0], without[0], alone[1], without[1]))
    columns = ["layer", "total_sd_alone", "total_sd_without"]
    columns += ["mean_width_alone", "mean_width_without"]
    table = pd.DataFrame(rows, columns=columns)
    variance = table["total_sd_alone"] ** 2
    table.insert(3, "share", variance / variance.sum() if variance.sum() > 0 else np.nan)
    total_sd, width = spread(*LAYERS)
    table.loc[len(table)] = ["all", total_sd, total_sd, 1.0, width, width]
    return table.assign(level=float(level))

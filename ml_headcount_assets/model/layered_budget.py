"""The uncertainty budget of a bootstrap in layers: each layer alone, and all but each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .evidence import NONE
from .intervals import tails
from .result import HeadcountResult
from .settings import LAYERS

if TYPE_CHECKING:
    from .fitted import Fitted

__all__ = ["BUDGET_COLUMNS", "TOTAL", "budget_rows", "layered_budget"]

#: Stands for the company in rows about the total.
TOTAL = ""
BUDGET_COLUMNS = [
    *("company_id", "layer", "sd_alone", "sd_without", "width_alone", "width_without", "share"),
    "level",
]


def layered_budget(
    fitted: Fitted, level: float, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Switch layers on one at a time and off one at a time, and fit anew each time.

    Parameters
    ----------
    fitted
        The estimator; which layers it has been fitted with does not matter.
    level
        Content of the intervals whose widths are compared.
    progress
        Is told ``(done, total)`` fits.

    Returns
    -------
    DataFrame
        As `budget_rows`.
    """
    variants: dict[tuple[str, str], tuple[str, ...]] = {("all", ""): LAYERS}
    for layer in LAYERS:
        variants["alone", layer] = (layer,)
        variants["without", layer] = tuple(other for other in LAYERS if other != layer)
    spreads = {}
    for number, (key, layers) in enumerate(variants.items(), start=1):
        other = fitted.otherwise(settings=fitted.settings.with_layers(layers))
        result = other.draw()
        spreads[key] = _spread(result, level)
        if progress is not None:
            progress(number, len(variants))
    return budget_rows(result.company_id[result.evidence != NONE], spreads, level)


def _spread(
    result: HeadcountResult, level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return standard deviations and widths of the companies with evidence, the total first."""
    known = result.evidence != NONE
    intervals = result.intervals(level)[known]
    total = result.total(level=level)
    sds = np.append(total["sd"], intervals["sd"])
    return sds, np.append(total["high"] - total["low"], intervals["high"] - intervals["low"])


def budget_rows(
    company_id: NDArray[np.object_],
    spreads: dict[tuple[str, str], tuple[NDArray[np.float64], NDArray[np.float64]]],
    level: float,
) -> pd.DataFrame:
    """Arrange spreads as a budget.

    Parameters
    ----------
    company_id
        Of C companies.
    spreads
        Standard deviations and widths (1 + C,), the total first, by ``("alone", layer)``,
        ``("without", layer)`` and ``("all", "")``.
    level
        Content of the intervals.

    Returns
    -------
    DataFrame
        ``company_id`` (`TOTAL` for the total), ``layer`` (the last is ``all``), ``sd_alone,
        sd_without, width_alone, width_without``: with only this layer on, and with all but this
        one; ``share`` of the variance that goes when this layer is taken away, all shares together
        being 1; ``level``. Layers interact, so that neither widths nor variances add up exactly to
        the last. What a layer does to another (error rates to prevalences) goes with it, which is
        why shares are taken from what is left without it.
    """
    spared = np.array(
        [spreads["all", ""][0] ** 2 - spreads["without", layer][0] ** 2 for layer in LAYERS]
    )
    variance = np.maximum(spared, 0.0)
    whole = variance.sum(axis=0)
    shares = np.divide(variance, whole, out=np.full_like(variance, np.nan), where=whole > 0)
    parts = []
    for layer, share in [*zip(LAYERS, shares, strict=True), ("all", np.ones(len(whole)))]:
        alone = spreads["all", ""] if layer == "all" else spreads["alone", layer]
        without = spreads["all", ""] if layer == "all" else spreads["without", layer]
        columns = (alone[0], without[0], alone[1], without[1], share)
        part = pd.DataFrame(dict(zip(BUDGET_COLUMNS[2:7], columns, strict=True)))
        part.insert(0, "company_id", [TOTAL, *company_id])
        part.insert(1, "layer", layer)
        parts.append(part)
    tails(level)
    return pd.concat(parts, ignore_index=True).assign(level=float(level))

"""What people's verdicts on deployed profiles have changed: the estimate without them, and with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from .fitted import Fitted
from .hierarchical import annotator_rates, fit_scales
from .sensitivity import group_totals

__all__ = ["RATING_EFFECT_COLUMNS", "rating_effect"]

_ENDS = ("low", "median", "high")
#: Columns of `rating_effect`.
RATING_EFFECT_COLUMNS = (
    *("quantity", "subject", "text"),
    *(f"{when}_{end}" for when in ("before", "after") for end in _ENDS),
    *("narrowed", "level", "rated_profiles"),
)
_KEY = ["quantity", "subject", "text"]
_ON_RATED = "rated"
_DRIFT_SCALE = "drift scale"


def rating_effect(
    fitted: Fitted, *, level: float, progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """Fit once more without the verdicts, and compare.

    What the labels alone leave open is how annotators do on deployed profiles; so that beside the
    totals stand the rates that have drifted.

    Parameters
    ----------
    fitted
        The estimate with the verdicts, of the estimator that learns from them
        (`RATINGS_ESTIMATOR`).
    level
        Content of the intervals.
    progress
        Is told ``(done, total)`` estimates.

    Returns
    -------
    DataFrame
        `RATING_EFFECT_COLUMNS`: ``quantity`` is ``experts`` (the total of a group of companies),
        a rate of `annotator_rates` in deployment, or ``drift scale`` (probit); ``subject`` the
        group, annotator, or kind; ``text`` what the annotator read, empty for a total.
        ``narrowed`` is the interval's width over that before, missing where that was none;
        ``rated_profiles`` how many profiles people have rated. No rows without verdicts.
    """
    ratings = fitted.evidence.ratings
    if ratings is None or ratings.empty:
        return pd.DataFrame(columns=list(RATING_EFFECT_COLUMNS))
    tell = progress or (lambda done, total: None)
    after = _summary(fitted, level)
    tell(1, 2)
    before = _summary(fitted.otherwise(evidence=replace(fitted.evidence, ratings=None)), level)
    tell(2, 2)
    both = before.merge(after, on=_KEY, suffixes=("_before", "_after"), how="inner", sort=False)
    table = both[_KEY].copy()
    for when in ("before", "after"):
        for end in _ENDS:
            table[f"{when}_{end}"] = both[f"{end}_{when}"].astype(float)
    width = table["before_high"] - table["before_low"]
    table["narrowed"] = (table["after_high"] - table["after_low"]) / width.where(width > 0)
    rated = int(ratings["n_profiles"].sum())
    return table.assign(level=float(level), rated_profiles=rated)[list(RATING_EFFECT_COLUMNS)]


def _summary(fitted: Fitted, level: float) -> pd.DataFrame:
    totals = pd.DataFrame(group_totals(fitted.draw(), fitted.evidence, level))
    totals = totals.rename(columns={"group_name": "subject"}).dropna(subset=["median"])
    rates = annotator_rates(fitted.cohort, level)
    rates = rates[rates["text"] != _ON_RATED]
    scales = fit_scales(fitted.cohort, level)
    scales = scales[scales["quantity"] == _DRIFT_SCALE]
    parts = (
        totals.assign(quantity="experts", text=""),
        rates.rename(columns={"rate": "quantity", "annotator": "subject"}),
        scales.assign(text=""),
    )
    return pd.concat([part[[*_KEY, *_ENDS]] for part in parts], ignore_index=True)

"""How long raters take, from when their verdicts were given."""

from __future__ import annotations

import pandas as pd

__all__ = ["seconds_per_profile"]

#: Shorter gaps are of files without times, longer ones are breaks.
_SHORTEST, _LONGEST = 1.0, 1_800.0
_FEWEST = 5


def seconds_per_profile(rated: pd.DataFrame) -> float | None:
    """Return the median seconds between a rater's verdicts; None if too few tell.

    Parameters
    ----------
    rated
        Rows of table rated_profiles.
    """
    times = pd.to_datetime(rated["rated_at"], utc=True, format="ISO8601")
    given = pd.DataFrame({"rater": rated["rater"], "time": times}).sort_values("time")
    gaps = given.groupby("rater")["time"].diff().dt.total_seconds()
    told = gaps[gaps.between(_SHORTEST, _LONGEST)]
    return float(told.median()) if len(told) >= _FEWEST else None

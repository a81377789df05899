"""How long raters take, breaks and imported files left out."""

import pandas as pd

from ml_headcount_assets.labelling.ratings.pace import seconds_per_profile


def at(rater: str, *seconds: float) -> pd.DataFrame:
    start = pd.Timestamp("2026-01-01T09:00:00Z")
    times = [(start + pd.Timedelta(seconds=each)).isoformat() for each in seconds]
    return pd.DataFrame({"rater": rater, "rated_at": times})


def test_the_pace_is_that_between_a_raters_own_verdicts():
    own = at("ann", 240, 0, 60, 120, 300, 9_000, 9_060)  # with a break before lunch
    assert seconds_per_profile(pd.concat([own, at("bob", 30, 31)])) == 60


def test_files_without_times_tell_nothing():
    assert seconds_per_profile(at("ann", *(n / 1000 for n in range(50)))) is None
    assert seconds_per_profile(at("ann")) is None

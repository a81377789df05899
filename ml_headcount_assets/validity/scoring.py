"""How good intervals are once the truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..model.evidence import NONE
from ..model.result import HeadcountResult
from ..model.streams import stream

__all__ = ["interval_score", "randomised_rank", "score_companies", "summarise_scores"]

#: From so many employees on, counts are large enough for intervals of whole numbers.
_LARGE = 100


def interval_score(
    low: ArrayLike, high: ArrayLike, truth: ArrayLike, level: float = 0.8
) -> NDArray[np.float64]:
    """Return the interval score of Gneiting & Raftery (2007), eq. 43; lower is better.

    Parameters
    ----------
    low, high, truth
        Ends of the intervals and true values, of shapes that broadcast.
    level
        Probability content of the intervals.

    Returns
    -------
    ndarray
        Width of each interval plus ``2 / (1 - level)`` times the distance by which the truth
        lies outside.
    """
    low, high, truth = (np.asarray(values, dtype=float) for values in (low, high, truth))
    missed = np.maximum(low - truth, 0) + np.maximum(truth - high, 0)
    return high - low + 2 / (1 - level) * missed


def randomised_rank(
    draws: NDArray[np.int64], truth: NDArray[np.int64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return where each truth lies among its draws, in [0, 1].

    Counts have ties: a truth of 0 may equal most draws. Its rank is then uniform among them, so
    that ranks of a calibrated estimator are uniform whatever the size of the company (the
    randomised probability integral transform). The share of ranks within the central 80 % is
    80 %, where the printed intervals of small companies necessarily cover more.

    Parameters
    ----------
    draws
        Shape (C, draws).
    truth
        Shape (C,).
    rng
        Breaks the ties.
    """
    below = (draws < truth[:, None]).mean(axis=1)
    equal = (draws == truth[:, None]).mean(axis=1)
    return below + rng.random(len(truth)) * equal


def score_companies(
    result: HeadcountResult, truth: pd.DataFrame, *, level: float = 0.8, seed: int = 0
) -> pd.DataFrame:
    """Set each company's interval against its true number of experts.

    Parameters
    ----------
    result
        An estimate.
    truth
        ``company_id, experts`` of the same companies.
    level
        Probability content of the intervals.
    seed
        Of the stream that breaks ties between ranks.

    Returns
    -------
    DataFrame
        One row per company with evidence: ``company_id, headcount, evidence, experts, mean, low,
        median, high, covered, rank, score, log_score``. The last is the interval score of
        log(1 + count), in which a company's size does not decide.
    """
    table = result.intervals(level).merge(truth[["company_id", "experts"]], on="company_id")
    known = (table["evidence"] != NONE).to_numpy()
    table = table[known].reset_index(drop=True)
    experts = table["experts"].to_numpy(dtype=np.int64)
    rank = randomised_rank(result.draws.data[known], experts, stream(seed, "scoring", "ties"))
    low, high = table["low"], table["high"]
    log_score = interval_score(np.log1p(low), np.log1p(high), np.log1p(experts), level)
    columns = ["company_id", "headcount", "evidence", "experts", "mean", "low", "median", "high"]
    return table[columns].assign(
        covered=(low <= experts) & (experts <= high),
        rank=rank,
        score=interval_score(low, high, experts, level),
        log_score=log_score,
    )


def summarise_scores(
    scores: pd.DataFrame, by: str | list[str], *, level: float = 0.8
) -> pd.DataFrame:
    """Average scores over companies.

    Parameters
    ----------
    scores
        Rows of `score_companies`, with the columns of `by`.
    by
        What to group by.
    level
        Probability content of the intervals.

    Returns
    -------
    DataFrame
        Per group: ``companies``; ``coverage`` of the printed intervals; ``large_coverage``, the
        same of companies with 100 employees and more; ``rank_coverage``, the share of ranks in
        the central `level`, which ties do not inflate; ``score`` and ``log_score``, means;
        ``total_ratio``, estimated over true total.
    """
    inside = (scores["rank"] - 0.5).abs() <= level / 2
    is_large = scores["headcount"].ge(_LARGE).fillna(False).astype(bool)
    large = scores["covered"].astype(float).where(is_large)
    groups = scores.assign(inside=inside, large=large).groupby(by, sort=False)
    table = groups.agg(
        companies=("company_id", "size"),
        coverage=("covered", "mean"),
        large_coverage=("large", "mean"),
        rank_coverage=("inside", "mean"),
        score=("score", "mean"),
        log_score=("log_score", "mean"),
        estimated=("mean", "sum"),
        true=("experts", "sum"),
    )
    ratio = table["estimated"] / table["true"]
    return table.assign(total_ratio=ratio).drop(columns=["estimated", "true"]).reset_index()

"""Scores of intervals against a known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import HeadcountResult
from ml_headcount_assets.validity.scoring import (
    interval_score,
    randomised_rank,
    score_companies,
    summarise_scores,
)


def result_of(
    draws: np.ndarray, evidence: list[str], headcount: int | list[int] = 1000
) -> HeadcountResult:
    known = np.array(evidence) != "none"
    count = len(draws)
    return HeadcountResult(
        company_id=np.array([f"c{i}" for i in range(count)], dtype=object),
        draws=np.ma.masked_array(draws, mask=np.broadcast_to(~known[:, None], draws.shape)),
        evidence=np.array(evidence, dtype=object),
        flags=np.full(count, "", dtype=object),
        n_profiles=np.zeros(count, dtype=np.int64),
        headcount=np.broadcast_to(np.array(headcount, dtype=np.int64), count),
    )


def test_interval_score_is_the_width_and_a_penalty_for_missing() -> None:
    # 2 / (1 - 0.8) = 10 for each unit outside.
    assert interval_score(2, 5, [3, 1, 9]) == pytest.approx([3, 13, 43])


def test_interval_score_favours_the_true_quantiles() -> None:
    truth = np.random.default_rng(0).standard_normal(200_000)
    ends = {z: interval_score(-z, z, truth).mean() for z in (1.0, 1.2816, 1.6)}
    assert min(ends, key=lambda z: ends[z]) == 1.2816


@pytest.mark.parametrize("mean", [0.05, 0.7, 30.0])
def test_ranks_of_calibrated_draws_are_uniform_however_small_the_counts(mean: float) -> None:
    rng = np.random.default_rng(1)
    rates = rng.gamma(2, mean / 2, size=4000)
    truth = rng.poisson(rates)
    draws = rng.poisson(rates[:, None], size=(4000, 500))
    ranks = randomised_rank(draws, truth, rng)
    counts, _ = np.histogram(ranks, bins=10, range=(0, 1))
    # Standard deviation of a bin is 19.
    assert np.abs(counts - 400).max() < 80


def test_companies_without_evidence_have_no_score() -> None:
    draws = np.array([[1, 2, 3, 4, 5], [0, 0, 0, 0, 0], [-1, -1, -1, -1, -1]]).repeat(2, axis=1)
    truth = pd.DataFrame({"company_id": ["c2", "c1", "c0"], "experts": [9, 4, 3]})
    scores = score_companies(result_of(draws, ["profiles", "aggregates", "none"]), truth)
    assert scores["company_id"].tolist() == ["c0", "c1"]
    assert scores["covered"].tolist() == [True, False]
    assert scores["score"].tolist() == pytest.approx([4, 40])
    assert scores.loc[1, "log_score"] == pytest.approx(10 * np.log(5))


def test_summary_averages_by_group_and_compares_totals() -> None:
    draws = np.tile(np.arange(1, 101), (4, 1))
    truth = pd.DataFrame({"company_id": [f"c{i}" for i in range(4)], "experts": [50, 1, 60, 101]})
    sizes = [99, 100, 0, 5000]
    scores = score_companies(result_of(draws, ["profiles"] * 4, sizes), truth)
    table = summarise_scores(scores.assign(half=["a", "a", "b", "b"]), "half").set_index("half")
    assert table["companies"].tolist() == [2, 2]
    assert table["coverage"].tolist() == [0.5, 0.5]
    # Of each half only the company that the interval misses is large.
    assert table["large_coverage"].tolist() == [0.0, 0.0]
    assert table["rank_coverage"].tolist() == [0.5, 0.5]
    assert table.loc["a", "total_ratio"] == pytest.approx(101 / 51)

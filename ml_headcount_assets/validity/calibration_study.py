"""Are the intervals right? Whole estimates of simulated worlds, set against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..errors import InputError
from ..model.estimate import estimate_headcount
from ..model.estimators import ESTIMATORS
from ..worlds.simulation import simulate_study
from .scoring import score_companies, summarise_scores

__all__ = ["CalibrationStudy", "study_calibration"]


@dataclass(frozen=True)
class CalibrationStudy:
    """What came of estimating simulated worlds.

    Attributes
    ----------
    companies
        One row per world, estimator and company with evidence: ``world, estimator`` and the
        columns of `scoring.score_companies`.
    totals
        One row per world and estimator: ``world, estimator, experts`` (the true total of the
        companies with evidence), ``mean, low, median, high``, ``covered``.
    level
        Probability content of the intervals.
    """

    companies: pd.DataFrame
    totals: pd.DataFrame
    level: float

    def summary(self, by_evidence: bool = False) -> pd.DataFrame:
        """Average over worlds and companies.

        Returns
        -------
        DataFrame
            Per estimator (and kind of evidence): the columns of `scoring.summarise_scores`.
            ``coverage_error`` is the standard error of ``coverage`` over worlds, whose companies
            share their annotators and are not independent. Without `by_evidence` also
            ``total_coverage``, the share of worlds whose total the interval covers.
        """
        by = ["estimator", "evidence"] if by_evidence else ["estimator"]
        table = summarise_scores(self.companies, by, level=self.level)
        worlds = self.companies.groupby([*by, "world"], sort=False)["covered"].mean()
        error = worlds.groupby(level=by, sort=False).sem().rename("coverage_error").reset_index()
        table = table.merge(error, on=by)
        if not by_evidence:
            totals = self.totals.groupby("estimator")["covered"].mean()
            table["total_coverage"] = table["estimator"].map(totals)
        return table

    def rank_histogram(self, estimator: str, bins: int = 10) -> NDArray[np.int64]:
        """Count the ranks of the truth among the draws, in equal bins, shape (bins,).

        A calibrated estimator gives a flat histogram (Talts et al. 2018); a hump means that
        intervals are too wide, a bowl too narrow, a slope that they are shifted.
        """
        ranks = self.companies.loc[self.companies["estimator"] == estimator, "rank"]
        return np.histogram(ranks, bins=bins, range=(0.0, 1.0))[0]


def study_calibration(
    *,
    worlds: int = 20,
    scenario: str = "matched",
    estimators: Sequence[str] = tuple(ESTIMATORS),
    companies: int = 100,
    profiles: int = 20_000,
    draws: int = 400,
    seed: int = 0,
    level: float = 0.8,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> CalibrationStudy:
    """Simulate worlds, estimate each of them, and compare with the truth.

    Parameters
    ----------
    worlds
        How many worlds; world w is simulated with seed ``seed + w``.
    scenario, companies, profiles
        As in `simulate_study`.
    estimators
        Of `estimators.ESTIMATORS`; all of them see the same worlds.
    draws, seed
        As in `estimate_headcount`.
    compute
        Where the worlds are estimated, each of them as one task.
    level
        Probability content of the intervals.
    progress
        Is told ``(done, total)`` worlds.

    Raises
    ------
    InputError
        No world or estimator, or one that is unknown.
    """
    if worlds < 1 or not estimators:
        raise InputError("A calibration study needs at least one world and one estimator.")
    chosen = tuple(estimators)
    compute = compute or LocalCompute()
    engine = compute.engine.settle()
    estimate = _World(scenario, companies, profiles, chosen, draws, seed, level, engine)
    estimated = compute.map(estimate, range(worlds), progress, worker=engine.worker)
    rows = [row for _, totals in estimated for row in totals]
    scores = pd.concat((pd.DataFrame(scores) for scores, _ in estimated), ignore_index=True)
    return CalibrationStudy(scores, pd.DataFrame(rows)[_TOTAL_COLUMNS], level)


_TOTAL_COLUMNS = ["world", "estimator", "experts", "mean", "low", "median", "high", "covered"]


@dataclass(frozen=True)
class _World:
    """The estimates of one world, which is simulated where they are made."""

    scenario: str
    companies: int
    profiles: int
    estimators: tuple[str, ...]
    draws: int
    seed: int
    level: float
    engine: Engine

    def __call__(self, world: int) -> tuple[dict[str, list], list[dict[str, object]]]:
        """Return the columns of the world's companies, and the rows of its totals."""
        seed = self.seed + world
        simulated = simulate_study(self.scenario, self.companies, self.profiles, seed)
        scores, totals = [], []
        for estimator in self.estimators:
            result = estimate_headcount(
                simulated.validation,
                simulated.profiles,
                simulated.companies,
                estimator,
                draws=self.draws,
                seed=seed,
                # Worlds already keep the cores busy.
                compute=LocalCompute(workers=1, engine=self.engine),
            )
            scored = score_companies(result, simulated.truth, level=self.level, seed=seed)
            key = {"world": world, "estimator": estimator}
            scores.append(scored.assign(**key))
            total = result.total(level=self.level)
            true = int(scored["experts"].sum())
            covered = total["low"] <= true <= total["high"]
            totals.append({**key, "experts": true, **total, "covered": covered})
        return pd.concat(scores, ignore_index=True).to_dict("list"), totals

"""How methods did on all worlds of a scenario: averages, their errors, and the oracle's share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..model import ESTIMATORS
from ..worlds.scenarios import SCENARIOS
from .answer_scores import EVERYBODY, MethodScore
from .answers import LEVELS
from .methods import METHODS, ORACLE

__all__ = ["SuiteScores", "merge_scores"]


@dataclass(frozen=True)
class SuiteScores:
    """How methods did on worlds; prints as a table of scenarios and methods.

    Attributes
    ----------
    scores
        One record a world and method.
    """

    scores: tuple[MethodScore, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per world, method and group of companies, with `GroupScore`'s sums."""
        rows = [
            {
                "scenario": score.scenario,
                "world": score.world,
                "method": score.method,
                "seconds": score.seconds,
                "warned": bool(score.warnings),
                "failed": score.failure is not None,
                **group,
            }
            for score in self.scores
            for group in _flat(score)
        ]
        return pd.DataFrame(rows)

    def summary(self, by: str = EVERYBODY) -> pd.DataFrame:
        """Average over the worlds of each scenario.

        Parameters
        ----------
        by
            One of `GROUPINGS`.

        Returns
        -------
        DataFrame
            One row per scenario, method and group: ``worlds``; ``answered``, the share of the
            companies with evidence; ``coverage_50, coverage_80, coverage_95``; ``ranks``, the
            share of randomised ranks in the central 80 %, and their mean ``rank_mean``;
            ``log_score``, of 80 % intervals of log(1 + experts); ``to_oracle``, that over the
            oracle's on the companies that the method answers; ``total_ratio``, the geometric mean
            of estimated over true total;
            ``total_50, total_80, total_95``, the share of worlds whose total is covered;
            ``warned, failed``, shares of the worlds; ``seconds`` a world. Columns that end in
            ``_error`` are standard errors over worlds, whose companies share their annotators
            and are not independent.
        """
        frame = self.to_frame()
        if frame.empty:
            return pd.DataFrame()
        frame = frame[frame["by"] == by]
        rows = [
            {"scenario": scenario, "method": method, "group": group, **_averages(worlds)}
            for (scenario, method, group), worlds in frame.groupby(
                ["scenario", "method", "group"], sort=False
            )
        ]
        return _against_oracle(pd.DataFrame(rows), self.scores, by)

    def failures(self) -> dict[str, str]:
        """Return the last failure of each method that has failed, by method."""
        return {s.method: s.failure for s in self.scores if s.failure is not None}

    def silent(self) -> dict[str, list[str]]:
        """Return who has answered without a word what nobody can answer, by scenario."""
        silent: dict[str, list[str]] = {}
        for s in self.scores:
            must = SCENARIOS[s.scenario].must_warn and s.method in ESTIMATORS
            if must and not s.warnings and s.failure is None:
                names = silent.setdefault(s.scenario, [])
                names += [s.method] if s.method not in names else []
        return silent

    def __str__(self) -> str:
        """Coverage, ranks, log score and totals, one line a scenario and method."""
        table = self.summary()
        if table.empty:
            return "No world has been scored."
        columns = ["coverage_80", "ranks", "log_score", "to_oracle", "total_ratio", "total_80"]
        shown = table[["scenario", "method", "worlds", "answered", *columns]]
        return shown.to_string(index=False, float_format="{:.2f}".format, na_rep="-")


_NUMBERS = {
    "companies": 0, "answered": 0, "ranked": 0, "rank_inside": 0, "rank_sum": 0.0,
    "log_score": np.nan, "estimated": np.nan, "experts": 0,
}  # fmt: skip
_PERCENT = tuple(round(100 * level) for level in LEVELS)


def _flat(score: MethodScore) -> Iterator[dict[str, object]]:
    if not score.groups:
        yield {"by": EVERYBODY, "group": EVERYBODY, **_NUMBERS}
    for group in score.groups:
        numbers = {name: getattr(group, name) for name in _NUMBERS}
        if numbers["log_score"] is None:
            numbers["log_score"] = np.nan
        for name, values in (("inside", group.inside), ("total", group.total)):
            padded = values or (np.nan,) * len(LEVELS)
            numbers |= {
                f"{name}_{level}": float(value)
                for level, value in zip(_PERCENT, padded, strict=True)
            }
        yield {"by": group.by, "group": group.group, **numbers}


def _averages(worlds: pd.DataFrame) -> dict[str, float]:
    """Average one method over the worlds of one scenario."""
    done = worlds[~worlds["failed"]]
    row: dict[str, float] = {
        "worlds": len(worlds),
        "answered": _ratio(done["answered"], done["companies"])[0],
    }
    for level in _PERCENT:
        _put(row, f"coverage_{level}", _ratio(done[f"inside_{level}"], done["answered"]))
    _put(row, "ranks", _ratio(done["rank_inside"], done["ranked"]))
    row["rank_mean"] = _ratio(done["rank_sum"], done["ranked"])[0]
    _put(row, "log_score", _ratio(done["log_score"], done["answered"]))
    # Half an expert keeps a total of nobody finite, and moves no other.
    log_ratio = np.log((done["estimated"] + 0.5) / (done["experts"] + 0.5))[done["answered"] > 0]
    row["total_ratio"] = float(np.exp(log_ratio.mean()))
    row["total_ratio_error"] = row["total_ratio"] * float(log_ratio.sem())
    for level in _PERCENT:
        row[f"total_{level}"] = float(done[f"total_{level}"].mean())
    row["warned"], row["failed"] = worlds["warned"].mean(), worlds["failed"].mean()
    row["seconds"] = float(worlds["seconds"].mean())
    return row


def _put(row: dict[str, float], name: str, found: tuple[float, float]) -> None:
    row[name], row[f"{name}_error"] = found


def _ratio(numerator: pd.Series, denominator: pd.Series) -> tuple[float, float]:
    """Ratio of sums over worlds, and its standard error (linearised; worlds are the units)."""
    top, bottom = numerator.to_numpy(float), denominator.to_numpy(float)
    worlds = len(top)
    if not worlds or not bottom.sum() or np.isnan(top).any():
        return np.nan, np.nan
    ratio = top.sum() / bottom.sum()
    if worlds == 1:
        return float(ratio), np.nan
    residual = top - ratio * bottom
    error = np.sqrt(worlds / (worlds - 1) * (residual**2).sum()) / bottom.sum()
    return float(ratio), float(error)


def _against_oracle(table: pd.DataFrame, scores: Sequence[MethodScore], by: str) -> pd.DataFrame:
    """Add `to_oracle`, from the companies that both have answered."""
    best = {(s.scenario, s.world): s.companies for s in scores if s.method == ORACLE}
    sums: dict[tuple[str, str, str], tuple[float, float]] = {}
    for s in scores:
        theirs = best.get((s.scenario, s.world), ())
        if len(theirs) != len(s.companies):
            continue
        for (band, kind, score), (_, _, least) in zip(s.companies, theirs, strict=True):
            if score is not None and least is not None:
                group = {EVERYBODY: EVERYBODY, "band": band, "evidence": kind}[by]
                key = (s.scenario, s.method, group)
                mine, best_mine = sums.get(key, (0.0, 0.0))
                sums[key] = mine + score, best_mine + least
    ratios = {key: score / least for key, (score, least) in sums.items() if least > 0}
    keys = zip(table["scenario"], table["method"], table["group"], strict=True)
    place = list(table.columns).index("log_score_error") + 1
    table.insert(place, "to_oracle", [ratios.get(key, np.nan) for key in keys])
    return table


def merge_scores(scores: Iterable[MethodScore]) -> SuiteScores:
    """Put scores in the order of scenario, world and method; of two of a kind the last counts."""
    latest = {(s.scenario, s.world, s.method): s for s in scores}
    scenarios, methods = list(SCENARIOS), list(METHODS)
    order = sorted(
        latest.values(),
        key=lambda s: (scenarios.index(s.scenario), s.world, methods.index(s.method)),
    )
    return SuiteScores(tuple(order))

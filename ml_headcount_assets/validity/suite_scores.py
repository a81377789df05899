"""How one method did on one world, and how methods did on all worlds of a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model import ESTIMATORS
from ..model.priors import SIZE_BANDS, size_band
from ..model.streams import stream
from ..worlds.scenarios import SCENARIOS
from ..worlds.simulation import SimulatedWorld
from .answers import LEVELS, Answer
from .methods import METHODS, ORACLE
from .scoring import interval_score
from .world_evidence import KINDS, kinds_of_evidence

__all__ = [
    "EVERYBODY",
    "GROUPINGS",
    "GroupScore",
    "MethodScore",
    "SuiteScores",
    "merge_scores",
    "score_answer",
]

#: Intervals of this content are what the log score and the share of ranks are of.
SCORED_LEVEL = 0.8
EVERYBODY = "all"
# Of each company's score; more would only fill the file.
_KEPT_DIGITS = 4
#: What companies are told apart by.
GROUPINGS = (EVERYBODY, "band", "evidence")


#: A company's band, kind of evidence, and interval score of log(1 + experts) if it has an interval.
CompanyScore = tuple[str, str, float | None]


@dataclass(frozen=True)
class GroupScore:
    """Sums over the companies of one group in one world.

    Attributes
    ----------
    by, group
        One of `GROUPINGS`, and which group of it.
    companies, answered
        With evidence, and those of them that the method answers; all else is about these.
    ranked, rank_inside, rank_sum
        Companies with a rank, ranks in the central 80 %, and their sum.
    inside
        Companies whose interval holds the truth, by level of `LEVELS`; empty without intervals.
    log_score
        Sum of the interval scores of log(1 + experts), at 80 %; None without intervals.
    estimated, experts
        Sums of the means and of the truth.
    total
        Whether the joint interval of the total holds the truth, by level; empty without one.
    """

    by: str
    group: str
    companies: int
    answered: int
    ranked: int
    rank_inside: int
    rank_sum: float
    inside: tuple[int, ...]
    log_score: float | None
    estimated: float
    experts: int
    total: tuple[bool, ...]


@dataclass(frozen=True)
class MethodScore:
    """How one method did on one world.

    Attributes
    ----------
    scenario, world, seed
        Which world, and the seed it was simulated with.
    method
        Who answered.
    seconds
        Processor time of the answer.
    warnings
        What it said in words.
    failure
        Why there is no answer; None if there is.
    groups
        Scores of everybody, of each band and of each kind of evidence.
    companies
        Of each company with evidence its band, its kind of evidence, and its interval score of
        log(1 + experts), None where the method gives no interval.
    """

    scenario: str
    world: int
    seed: int
    method: str
    seconds: float
    warnings: tuple[str, ...] = ()
    failure: str | None = None
    groups: tuple[GroupScore, ...] = field(default=(), repr=False)
    companies: tuple[CompanyScore, ...] = field(default=(), repr=False)

    def to_record(self) -> dict[str, object]:
        """Return plain numbers and texts, as JSON has them."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict) -> MethodScore:
        """Read what `to_record` has given."""
        groups = [
            GroupScore(
                **{**group, "inside": tuple(group["inside"]), "total": tuple(group["total"])}
            )
            for group in record["groups"]
        ]
        companies = tuple((band, kind, score) for band, kind, score in record["companies"])
        read = {"warnings": tuple(record["warnings"]), "groups": tuple(groups)}
        return cls(**{**record, **read, "companies": companies})


def score_answer(
    answer: Answer, world: SimulatedWorld
) -> tuple[tuple[GroupScore, ...], tuple[CompanyScore, ...]]:
    """Score what a method says of the companies with any evidence, by group and one by one."""
    truth = world.truth["experts"].to_numpy(np.int64)
    bounds = [answer.interval(level) for level in LEVELS]
    ranks = answer.ranks(truth, stream(world.seed, "scoring", "ties"))
    logs = _log_scores(answer, truth)
    groups = tuple(
        _group_score(answer, truth, bounds, ranks, logs, by, group, chosen)
        for by, group, chosen in _groups(world)
    )
    bands, kinds = size_band(world.truth["headcount"]), kinds_of_evidence(world)
    companies = tuple(
        (band, kind, None if np.isnan(score) else round(float(score), _KEPT_DIGITS))
        for band, kind, score in zip(bands, kinds, logs, strict=True)
        if kind != KINDS[-1]
    )
    return groups, companies


def _log_scores(answer: Answer, truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """Interval scores of log(1 + experts), (C,); NaN where there is no interval."""
    ends = answer.interval(SCORED_LEVEL)
    if ends is None:
        return np.full(len(truth), np.nan)
    low, high = (np.where(answer.known, end, np.nan) for end in ends)
    return interval_score(np.log1p(low), np.log1p(high), np.log1p(truth), SCORED_LEVEL)


def _groups(world: SimulatedWorld) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    kinds = kinds_of_evidence(world)
    bands = size_band(world.truth["headcount"])
    known = kinds != KINDS[-1]
    yield EVERYBODY, EVERYBODY, known
    for by, groups, names in (("band", bands, SIZE_BANDS), ("evidence", kinds, KINDS)):
        for name in names:
            if (known & (groups == name)).any():
                yield by, name, known & (groups == name)


def _group_score(
    answer: Answer,
    truth: NDArray[np.int64],
    bounds: Sequence[tuple[NDArray, NDArray] | None],
    ranks: NDArray[np.float64] | None,
    logs: NDArray[np.float64],
    by: str,
    group: str,
    chosen: NDArray[np.bool_],
) -> GroupScore:
    heard = chosen & answer.known
    here = truth[heard]
    inside = []
    for ends in bounds:
        if ends is None:
            continue
        low, high = ends[0][heard], ends[1][heard]
        inside.append(int(((low <= here) & (here <= high)).sum()))
    ranked = np.empty(0) if ranks is None else ranks[heard]
    total = []
    for level in LEVELS:
        joint = answer.total(heard, level) if heard.any() else None
        if joint is not None:
            total.append(bool(joint[0] <= here.sum() <= joint[1]))
    return GroupScore(
        by,
        group,
        int(chosen.sum()),
        int(heard.sum()),
        len(ranked),
        int((np.abs(ranked - 0.5) <= SCORED_LEVEL / 2).sum()),
        float(ranked.sum()),
        tuple(inside),
        float(logs[heard].sum()) if inside else None,
        float(answer.mean[heard].sum()),
        int(here.sum()),
        tuple(total),
    )


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

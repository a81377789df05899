"""How one method did on one world: sums over groups of companies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..model.priors import SIZE_BANDS, size_band
from ..model.streams import stream
from ..worlds.simulation import SimulatedWorld
from .answers import LEVELS, Answer
from .scoring import interval_score
from .world_evidence import KINDS, kinds_of_evidence

__all__ = [
    "EVERYBODY",
    "GROUPINGS",
    "CompanyScore",
    "GroupScore",
    "MethodScore",
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

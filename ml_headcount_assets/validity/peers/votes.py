"""The majority of the LLMs as one judge, for methods that correct the rate of a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...worlds.simulation import SimulatedWorld
from ..answers import LEVELS, IntervalAnswer
from ..world_evidence import seen_of

__all__ = ["Rate", "Votes", "answer_by_rate", "employees", "old_random_numbers", "votes_of"]

IntArray = NDArray[np.int64]
#: From one company's votes and a level: point, low and high of the share of experts; None if the
#: method has no answer.
Rate = Callable[[IntArray, float], tuple[float, float, float] | None]


@dataclass(frozen=True)
class Votes:
    """Votes of the majority of the LLMs.

    Attributes
    ----------
    verdicts, rated
        Truth of the rated CVs and votes on them, (R,).
    companies
        Votes on the profiles of each company, in the order of the world's.
    """

    verdicts: IntArray
    rated: IntArray
    companies: tuple[IntArray, ...]


def votes_of(world: SimulatedWorld) -> Votes:
    """Let more than half of the LLMs that have answered decide on each person."""
    llms = list(world.parameters.llms)
    profiles = pd.DataFrame(
        {"company_id": world.profiles["company_id"], "vote": _majority(world.profiles[llms])}
    )
    groups = {company: g["vote"].to_numpy() for company, g in profiles.groupby("company_id")}
    nobody = np.empty(0, dtype=np.int64)
    return Votes(
        world.validation["is_expert"].to_numpy(np.int64),
        _majority(world.validation[llms]),
        tuple(groups.get(company, nobody) for company in world.companies["company_id"]),
    )


def _majority(labels: pd.DataFrame) -> IntArray:
    accepts, answered = labels.sum(axis=1), labels.notna().sum(axis=1)
    return (2 * accepts > answered).to_numpy(dtype=np.int64)


def employees(world: SimulatedWorld) -> IntArray:
    """Headcounts (C,) as everybody sees them."""
    return np.array([company.headcount for company in seen_of(world)])


def answer_by_rate(world: SimulatedWorld, votes: Votes, rate: Rate) -> IntervalAnswer:
    """Ask a method for each company's share of experts, and for that of all together.

    The total is the method's answer on the pooled profiles of the companies that it has an answer
    for, times their employees; it has no other way to one.
    """
    headcount = employees(world)
    shares = np.full((len(LEVELS), len(headcount), 3), np.nan)
    for row, company in enumerate(votes.companies):
        answers = [rate(company, level) for level in LEVELS] if len(company) else [None]
        if None not in answers:
            shares[:, row] = answers
    known = ~np.isnan(shares[0, :, 0])
    counts: NDArray[np.float64] = shares * headcount[:, None]
    pooled = np.concatenate([c for c, k in zip(votes.companies, known, strict=True) if k])
    totals = {}
    for level in LEVELS:
        found = rate(pooled, level)
        if found is not None:
            _, low, high = found
            totals[level] = low * headcount[known].sum(), high * headcount[known].sum()
    return IntervalAnswer(
        known,
        np.where(known, np.clip(counts[0, :, 0], 0, headcount), np.nan),
        {level: (counts[k, :, 1], counts[k, :, 2]) for k, level in enumerate(LEVELS)},
        totals,
    )


@contextmanager
def old_random_numbers(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator for a package that draws from it, and put it back."""
    before = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002

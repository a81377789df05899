"""Who there is in a simulated world: companies, their people, and whose profiles are seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..model.priors import DEFAULT_PRIORS, SIZE_BANDS, size_band
from ..model.streams import stream
from .scenarios import PUBLISHED_SIZES, Cohort, Scenario

__all__ = ["Population", "Prevalence", "draw_population"]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

#: Shares of a profiled company's employees who have a profile.
COVERAGE = (0.6, 1.0)
#: Most people of a company that LLMs are asked about where only their counts are kept.
_MOST_LABELLED = 3_000


@dataclass(frozen=True)
class Prevalence:
    """What shares of experts are drawn from, company by company.

    Attributes
    ----------
    beta
        (C, 2) parameters of Beta distributions; None if all are uniform on `range`.
    range
        Bounds of the uniform distribution, or None.
    """

    beta: FloatArray | None
    range: tuple[float, float] | None = None

    def draw(self, companies: int, rng: np.random.Generator) -> FloatArray:
        """Draw the shares, (C,)."""
        if self.beta is None:
            assert self.range is not None
            return rng.uniform(*self.range, companies)
        a, b = self.beta.T
        return rng.beta(a, b, companies)


@dataclass(frozen=True)
class Population:
    """Who there is; all arrays (C,).

    Attributes
    ----------
    ids
        Of the companies.
    headcount, experts
        Employees, and experts among them.
    prevalence
        Share that the experts were drawn with.
    observed, observed_experts
        People whose labels are known, and experts among them.
    counted_only
        Companies of whose labels only accepted counts are kept.
    easy_share, easy_shift
        Share of easy negatives, and what is added to their latent means.
    cohort
        Names of the cohorts, if the scenario has any.
    law
        What the prevalences were drawn from.
    """

    ids: NDArray[np.str_]
    headcount: IntArray
    experts: IntArray
    prevalence: FloatArray
    observed: IntArray
    observed_experts: IntArray
    counted_only: NDArray[np.bool_]
    easy_share: FloatArray
    easy_shift: FloatArray
    cohort: NDArray[np.object_] | None
    law: Prevalence


def draw_population(companies: int, profiles: int, setting: Scenario, seed: int) -> Population:
    """Draw the companies' people, and of which of them labels are known."""
    frame = (_cohorts if setting.cohorts else _one_kind)(companies, profiles, setting, seed)
    prevalence = frame.law.draw(companies, stream(seed, "simulate", "prevalence"))
    experts = stream(seed, "simulate", "experts").binomial(frame.headcount, prevalence)
    observed_experts = stream(seed, "simulate", "who is seen").hypergeometric(
        experts, frame.headcount - experts, frame.observed
    )
    return Population(
        ids=np.array([f"company-{number:04d}" for number in range(1, companies + 1)]),
        headcount=frame.headcount,
        experts=experts,
        prevalence=prevalence,
        observed=frame.observed,
        observed_experts=observed_experts,
        counted_only=frame.counted_only,
        easy_share=frame.easy_share,
        easy_shift=frame.easy_shift,
        cohort=frame.cohort,
        law=frame.law,
    )


@dataclass(frozen=True)
class _Frame:
    """Companies before anybody works there; as in `Population`."""

    headcount: IntArray
    observed: IntArray
    counted_only: NDArray[np.bool_]
    easy_share: FloatArray
    easy_shift: FloatArray
    cohort: NDArray[np.object_] | None
    law: Prevalence


def _one_kind(companies: int, profiles: int, setting: Scenario, seed: int) -> _Frame:
    """Companies of the published sizes and the default priors."""
    sizes = PUBLISHED_SIZES.values()
    headcount = _draw_headcounts(sizes, companies, stream(seed, "simulate", "headcount"))
    observed = _choose_profiles(headcount, profiles, stream(seed, "simulate", "profiled"))
    if setting.easy_beta is None:
        easy_share = np.full(companies, setting.easy_share)
    else:
        rng = stream(seed, "simulate", "easy shares")
        easy_share = rng.beta(*setting.easy_beta, size=companies)
    return _Frame(
        headcount,
        observed,
        _choose_counted(observed, setting.labelled, stream(seed, "simulate", "counted only")),
        easy_share,
        np.full(companies, setting.easy_shift),
        None,
        _prevalence(headcount, setting),
    )


def _prevalence(headcount: IntArray, setting: Scenario) -> Prevalence:
    if setting.prevalence_range is not None:
        return Prevalence(None, setting.prevalence_range)
    a, b = np.array([DEFAULT_PRIORS.bands[band] for band in size_band(headcount)]).T
    raised = a * setting.prevalence_factor
    return Prevalence(np.stack([raised, a + b - raised], axis=1))


def _choose_counted(
    observed: IntArray, share: float, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Of which companies with labels only counts are kept, (C,)."""
    chosen = np.zeros(len(observed), dtype=bool)
    labelled = rng.permutation(np.flatnonzero(observed))
    chosen[labelled[: round(share * len(labelled))]] = True
    return chosen


def _cohorts(companies: int, profiles: int, setting: Scenario, seed: int) -> _Frame:
    """Companies of several natures; the number of profiles is a bound, not a wish."""
    assert setting.cohorts is not None
    cohorts = list(setting.cohorts.values())
    counts = _apportion(np.array([cohort.share for cohort in cohorts]), companies)
    member = np.repeat(np.arange(len(cohorts)), counts)

    def each(draw: Callable[[Cohort, int], NDArray]) -> NDArray:
        return np.concatenate([draw(c, n) for c, n in zip(cohorts, counts, strict=True)])

    rng = stream(seed, "simulate", "cohorts")
    headcount = each(lambda cohort, n: _draw_headcounts(cohort.sizes, n, rng))
    easy_share = each(lambda cohort, n: rng.beta(*cohort.easy, size=n))
    evidence = each(_kinds_of_evidence)
    covered = np.ceil(rng.uniform(*COVERAGE, companies) * headcount).astype(np.int64)
    covered[evidence == "labelled"] = np.minimum(covered, _MOST_LABELLED)[evidence == "labelled"]
    covered[evidence == "hits"] = 0
    seen = covered[evidence == "profiled"].sum()
    if seen > profiles:
        kept = covered[evidence == "profiled"] * (profiles / seen)
        covered[evidence == "profiled"] = np.floor(kept).astype(np.int64)
    order = rng.permutation(companies)
    return _Frame(
        headcount[order],
        covered[order],
        (evidence == "labelled")[order],
        easy_share[order],
        each(lambda cohort, n: np.full(n, cohort.easy_shift))[order],
        np.array(list(setting.cohorts), dtype=object)[member][order],
        Prevalence(each(lambda cohort, n: np.tile(cohort.prevalence, (n, 1)))[order]),
    )


def _kinds_of_evidence(cohort: Cohort, companies: int) -> NDArray[np.object_]:
    profiled, labelled = round(cohort.profiled * companies), round(cohort.labelled * companies)
    kinds = np.full(companies, "hits", dtype=object)
    # Headcounts come in random order, so that any companies are as good as any others.
    kinds[:profiled] = "profiled"
    kinds[profiled : profiled + labelled] = "labelled"
    return kinds


def _draw_headcounts(
    sizes: Iterable[tuple[int, int, int]], companies: int, rng: np.random.Generator
) -> IntArray:
    """True headcounts (C,) in random order, log-uniform within each range of sizes."""
    published, low, high = np.array(list(sizes)).T
    counts = _apportion(published.astype(float), companies)
    low, high = np.repeat(low, counts), np.repeat(high, counts)
    drawn = np.exp(rng.uniform(np.log(low), np.log(high)))
    return rng.permutation(np.minimum(drawn.astype(np.int64), high - 1))


def _apportion(weights: FloatArray, total: int) -> IntArray:
    """Split `total` into integers proportional to `weights` by largest remainders."""
    exact = weights / weights.sum() * total
    shares = np.floor(exact).astype(np.int64)
    order = np.argsort(shares - exact, kind="stable")
    shares[order[: total - shares.sum()]] += 1
    return shares


def _choose_profiles(headcount: IntArray, wanted: int, rng: np.random.Generator) -> IntArray:
    """Number of observed profiles of each company (C,); 0 where there are keyword counts only."""
    band, rank = size_band(headcount), rng.permutation(len(headcount))
    in_half = np.zeros(len(headcount), dtype=bool)
    for name in SIZE_BANDS:
        members = np.flatnonzero(band == name)
        members = members[np.argsort(rank[members])]
        in_half[members[: (len(members) + 1) // 2]] = True

    least = np.ceil(COVERAGE[0] * headcount).astype(np.int64)
    typical = np.maximum(least, np.mean(COVERAGE) * headcount)
    half = np.flatnonzero(in_half)
    half = half[np.argsort(headcount[half], kind="stable")]
    taken = np.zeros(len(headcount), dtype=bool)
    taken[half[np.cumsum(typical[half]) <= wanted]] = True
    for company in np.argsort(-headcount, kind="stable"):
        if not taken[company] and typical[taken].sum() + typical[company] <= wanted:
            taken[company] = True

    observed = np.ceil(rng.uniform(*COVERAGE, len(headcount)) * headcount).astype(np.int64)
    observed[~taken] = 0
    lacking = wanted - observed.sum()
    room = np.where(taken, headcount - observed if lacking > 0 else observed - least, 0)
    if room.sum() > 0:
        step = _apportion(room.astype(float), min(abs(lacking), room.sum()))
        observed += np.sign(lacking) * step
    return observed

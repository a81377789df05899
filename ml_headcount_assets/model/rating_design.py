"""Which profiles people should rate next: where a verdict narrows the chosen total most.

A total and the shares of experts among profiles of each kind have a joint posterior, and the fit's
draws are draws from it. With their means and covariances taken for all there is to know (the
linear Bayes rule; for normal posteriors it is exact), a verdict on a profile of kind s is a
measurement of the share q_s with the noise of one yes or no, and what it takes from the total's
variance follows. Drift is in there: where all annotators may miss experts, the total and the
shares among accepted and rejected profiles move together from draw to draw.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.local import products_in_one_thread
from ..errors import InputError
from ..wording import count, how_many, interval, percent
from .evidence import NONE, CompanyEvidence
from .hierarchical import HierarchicalFit, draw_company_hierarchical
from .hierarchical.company_counts import company_counts
from .hierarchical.company_draws import CompanyView
from .intervals import LEVEL, tails
from .patterns import encode_patterns
from .settings import EstimatorSettings
from .streams import stream
from .study_evidence import StudyEvidence

__all__ = ["RANDOM_PART", "RatingDesign", "design_ratings"]

FloatArray = NDArray[np.float64]

#: Part of a round that is drawn by chance from all profiles.
RANDOM_PART = 0.2
# Share of wrong verdicts that a plan reckons with, of either kind.
_WRONG = 0.04
_HEADLINE = "headline"


@dataclass(frozen=True)
class RatingDesign:
    """A round of ratings, planned.

    Attributes
    ----------
    strata
        One row per kind of profile that is to be rated, most ratings first: ``group`` (a cohort,
        or the company that the plan is for), ``pattern`` (labels of the likelihood's annotators by
        name), ``n_profiles`` (not rated yet), ``expert_share`` and ``sd`` (of P(expert), over the
        draws), ``n_random``, ``n_ratings`` (in all), ``inclusion`` (probability of each of these
        profiles, given the numbers of ratings).
    company_group
        Group of each company.
    purpose
        ``headline``, ``cohort=NAME`` or ``company=ID``.
    n, seed
        Ratings, and the seed of the random part and of the choice of profiles.
    total
        Lower end, median and upper end of the total that is to be narrowed.
    narrowed, narrowed_by_chance
        Width of its interval afterwards as a share of today's, as proposed and if all profiles
        were drawn by chance. Expectations of a linear rule, and no promise.
    level
        Of the interval.
    """

    strata: pd.DataFrame
    company_group: dict[str, str]
    purpose: str
    n: int
    seed: int
    total: tuple[float, float, float]
    narrowed: float
    narrowed_by_chance: float
    level: float

    def __repr__(self) -> str:
        low, median, high = self.total
        return (
            f"{count(self.n)} ratings for {self.purpose}: {percent(self.level)} interval "
            f"{interval(low, high)} (median {count(median)}), expected to narrow to "
            f"{percent(round(self.narrowed, 2))} of its width, and to "
            f"{percent(round(self.narrowed_by_chance, 2))} "
            "if all were drawn by chance"
        )

    def choose(self, profiles: pd.DataFrame) -> pd.DataFrame:
        """Draw the profiles of each kind by chance.

        Parameters
        ----------
        profiles
            ``company_id`` and ``pattern`` (of the likelihood's annotators by name) of those that
            can be rated and are not yet, in an order of their own that does not change.

        Returns
        -------
        DataFrame
            The chosen rows, with ``group``, ``inclusion`` and ``by_chance`` (whether the row is
            of the part drawn by chance from all). Fewer where there are fewer of a kind to
            choose from than the plan has; ``inclusion`` is then 1.
        """
        group = profiles["company_id"].astype(str).map(self.company_group)
        kinds = {key: rows for key, rows in profiles.groupby([group, "pattern"], sort=True)}
        chosen = [profiles.iloc[:0].assign(group="", inclusion=0.0, by_chance=False)]
        for kind in self.strata.itertuples():
            rows = kinds.get((kind.group, kind.pattern), profiles.iloc[:0])
            number = min(int(kind.n_ratings), len(rows))
            rng = stream(self.seed, "rating design", "profiles", kind.group, kind.pattern)
            places = rng.permutation(len(rows))[:number]
            chosen.append(
                rows.iloc[places].assign(
                    group=kind.group,
                    inclusion=number / max(len(rows), 1),
                    by_chance=np.arange(number) < kind.n_random,
                )
            )
        return pd.concat(chosen)


@products_in_one_thread()
def design_ratings(
    fit: HierarchicalFit,
    evidence: StudyEvidence,
    settings: EstimatorSettings,
    *,
    n: int = 100,
    purpose: str = _HEADLINE,
    random_part: float = RANDOM_PART,
    draws: int = 600,
    seed: int = 0,
    level: float = LEVEL,
) -> RatingDesign:
    """Spread ratings over kinds of profile so that a total's interval narrows most.

    Parameters
    ----------
    fit, evidence, settings
        The study as it has been fitted by `hierarchical`.
    n
        Ratings.
    purpose
        Whose total: ``headline`` (all companies), ``cohort=NAME`` or ``company=ID``.
    random_part
        Share of the ratings drawn by chance from all profiles with labels, so that a part of the
        sample represents them whatever the model believes.
    draws, seed, level
        Joint draws that covariances are taken from, seed, and content of the interval.

    Raises
    ------
    InputError
        The purpose names nobody with evidence, a number is out of range, or fewer than `n`
        profiles are left to be rated.
    """
    if n < 1 or not 0 <= random_part <= 1:
        raise InputError("A round needs at least one rating, and a random part from 0 to 1.")
    companies = [c for c in evidence.assess(settings) if c.evidence != NONE]
    chosen = _chosen(companies, purpose)
    groups = {c.company_id: _group(c, purpose) for c in companies}
    kinds, total = _kinds(fit, companies, groups, chosen, draws, seed)
    left = int(kinds.sizes.sum())
    if left < n:
        raise InputError(
            f"Only {how_many(left, 'labelled profile is', 'labelled profiles are')} not rated"
            " yet; ask for so many."
        )
    joint = _Joint.of(kinds.shares, total)
    by_chance = round(random_part * n)
    rng = stream(seed, "rating design", "random part", purpose)
    random = rng.multivariate_hypergeometric(kinds.sizes, by_chance)
    numbers = joint.spread(random, kinds.sizes, n - by_chance)
    strata = pd.DataFrame(
        {
            "group": [group for group, _ in kinds.keys],
            "pattern": [pattern for _, pattern in kinds.keys],
            "n_profiles": kinds.sizes,
            "expert_share": kinds.shares.mean(axis=0),
            "sd": kinds.shares.std(axis=0, ddof=1),
            "n_random": random,
            "n_ratings": numbers,
            "inclusion": numbers / kinds.sizes,
        }
    )
    strata = strata[strata["n_ratings"] > 0].sort_values(
        ["n_ratings", "group", "pattern"], ascending=[False, True, True], ignore_index=True
    )
    low, high = np.quantile(total, tails(level, draws))
    return RatingDesign(
        strata,
        groups,
        purpose,
        n,
        seed,
        (float(low), float(np.median(total)), float(high)),
        joint.narrowed(numbers),
        joint.narrowed(n * kinds.sizes / left),
        level,
    )


def _chosen(companies: Sequence[CompanyEvidence], purpose: str) -> set[str]:
    """Return the companies whose total is meant."""
    what, _, name = purpose.partition("=")
    if purpose == _HEADLINE:
        found = {c.company_id for c in companies}
    elif what == "cohort" and name:
        found = {c.company_id for c in companies if _cohort(c) == name}
    elif what == "company" and name:
        found = {c.company_id for c in companies if c.company_id == name}
    else:
        raise InputError(
            f"Ratings for {purpose!r} are not known; say headline, cohort=NAME or company=ID."
        )
    if not found:
        raise InputError(f"No company with evidence belongs to {purpose!r}; correct the name.")
    return found


def _cohort(company: CompanyEvidence) -> str:
    return (company.cohort or "").split(";")[0].strip()


def _group(company: CompanyEvidence, purpose: str) -> str:
    """Return whom a company's profiles are put together with: its cohort's, or nobody's."""
    if purpose == f"company={company.company_id}":
        return company.company_id
    return _cohort(company) or "all"


@dataclass(frozen=True)
class _Kinds:
    """K kinds of profile: (group, pattern), profiles not rated (K,), P(expert) (draws, K)."""

    keys: tuple[tuple[str, str], ...]
    sizes: NDArray[np.int64]
    shares: FloatArray


def _kinds(
    fit: HierarchicalFit,
    companies: Sequence[CompanyEvidence],
    groups: dict[str, str],
    chosen: set[str],
    draws: int,
    seed: int,
) -> tuple[_Kinds, FloatArray]:
    """Return the kinds of profile, and the chosen total in each draw, (draws,)."""
    sizes: dict[tuple[str, str], int] = {}
    sums: dict[tuple[str, str], FloatArray] = {}
    total = np.zeros(draws)
    for company in companies:
        drawn = draw_company_hierarchical(fit, company, draws=draws, seed=seed)
        if company.company_id in chosen:
            total += drawn.experts
        if not company.n_profiles:
            continue
        instruments = fit.layout.instruments
        counts = company_counts(company, instruments, separate_search=fit.layout.separate_search)
        view = CompanyView.of(fit, counts)
        seen = view.seen_probability(drawn.prevalence, drawn.easy)
        rated = 0 if counts.verdicts is None else counts.verdicts.rated_of(counts.labels)
        for column, (pattern, left) in enumerate(
            zip(encode_patterns(company.labels), company.counts - rated, strict=True)
        ):
            if left > 0:
                key = groups[company.company_id], str(pattern)
                sizes[key] = sizes.get(key, 0) + int(left)
                sums[key] = sums.get(key, np.zeros(draws)) + left * seen[:, column]
    keys = tuple(sorted(sizes))
    if not keys:
        raise InputError("No company has labelled profiles that are not rated yet.")
    n = np.array([sizes[key] for key in keys], dtype=np.int64)
    return _Kinds(keys, n, np.stack([sums[key] for key in keys], axis=1) / n), total


@dataclass(frozen=True)
class _Joint:
    """Second moments of shares and total.

    Attributes
    ----------
    covariance
        Of what verdicts measure, (K, K).
    with_total
        With the total, (K,).
    noise
        Variance of one verdict given the share, (K,).
    variance
        Of the total.
    """

    covariance: FloatArray
    with_total: FloatArray
    noise: FloatArray
    variance: float

    @classmethod
    def of(cls, shares: FloatArray, total: FloatArray) -> _Joint:
        """Take the moments of draws (draws, K) and (draws,)."""
        measured = _WRONG + (1 - 2 * _WRONG) * shares
        away = measured - measured.mean(axis=0)
        others = total - total.mean()
        free = len(total) - 1
        return cls(
            away.T @ away / free,
            away.T @ others / free,
            (measured * (1 - measured)).mean(axis=0),
            float(max(others @ others / free, 1e-12)),
        )

    def spread(
        self, first: NDArray[np.int64], sizes: NDArray[np.int64], n: int
    ) -> NDArray[np.int64]:
        """Return ratings of each kind: those of `first`, and n more, each the best at its turn."""
        numbers = first.copy()
        covariance, with_total = self._given(first.astype(float))
        for _ in range(n):
            variance = np.maximum(np.diag(covariance), 0.0) + self.noise
            gain = np.where(numbers < sizes, with_total**2 / variance, -1.0)
            best = int(np.argmax(gain))
            numbers[best] += 1
            row = covariance[best] / variance[best]
            with_total = with_total - row * with_total[best]
            covariance = covariance - np.outer(row, covariance[best])
        return numbers

    def narrowed(self, numbers: FloatArray | NDArray[np.int64]) -> float:
        """Return the total's sd after so many ratings, as a share of today's."""
        ratings = np.asarray(numbers, dtype=float)
        at = np.flatnonzero(ratings > 0)
        matrix = self.covariance[np.ix_(at, at)] + np.diag(self.noise[at] / ratings[at])
        told = float(self.with_total[at] @ np.linalg.solve(matrix, self.with_total[at]))
        return math.sqrt(max(1 - told / self.variance, 0.0))

    def _given(self, numbers: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the covariances after so many ratings."""
        at = np.flatnonzero(numbers > 0)
        if not len(at):
            return self.covariance, self.with_total
        matrix = self.covariance[np.ix_(at, at)] + np.diag(self.noise[at] / numbers[at])
        gain = np.linalg.solve(matrix, self.covariance[at]).T
        return (
            self.covariance - gain @ self.covariance[at],
            self.with_total - gain @ self.with_total[at],
        )

"""Drift of annotators, told before any fit: whether any share of experts explains what they do.

Under a prevalence p an annotator fires on p s + (1 - p) u of the people, where s and u are its
rates among rated experts and others; two annotators fire together on the same mixture of their
joint rates. A p between 0 and 1 that gives all three rates of a pair is looked for; where there is
none, the annotators do not do to deployed text what they did to rated CVs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .annotators import Annotator
from .evidence import CompanyEvidence
from .intervals import LEVEL, half_width
from .rated import RatedPatterns

__all__ = ["ALL_COHORTS", "DRIFTS", "EASIER", "EXPLAINED", "annotator_drift", "drifting"]

#: The row of all companies together.
ALL_COHORTS = ""
#: Verdicts: some share of experts explains it; so do people easier than the rated non-experts;
#: nothing does.
EXPLAINED, EASIER, DRIFTS = "explained", "easier people", "drifts"

_SHARES = np.linspace(0.0, 1.0, 201)
# Six annotators and fifteen pairs: with 3 standard errors a study in order gives an alarm once
# in twenty times, and the factor keeps large studies from giving one for a trifle.
_STANDARD_ERRORS, _FACTOR = 3.0, 1.5
_COLUMNS = [
    *("annotator", "cohort", "text", "people", "fires", "low", "high", "level"),
    *("rated_others", "rated_experts", "share_of_experts", "misfit"),
    *("partner", "agreement", "agreement_of_others", "agreement_of_experts"),
    *("agreement_misfit", "pair_misfit", "verdict"),
]


@dataclass(frozen=True)
class _Rates:
    """Rates of the rated CVs, with their sampling variances; index 0 others, 1 experts."""

    alone: NDArray[np.float64]
    together: NDArray[np.float64]
    n_alone: NDArray[np.float64]
    n_together: NDArray[np.float64]

    @classmethod
    def of(cls, rated: RatedPatterns) -> _Rates:
        fired, known = (rated.labels == 1).astype(float), (rated.labels >= 0).astype(float)
        counts = rated.counts.astype(float)
        n_alone = counts @ known
        alone = (counts @ fired + 0.5) / (n_alone + 1.0)
        n_together = np.einsum("zp,pi,pj->zij", counts, known, known)
        together = (np.einsum("zp,pi,pj->zij", counts, fired, fired) + 0.5) / (n_together + 1.0)
        return cls(alone, together, n_alone, n_together)


def annotator_drift(
    rated: RatedPatterns,
    companies: Sequence[CompanyEvidence],
    annotators: Sequence[Annotator],
    *,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Compare what annotators do in deployment with what they did to rated CVs.

    Parameters
    ----------
    rated
        Over the likelihood's annotators.
    companies
        Their evidence, labels over the same annotators.
    annotators
        The likelihood's J annotators, in the order of the labels.
    level
        Content of the interval of the firing rate.

    Returns
    -------
    DataFrame
        One row per annotator, cohort (`ALL_COHORTS` for all) and source of text (``"profiles"``,
        ``"accepted counts"``, ``"search"``) that there are labels of: ``people`` labelled, the
        share on which it ``fires`` with its interval, the rates of rated others and experts,
        ``share_of_experts`` that explains the firing best and ``misfit``, by how many standard
        errors it does not; the ``partner`` with which it agrees least as it did, how often it
        fires where that one does, here and among rated others and experts, by how many standard
        errors the first lies outside the latter two (``agreement_misfit``), by how many no share
        of experts explains both and their joint firing (``pair_misfit``); ``verdict``.

    Notes
    -----
    Firing less often than on rated non-experts is no drift by itself, since these were near misses
    and most people are easier. Firing more often than on experts is, and so is not firing where
    other annotators do.
    """
    rates = _Rates.of(rated)
    groups: dict[str, list[CompanyEvidence]] = {ALL_COHORTS: list(companies)}
    for company in companies:
        name = (company.cohort or "").split(";")[0].strip()
        if name:
            groups.setdefault(name, []).append(company)
    rows = [
        row
        for cohort, members in sorted(groups.items())
        for row in _rows(cohort, members, annotators, rates, level)
    ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def drifting(table: pd.DataFrame) -> list[str]:
    """Return the annotators that drift on the profiles of all companies together."""
    chosen = (table["cohort"] == ALL_COHORTS) & (table["text"] == "profiles")
    return sorted(table.loc[chosen & (table["verdict"] == DRIFTS), "annotator"])


def _rows(
    cohort: str,
    companies: Sequence[CompanyEvidence],
    annotators: Sequence[Annotator],
    rates: _Rates,
    level: float,
) -> Iterator[dict[str, object]]:
    fired, known = _together(companies, len(annotators))
    # Who fires too often is no measure for the others.
    sound = [
        k
        for k in range(len(annotators))
        if fired[k, k] and not _too_often(_alone(fired[k, k], known[k, k], rates, k, level))
    ]
    for j, annotator in enumerate(annotators):
        sources = {
            "profiles": (fired[j, j], known[j, j]),
            "accepted counts": _sum(c.accepted.get(annotator.name, (0, 0)) for c in companies),
            "search": _sum(
                (min(c.hits[annotator.name], c.headcount), c.headcount)
                for c in companies
                if annotator.name in c.hits
            ),
        }
        for text, (hits, people) in sources.items():
            if not people:
                continue
            row = _alone(hits, people, rates, j, level)
            if text == "profiles":
                partners = {annotators[k].name: k for k in sound if k != j and known[j, k]}
                row |= _worst_partner(fired, known, rates, j, partners)
            verdict = _verdict(row)
            yield {
                "annotator": annotator.name,
                "cohort": cohort,
                "text": text,
                "people": int(people),
                "level": float(level),
                **row,
                "verdict": verdict,
            }


def _sum(pairs: Iterator[tuple[int, int]]) -> tuple[float, float]:
    first, second = 0.0, 0.0
    for hit, people in pairs:
        first, second = first + hit, second + people
    return first, second


def _together(
    companies: Sequence[CompanyEvidence], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return profiles on which each pair fires, and that have labels of both; (J, J) each."""
    fired, known = np.zeros((count, count)), np.zeros((count, count))
    for company in companies:
        ones, labelled = company.labels == 1, company.labels >= 0
        fired += (ones * company.counts[:, None]).T @ ones
        known += (labelled * company.counts[:, None]).T @ labelled
    return fired, known


def _alone(hits: float, people: float, rates: _Rates, j: int, level: float) -> dict[str, object]:
    fires = hits / people
    error = np.sqrt((hits + 0.5) * (people - hits + 0.5) / people**2 / (people + 1))
    rated = rates.alone[:, j]
    misfit = np.abs(_distance(fires, people, rated, rates.n_alone[:, j]))
    best = int(np.argmin(misfit))
    return {
        "fires": fires,
        "low": max(0.0, fires - half_width(level) * error),
        "high": min(1.0, fires + half_width(level) * error),
        "rated_others": float(rated[0]),
        "rated_experts": float(rated[1]),
        "share_of_experts": float(_SHARES[best]),
        "misfit": float(misfit[best]),
    }


def _distance(
    seen: float, people: float, rated: NDArray[np.float64], sizes: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return seen minus expected in standard errors, at each share of experts."""
    expected = rated[0] + _SHARES * (rated[1] - rated[0])
    variance = rated * (1 - rated) / (sizes + 2)
    own = (seen * people + 0.5) / (people + 1)
    noise = (1 - _SHARES) ** 2 * variance[0] + _SHARES**2 * variance[1] + own * (1 - own) / people
    return (seen - expected) / np.sqrt(noise)


def _worst_partner(
    fired: NDArray[np.float64],
    known: NDArray[np.float64],
    rates: _Rates,
    j: int,
    partners: Mapping[str, int],
) -> dict[str, object]:
    """Return the partner with which an annotator agrees least as it did on rated CVs."""
    found = [
        {
            "partner": name,
            **_agreement(fired[j, k], fired[k, k], rates, j, k),
            "pair_misfit": _pair_misfit(fired, known, rates, j, k),
        }
        for name, k in partners.items()
    ]
    key = lambda row: (row["agreement_misfit"], row["pair_misfit"])  # noqa: E731
    return max(found, key=key, default={})


def _agreement(both: float, partner: float, rates: _Rates, j: int, k: int) -> dict[str, float]:
    """Compare how often j fires where k does; whatever the prevalence, it lies between two rates.

    Both the joint rate and the partner's are mixtures of those of the classes, so their ratio is
    a mean of the classes' ratios.
    """
    given = np.minimum(rates.together[:, j, k] / rates.alone[:, k], 1.0)
    sizes = rates.n_together[:, j, k] * rates.alone[:, k]
    seen = both / partner
    outside = not given.min() <= seen <= given.max()
    own = (both + 0.5) / (partner + 1)
    # The rate of a class of which few are known may well reach what was seen.
    errors = np.sqrt(given * (1 - given) / (sizes + 2) + own * (1 - own) / partner)
    misfit = float((np.abs(seen - given) / errors).min())
    return {
        "agreement": float(seen),
        "agreement_of_others": float(given[0]),
        "agreement_of_experts": float(given[1]),
        "agreement_misfit": misfit if outside else 0.0,
    }


def _pair_misfit(
    fired: NDArray[np.float64], known: NDArray[np.float64], rates: _Rates, j: int, k: int
) -> float:
    """Return by how many standard errors no share of experts explains three rates of a pair."""
    people = known[j, k]
    distances = [
        _distance(hits / people, people, rated, sizes)
        for hits, rated, sizes in (
            (fired[j, j] * people / known[j, j], rates.alone[:, j], rates.n_alone[:, j]),
            (fired[k, k] * people / known[k, k], rates.alone[:, k], rates.n_alone[:, k]),
            (fired[j, k], rates.together[:, j, k], rates.n_together[:, j, k]),
        )
    ]
    return float(np.abs(distances).max(axis=0).min())


def _verdict(row: dict[str, object]) -> str:
    """Say whether prevalence, easier people, or nothing explains what was seen."""
    if _too_often(row):
        return DRIFTS
    number = {key: value for key, value in row.items() if isinstance(value, float)}
    if number.get("agreement_misfit", 0.0) > _STANDARD_ERRORS:
        bounds = number["agreement_of_others"], number["agreement_of_experts"]
        seen = number["agreement"]
        if seen * _FACTOR < min(bounds) or seen > _FACTOR * max(bounds):
            return DRIFTS
    return EASIER if number["misfit"] > _STANDARD_ERRORS else EXPLAINED


def _too_often(row: Mapping[str, Any]) -> bool:
    """Return whether an annotator fires more often than even on experts."""
    most = max(row["rated_others"], row["rated_experts"])
    return bool(row["misfit"] > _STANDARD_ERRORS and row["fires"] > _FACTOR * most)

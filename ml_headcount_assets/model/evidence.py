"""What is known about each company, and which kind of evidence its estimate can rest on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..wording import how_many
from .annotators import Annotator
from .deployed_verdicts import DeployedVerdicts, company_verdicts
from .flags import (
    FEW_PROFILES,
    HEADCOUNT_BAND,
    HEADCOUNT_MISSING,
    HEADCOUNT_NOT_POSITIVE,
    MORE_HITS,
    MORE_LABELLED,
    MORE_PROFILES,
)
from .patterns import decode_patterns
from .priors import size_band
from .settings import EstimatorSettings

__all__ = ["AGGREGATES", "NONE", "PROFILES", "CompanyEvidence", "assess_companies"]

PROFILES, AGGREGATES, NONE = "profiles", "aggregates", "none"

# Experts are counted in 32 bits: with many draws of many companies they are most of the memory.
_MOST_PEOPLE = int(np.iinfo(np.int32).max)


@dataclass(frozen=True)
class CompanyEvidence:
    """One company as the estimators see it.

    Attributes
    ----------
    company_id
        Its id.
    headcount
        Number of employees the estimate is for; 0 if nothing is known. At least the number of
        labelled profiles. Of a band, its middle.
    band, cohort, prior
        Headcount band, cohort(s), and Beta parameters of the share of experts.
    labels, counts
        Distinct label patterns over the likelihood's annotators, (P, J), and profiles with
        each, (P,); patterns without any label are left out.
    hits
        Employees hit by each keyword filter, keyed by annotator; only known ones.
    evidence
        ``"profiles"``, ``"aggregates"`` or ``"none"``: what `five_layer` rests on.
    flags
        What is unusual about the company.
    headcount_band
        Least and most employees, where only that is known (`draw_headcounts_in_band`).
    accepted
        (accepted, labelled) by annotator: people whom it accepted, of those it was asked about.
        Hits of an LLM among all employees count here too. Only known ones.
    verdicts
        What people said of some of its profiles; None if nobody has rated any.
    """

    company_id: str
    headcount: int
    band: str
    cohort: str | None
    prior: tuple[float, float]
    labels: NDArray[np.int8]
    counts: NDArray[np.int64]
    hits: dict[str, int]
    evidence: str
    flags: tuple[str, ...]
    headcount_band: tuple[int, int] | None = None
    accepted: dict[str, tuple[int, int]] = field(default_factory=dict)
    verdicts: DeployedVerdicts | None = None

    @property
    def headcount_is_known(self) -> bool:
        """Whether the company table says how many employees there are, if only as a band."""
        return not {HEADCOUNT_MISSING, HEADCOUNT_NOT_POSITIVE} & set(self.flags)

    @property
    def n_profiles(self) -> int:
        """Number of profiles with at least one label."""
        return int(self.counts.sum())

    def refuse_uncountable(self) -> None:
        """Refuse a company of more people than draws can count.

        Raises
        ------
        InputError
            It has; the message says what to correct.
        """
        most = max(self.headcount, *(self.headcount_band or (0,)))
        if most <= _MOST_PEOPLE:
            return
        what, remedy = how_many(most, "employee"), "correct its headcount"
        if self.n_profiles > _MOST_PEOPLE:
            what, remedy = how_many(self.n_profiles, "profile"), "correct their 'n_profiles'"
        raise InputError(
            f"Company {self.company_id!r} has {what}, more than the {_MOST_PEOPLE:,} that can be"
            f" counted; {remedy}."
        )


def assess_companies(
    pattern_counts: pd.DataFrame,
    companies: pd.DataFrame,
    described: Sequence[Annotator],
    kept: Sequence[Annotator],
    settings: EstimatorSettings,
    ratings: pd.DataFrame | None = None,
) -> list[CompanyEvidence]:
    """Gather each company's evidence, in the order of `companies`.

    Parameters
    ----------
    pattern_counts
        ``company_id``, ``pattern`` over all `described` annotators, ``n_profiles``.
    companies
        ``company_id``, ``headcount`` (missing or not positive: unknown), optionally
        ``headcount_low`` and ``headcount_high`` (of a band, of which headcount is the middle),
        ``cohort``, ``<annotator>_hits`` (of all employees) and ``<annotator>_accepted`` with
        ``<annotator>_labelled`` (of those it was asked about).
    described, kept
        All annotators (order of the patterns' characters) and those in the likelihood.
    settings
        Thresholds of sufficient evidence, and the priors.
    ratings
        Verdicts about deployed profiles (`company_verdicts`); None if there are none.

    Raises
    ------
    InputError
        If a company occurs twice or has more people than can be counted, a pattern has the wrong
        length, more people are accepted than labelled, or more profiles are rated than there are.
    """
    ids = companies["company_id"].astype(str)
    if ids.duplicated().any():
        raise InputError(
            f"Company {ids[ids.duplicated()].iloc[0]!r} has more than one row in the company "
            "table; keep one."
        )
    projected = _project(pattern_counts, described, kept, settings.missing_as_zero)
    headcounts = pd.to_numeric(companies["headcount"], errors="coerce").to_numpy(
        dtype=float, na_value=np.nan
    )
    cohorts = companies["cohort"] if "cohort" in companies else pd.Series(None, companies.index)
    hits = _hits(companies, described)
    bands = _bands(companies)
    accepted = _accepted(companies, described, ids)
    verdicts = (
        {}
        if ratings is None
        else company_verdicts(ratings, described, kept, missing_as_zero=settings.missing_as_zero)
    )
    empty = np.empty((0, len(kept)), np.int8), np.empty(0, np.int64)
    assessed = [
        _assess(
            company_id,
            headcounts[row],
            None if pd.isna(cohorts.iloc[row]) else str(cohorts.iloc[row]),
            *projected.get(company_id, empty),
            {name: int(values[row]) for name, values in hits.items() if values[row] >= 0},
            {name: (int(a[row]), int(n[row])) for name, (a, n) in accepted.items() if n[row] > 0},
            settings,
            bands[row],
        )
        for row, company_id in enumerate(ids)
    ]
    for company in assessed:
        company.refuse_uncountable()
    return [_with_verdicts(company, verdicts.get(company.company_id)) for company in assessed]


def _with_verdicts(company: CompanyEvidence, verdicts: DeployedVerdicts | None) -> CompanyEvidence:
    """Add the verdicts about its profiles, having checked that it has so many."""
    if verdicts is None:
        return company
    found = verdicts.rated_of(company.labels)
    if (found > company.counts).any() or found.sum() < verdicts.n_profiles:
        raise InputError(
            f"Of company {company.company_id!r} more profiles with some label pattern have been "
            "rated than there are; count the ratings again with the labels of today."
        )
    return replace(company, verdicts=verdicts)


def _project(
    pattern_counts: pd.DataFrame,
    described: Sequence[Annotator],
    kept: Sequence[Annotator],
    missing_as_zero: bool,
) -> dict[str, tuple[NDArray[np.int8], NDArray[np.int64]]]:
    """Reduce patterns to the kept annotators, by company, in a canonical order."""
    patterns = pattern_counts["pattern"].astype(str)
    if not patterns.str.len().isin([len(described)]).all():
        raise InputError(
            f"The pattern table does not fit the study's {len(described)} annotators; count the "
            "patterns again."
        )
    positions = [list(described).index(annotator) for annotator in kept]
    reduced = patterns.map(
        {text: "".join(text[i] for i in positions) for text in patterns.unique()}
    )
    # A profile without any label is an employee nobody has looked at.
    labelled = reduced != "-" * len(positions)
    if missing_as_zero:
        reduced = reduced.str.replace("-", "0")
    frame = pd.DataFrame(
        {
            "company_id": pattern_counts["company_id"].astype(str),
            "pattern": reduced,
            "count": pattern_counts["n_profiles"].astype("int64"),
        }
    )[labelled]
    counts = frame.groupby(["company_id", "pattern"], sort=True)["count"].sum().reset_index()
    return {
        str(company_id): (decode_patterns(list(group["pattern"])), group["count"].to_numpy())
        for company_id, group in counts.groupby("company_id", sort=False)
    }


def _bands(companies: pd.DataFrame) -> list[tuple[int, int] | None]:
    """Return the ends of the headcounts that are bands."""
    if not {"headcount_low", "headcount_high"} <= set(companies.columns):
        return [None] * len(companies)
    return [
        None if pd.isna(low) or pd.isna(high) or low >= high else (int(low), int(high))
        for low, high in zip(companies["headcount_low"], companies["headcount_high"], strict=True)
    ]


def _used(described: Sequence[Annotator]) -> list[Annotator]:
    """Return the annotators whose counts say something: those that are not left out.

    A conjunction of one that is, says nothing without it.
    """
    left_out = {annotator.name for annotator in described if annotator.left_out}
    return [a for a in described if not left_out & {a.name, *a.derived}]


def _hits(
    companies: pd.DataFrame, described: Sequence[Annotator]
) -> dict[str, NDArray[np.float64]]:
    """Return hit counts by filter, -1 where unknown."""
    columns = {a.name: f"{a.name}_hits" for a in _used(described) if a.kind == "filter"}
    return {
        name: _counts(companies, column) for name, column in columns.items() if column in companies
    }


def _counts(companies: pd.DataFrame, column: str) -> NDArray[np.float64]:
    """Return a column of counts, -1 where unknown or negative."""
    values = pd.to_numeric(companies[column], errors="coerce")
    known = values.to_numpy(dtype=float, na_value=np.nan)
    return np.where(known >= 0, known, -1.0)


def _accepted(
    companies: pd.DataFrame, described: Sequence[Annotator], ids: pd.Series
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return accepted and labelled by annotator; labelled is 0 where either is unknown."""
    result = {}
    for annotator in _used(described):
        columns = f"{annotator.name}_accepted", f"{annotator.name}_labelled"
        if annotator.kind != "filter" and not set(columns) <= set(companies.columns):
            # An LLM reads profiles whoever asks it, so its hits are answers about everybody.
            columns = f"{annotator.name}_hits", "headcount"
        if not set(columns) <= set(companies.columns):
            continue
        accepted, labelled = (_counts(companies, column) for column in columns)
        known = (accepted >= 0) & (labelled > 0)
        wrong = np.flatnonzero(known & (accepted > labelled))
        if len(wrong) and columns[1] != "headcount":
            raise InputError(
                f"In the company table, company {ids.iloc[wrong[0]]!r} has "
                f"{int(accepted[wrong[0]])} in {columns[0]!r} but only "
                f"{int(labelled[wrong[0]])} in {columns[1]!r}; correct one of the two."
            )
        accepted = np.minimum(accepted, labelled)
        result[annotator.name] = accepted, np.where(known, labelled, 0.0)
    return result


def _assess(
    company_id: str,
    headcount: float,
    cohort: str | None,
    labels: NDArray[np.int8],
    counts: NDArray[np.int64],
    hits: dict[str, int],
    accepted: dict[str, tuple[int, int]],
    settings: EstimatorSettings,
    headcount_band: tuple[int, int] | None,
) -> CompanyEvidence:
    flags: list[str] = []
    known = bool(np.isfinite(headcount) and headcount > 0)
    if not known:
        flags.append(HEADCOUNT_MISSING if np.isnan(headcount) else HEADCOUNT_NOT_POSITIVE)
    band = str(size_band(headcount if known else np.nan))
    seen, employees = int(counts.sum()), int(headcount) if known else 0
    most = headcount_band[1] if known and headcount_band else employees
    if known and headcount_band:
        flags.append(HEADCOUNT_BAND)
        # Whoever was seen is there, which says something about where in the band it is.
        least = max(headcount_band[0], seen)
        headcount_band = (least, most) if least < most else None
    if known and seen > most:
        flags.append(MORE_PROFILES)
    if known and any(count > most for count in hits.values()):
        flags.append(MORE_HITS)
    asked = max((labelled for _, labelled in accepted.values()), default=0)
    if known and asked > most:
        flags.append(MORE_LABELLED)
    employees = max(employees, seen, asked)
    enough = seen >= min(settings.min_profiles, max(employees, 1))
    covered = employees <= settings.max_headcount_ratio * seen
    if seen and enough and covered:
        evidence = PROFILES
    elif known and hits:
        evidence = AGGREGATES
    elif seen:
        evidence = PROFILES
        flags.append(FEW_PROFILES)
    else:
        evidence = NONE
    return CompanyEvidence(
        company_id,
        employees,
        band,
        cohort,
        settings.priors.parameters(band, cohort),
        labels,
        counts,
        hits,
        evidence,
        tuple(flags),
        headcount_band if known else None,
        accepted,
    )

"""Everything that the posterior density of one study needs, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evidence import NONE, CompanyEvidence
from ..rated import RatedPatterns
from .company_counts import CompanyCounts, company_counts, instruments_differ
from .dispersion import profile_saturation
from .instruments import SEARCH, Instruments
from .parameters import Hyperparameters, Layout

__all__ = ["FIT_CAPS", "CountRates", "Problem", "count_expectations"]

#: Profiles, and people with counts, from which on a company tells the shared parameters no more.
FIT_CAPS = (5_000.0, 20_000.0)


@dataclass(frozen=True)
class CountRates:
    """How often each cell of counts occurs, by cohort.

    Attributes
    ----------
    keys
        Source and pattern of each of R cells.
    rates
        Shares (H, R).
    """

    keys: tuple[tuple[int, ...], ...]
    rates: NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """The data of a fit, in an order that does not depend on how it was given.

    Attributes
    ----------
    layout
        Parameters.
    rated_labels, rated_counts
        Patterns of the rated CVs (P, J) in the order of the model, and counts (2, P).
    companies
        Those with any evidence, sorted by id.
    instrument_rates
        By annotator, share of hits and share of profiles on which it fires, where both are known.
    """

    layout: Layout
    rated_labels: NDArray[np.int8]
    rated_counts: NDArray[np.float64]
    companies: tuple[CompanyCounts, ...]
    instrument_rates: dict[str, tuple[float, float]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rated: RatedPatterns,
        companies: Sequence[CompanyEvidence],
        instruments: Instruments,
        hyper: Hyperparameters,
        separate_search: bool | None = None,
    ) -> Problem:
        """Arrange the evidence; decide whether the search is an instrument of its own."""
        differ, rates = instruments_differ(companies, instruments)
        separate = differ if separate_search is None else separate_search
        separate = separate and len(instruments.searched) > 0
        arranged = [company_counts(c, instruments, separate_search=separate) for c in companies]
        known = sorted(
            (c for c in arranged if c.evidence != NONE), key=lambda company: company.company_id
        )
        has_search = any((c.cells.source == SEARCH).any() for c in known)
        cohorts = tuple(sorted({c.cohort for c in known})) or ("",)
        rated_profiles = any(c.verdicts for c in known)
        layout = Layout(instruments, cohorts, separate and has_search, hyper, rated_profiles)
        labels = rated.labels[:, instruments.order]
        return cls(layout, labels, rated.counts.astype(float), tuple(known), rates)

    @cached_property
    def cohort(self) -> NDArray[np.intp]:
        """Number of each company's cohort, (C,)."""
        names = {name: number for number, name in enumerate(self.layout.cohorts)}
        return np.array([names[c.cohort] for c in self.companies], dtype=np.intp)

    @cached_property
    def labels(self) -> NDArray[np.int8]:
        """All patterns of profiles, sorted, (P, J)."""
        width = len(self.layout.instruments.names)
        stacked = [c.labels for c in self.companies] or [np.empty((0, width), np.int8)]
        return np.unique(np.concatenate(stacked), axis=0)

    @cached_property
    def profiles(self) -> NDArray[np.float64]:
        """Profiles by company and pattern, (C, P)."""
        place = {row.tobytes(): i for i, row in enumerate(np.ascontiguousarray(self.labels))}
        counts = np.zeros((len(self.companies), len(self.labels)))
        for row, company in enumerate(self.companies):
            for labels, count in zip(company.labels, company.profiles, strict=True):
                counts[row, place[np.ascontiguousarray(labels).tobytes()]] += count
        return counts

    def data_of(self, company: int) -> tuple[bytes, ...]:
        """Return what companies with the same likelihood have in common, to compare by."""
        cells = self.companies[company].cells
        parts: list[NDArray[Any]] = [
            cells.source,
            cells.labels,
            cells.counts,
            cells.people,
            cells.weight,
        ]
        verdicts = self.companies[company].verdicts
        if verdicts is not None:
            parts += [verdicts.labels, verdicts.yes, verdicts.no, verdicts.counts]
        return self.profiles[company].tobytes(), *(part.tobytes() for part in parts)

    @cached_property
    def n_profiles(self) -> NDArray[np.float64]:
        """Profiles of each company, (C,)."""
        return self.profiles.sum(axis=1)

    @cached_property
    def counted(self) -> NDArray[np.float64]:
        """Largest number of people that a count of each company is about, (C,)."""
        return np.array([company.counted for company in self.companies])

    @cached_property
    def saturation(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Saturated log-likelihood and expected deviance of the profiles, each (C,)."""
        return profile_saturation(self.profiles, self.labels, self.cohort)

    @cached_property
    def count_rates(self) -> CountRates:
        """Share of each cell of counts in each cohort."""
        keys = sorted({key for c in self.companies for key in c.cells.identities()})
        place = {key: number for number, key in enumerate(keys)}
        sums = np.zeros((2, len(self.layout.cohorts), len(keys)))
        for company, cohort in zip(self.companies, self.cohort, strict=True):
            for key, y, n in zip(
                company.cells.identities(), company.cells.counts, company.cells.people, strict=True
            ):
                sums[:, cohort, place[key]] += y, n
        return CountRates(tuple(keys), (sums[0] + 0.5) / (sums[1] + 1.0))

    @cached_property
    def firing(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """People on whom each annotator fires, and people labelled; (2 sources, H, J) each."""
        shape = (2, len(self.layout.cohorts), len(self.layout.instruments.names))
        fired, labelled = np.zeros(shape), np.zeros(shape)
        for company, cohort in zip(self.companies, self.cohort, strict=True):
            fired[0, cohort] += company.profiles @ (company.labels == 1)
            labelled[0, cohort] += company.profiles @ (company.labels >= 0)
            cells = company.cells
            for source, row, y, n in zip(
                cells.source, cells.labels, cells.counts, cells.people, strict=True
            ):
                fired[source, cohort] += y * (row == 1)
                # Each cell of a joint table tells the same people's labels.
                whole = (row == 1).sum() == 1 and (row >= 0).sum() <= 2
                first = whole and row[np.flatnonzero(row >= 0)[0]] == 1
                labelled[source, cohort] += n * (row >= 0) * bool(first)
        return fired, labelled

    @cached_property
    def mass(self) -> NDArray[np.float64]:
        """Weights of the cohorts in the populations whose rates are parameters, (2, H).

        Of people with profile texts, and of people searched; one source is both.
        """
        people = [self.n_profiles, self.counted]
        if not self.layout.separate_search:
            people[0] = np.maximum(*people)
        size = len(self.layout.cohorts)
        sums = np.array([np.bincount(self.cohort, weights=n, minlength=size) for n in people])
        weights = np.sqrt(sums + 1.0)
        return weights / weights.sum(axis=1, keepdims=True)


def count_expectations(
    company: CompanyCounts, cohort: int, rates: CountRates
) -> NDArray[np.float64]:
    """Return what is expected in each cell of counts, half of it the company's own, (Q,)."""
    place = {key: number for number, key in enumerate(rates.keys)}
    own = company.cells.counts
    expected = [
        people * rates.rates[cohort, place[key]] if key in place else y
        for key, y, people in zip(
            company.cells.identities(), own, company.cells.people, strict=True
        )
    ]
    return 0.5 * (own + np.array(expected, dtype=float))

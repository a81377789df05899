"""What is counted in a company, as the hierarchical model sees it: three blocks of data.

P: joint labels of profiles. M: accepted out of labelled, by annotator. S: hits of a search among
all employees, as the joint table of two filters where their conjunction is counted too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..deployed_verdicts import DeployedVerdicts
from ..evidence import AGGREGATES, NONE, PROFILES, CompanyEvidence
from ..flags import IMPOSSIBLE_CONJUNCTION
from ..labels import MISSING
from ..priors import SIZE_BANDS
from ..settings import EstimatorSettings
from ..study_evidence import StudyEvidence
from .instruments import PROFILE_TEXT, SEARCH, Instruments

__all__ = [
    "CompanyCounts",
    "CountCells",
    "company_counts",
    "instruments_differ",
    "kinds_of_evidence",
]

# Counts that overlap (three LLMs' answers about the same people) tell less than their sum.
_OVERLAPPING_WEIGHT = 0.5
# Share of the labelled who are not among the profiles, from which on they are looked at.
_FEWEST_OTHERS = 0.1
# Fewer hits than these in companies that have both cannot tell one instrument from another.
_FEWEST_HITS = 20
# Rates this far apart (log) and this surely different are two instruments.
_LOG_RATIO, _STANDARD_ERRORS = 0.3, 3.0


@dataclass(frozen=True)
class CountCells:
    """Cells of which only totals are known: y people of n show `labels`.

    Attributes
    ----------
    source
        `PROFILE_TEXT` or `SEARCH`, for each cell, (Q,).
    labels
        Patterns (Q, J) in the order of the model, -1 where nothing is said.
    counts, people
        y and n, (Q,).
    weight
        Share of the log-likelihood that counts, (Q,).
    """

    source: NDArray[np.intp]
    labels: NDArray[np.int8]
    counts: NDArray[np.float64]
    people: NDArray[np.float64]
    weight: NDArray[np.float64]

    def identities(self) -> list[tuple[int, ...]]:
        """Return what identifies each cell across companies."""
        return [(int(s), *map(int, row)) for s, row in zip(self.source, self.labels, strict=True)]


@dataclass(frozen=True)
class CompanyCounts:
    """One company's data.

    Attributes
    ----------
    company_id, headcount
        Headcount is at least the number of people counted.
    band, cohort, prior
        Number of the headcount band, first cohort's name ("" if none), Beta of the user.
    labels, profiles
        Distinct patterns (P, J) in the order of the model, and profiles with each.
    cells
        M and S.
    table
        Joint table of the searched annotators among employees whose profile does not tell, as
        (labels (4, J), counts (4,)), the cell of no hit first; None if it is not known exactly.
    flags
        What had to be mended.
    verdicts
        What people said of some of its profiles, annotators in the order of the model.
    """

    company_id: str
    headcount: int
    band: int
    cohort: str
    prior: tuple[float, float]
    labels: NDArray[np.int8]
    profiles: NDArray[np.int64]
    cells: CountCells
    table: tuple[NDArray[np.int8], NDArray[np.int64]] | None
    flags: tuple[str, ...]
    verdicts: DeployedVerdicts | None = None

    @property
    def n_profiles(self) -> int:
        """Profiles with a label."""
        return int(self.profiles.sum())

    @property
    def counted(self) -> float:
        """Largest number of people that a count is about."""
        return float(self.cells.people.max(initial=0.0))

    @property
    def evidence(self) -> str:
        """``"profiles"``, ``"aggregates"`` (counts only) or ``"none"``."""
        if self.n_profiles:
            return PROFILES
        return AGGREGATES if len(self.cells.counts) else NONE

    @property
    def rests_on(self) -> tuple[str, ...]:
        """Which of profiles, accepted counts and hits there are."""
        blocks = (
            ("profiles", self.n_profiles > 0),
            ("accepted", bool((self.cells.source == PROFILE_TEXT).any())),
            ("hits", bool((self.cells.source == SEARCH).any())),
        )
        return tuple(name for name, there in blocks if there)


def kinds_of_evidence(evidence: StudyEvidence, settings: EstimatorSettings) -> list[str]:
    """Return which kind of evidence each company has, as `CompanyCounts.evidence`."""
    instruments = Instruments.of(evidence.annotators, six_dimensional=settings.six_dimensional)
    # Where there are no profiles, it is all one whether the search is an instrument of its own.
    return [
        company_counts(company, instruments, separate_search=True).evidence
        for company in evidence.assess(settings)
    ]


def company_counts(
    company: CompanyEvidence, instruments: Instruments, *, separate_search: bool
) -> CompanyCounts:
    """Arrange one company's evidence by the blocks of the likelihood.

    Parameters
    ----------
    separate_search
        Whether the search is an instrument of its own. If not, hits of people whose profiles are
        labelled are left out, since those labels say the same.
    """
    labels = company.labels[:, instruments.order]
    flags = list(company.flags)
    margins = _margins(company, instruments, labels)
    hits, table = _hits(company, instruments, labels, separate_search, flags)
    return CompanyCounts(
        company.company_id,
        company.headcount,
        SIZE_BANDS.index(company.band),
        (company.cohort or "").split(";")[0].strip(),
        company.prior,
        labels,
        company.counts,
        _join([margins, hits], len(instruments.names)),
        table,
        tuple(flags),
        company.verdicts and company.verdicts.ordered(instruments.order),
    )


def _margins(
    company: CompanyEvidence, instruments: Instruments, labels: NDArray[np.int8]
) -> CountCells:
    """Return accepted of labelled, less the people whose profiles say the same."""
    known, counts = [], []
    for j, name in enumerate(instruments.names):
        accepted, labelled = company.accepted.get(name, (0, 0))
        seen = company.counts[labels[:, j] >= 0].sum()
        people = labelled - seen
        # A few people more or less are another day's count, and no evidence of their own.
        if labelled and people > _FEWEST_OTHERS * labelled:
            known.append({name: 1})
            hit = accepted - company.counts[labels[:, j] == 1].sum()
            counts.append((min(max(hit, 0), people), people))
    weight = 1.0 if len(known) == 1 else _OVERLAPPING_WEIGHT
    return CountCells(
        np.full(len(known), PROFILE_TEXT),
        _rows(instruments, known),
        np.array([accepted for accepted, _ in counts], dtype=float),
        np.array([people for _, people in counts], dtype=float),
        np.full(len(known), weight),
    )


def _rows(instruments: Instruments, known: Sequence[dict[str, int]]) -> NDArray[np.int8]:
    labels = np.full((len(known), len(instruments.names)), MISSING, dtype=np.int8)
    for row, values in enumerate(known):
        for name, value in values.items():
            labels[row, instruments.names.index(name)] = value
    return labels


def _join(parts: Sequence[CountCells], width: int) -> CountCells:
    return CountCells(
        np.concatenate([p.source for p in parts]).astype(np.intp),
        np.concatenate([p.labels for p in parts]).reshape(-1, width).astype(np.int8),
        np.concatenate([p.counts for p in parts]),
        np.concatenate([p.people for p in parts]),
        np.concatenate([p.weight for p in parts]),
    )


def _hits(
    company: CompanyEvidence,
    instruments: Instruments,
    labels: NDArray[np.int8],
    separate: bool,
    flags: list[str],
) -> tuple[CountCells, tuple[NDArray[np.int8], NDArray[np.int64]] | None]:
    """Return the cells of hits, joint where a conjunction is known."""
    names = [instruments.names[j] for j in instruments.searched]
    known = [n for n in names if n in company.hits] if company.headcount else []
    cells: list[CountCells] = []
    table, left = None, list(known)
    for derived in instruments.annotators:
        pair = [n for n in derived.derived if n in left]
        if len(derived.derived) != 2 or len(pair) != 2 or derived.name not in company.hits:
            continue
        joint = _joint_table(company, pair, derived.name, flags)
        rows = _rows(
            instruments,
            [{pair[0]: a, pair[1]: b} for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))],
        )
        if not separate:
            joint = _without_seen(joint, rows, labels, company.counts)
        if joint.sum() > 0:
            cells.append(_cells(rows[1:], joint[1:], float(joint.sum())))
            table = rows, joint.astype(np.int64)
        left = [n for n in left if n not in pair]
    for name in left:
        rows = _rows(instruments, [{name: 0}, {name: 1}])
        hit = min(company.hits[name], company.headcount)
        margin = np.array([company.headcount - hit, hit])
        if not separate:
            margin = _without_seen(margin, rows, labels, company.counts)
        if margin.sum() > 0:
            cells.append(_cells(rows[1:], margin[1:], float(margin.sum())))
            table = (rows, margin.astype(np.int64)) if len(known) == 1 else None
    if len(cells) > 1:
        table = None
    empty = _cells(_rows(instruments, []), np.empty(0), 0.0)
    weight = 1.0 if len(cells) == 1 else _OVERLAPPING_WEIGHT
    joined = _join([empty, *cells], len(instruments.names))
    return (
        CountCells(
            joined.source,
            joined.labels,
            joined.counts,
            joined.people,
            np.full(len(joined.counts), weight),
        ),
        table,
    )


def _cells(rows: NDArray[np.int8], counts: NDArray, people: float) -> CountCells:
    size = len(rows)
    return CountCells(
        np.full(size, SEARCH),
        rows,
        np.asarray(counts, dtype=float),
        np.full(size, people),
        np.ones(size),
    )


def _joint_table(
    company: CompanyEvidence, pair: Sequence[str], conjunction: str, flags: list[str]
) -> NDArray[np.int64]:
    """Return people with (no hit, the first only, the second only, both)."""
    people = company.headcount
    first, second = (min(company.hits[name], people) for name in pair)
    both = company.hits[conjunction]
    mended = min(max(both, first + second - people, 0), first, second)
    if mended != both:
        flags.append(IMPOSSIBLE_CONJUNCTION)
    cells = [people - first - second + mended, first - mended, second - mended, mended]
    return np.array(cells, dtype=np.int64)


def _without_seen(
    table: NDArray[np.int64],
    rows: NDArray[np.int8],
    labels: NDArray[np.int8],
    profiles: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Take away the people whose profiles have these labels."""
    seen = [profiles[((labels == row) | (row < 0)).all(axis=1)].sum() for row in rows]
    return np.maximum(table - np.array(seen), 0)


def instruments_differ(
    companies: Sequence[CompanyEvidence], instruments: Instruments
) -> tuple[bool, dict[str, tuple[float, float]]]:
    """Return whether hits and labels disagree in companies that have both, and the rates.

    Returns
    -------
    tuple
        The answer, and by annotator (share of hits, share of profiles on which it fires), pooled
        over those companies.
    """
    rates: dict[str, tuple[float, float]] = {}
    differ = False
    for j in instruments.searched:
        name = instruments.names[j]
        column = int(instruments.order[j])
        both = [c for c in companies if name in c.hits and c.n_profiles and c.headcount]
        fired = sum(int(c.counts[c.labels[:, column] == 1].sum()) for c in both)
        labelled = np.array([c.counts[c.labels[:, column] >= 0].sum() for c in both], dtype=float)
        share = np.array([min(c.hits[name] / c.headcount, 1.0) for c in both])
        if labelled.sum() == 0:
            continue
        expected = float((share * labelled).sum())
        rates[name] = expected / labelled.sum(), fired / labelled.sum()
        if max(fired, expected) < _FEWEST_HITS:
            continue
        ratio = abs(np.log((fired + 0.5) / (expected + 0.5)))
        error = np.sqrt(1 / (fired + 0.5) + 1 / (expected + 0.5))
        differ |= bool(ratio > _LOG_RATIO and ratio > _STANDARD_ERRORS * error)
    return differ, rates

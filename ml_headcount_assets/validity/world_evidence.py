"""What a simulated world shows of each company, gathered once for everybody who answers.

Nothing in here looks at the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..model.patterns import count_patterns, decode_patterns
from ..worlds.label_model import CONJUNCTION, LabelModel
from ..worlds.simulation import SimulatedWorld

__all__ = ["KINDS", "CompanySeen", "kinds_of_evidence", "seen_of"]

#: Kinds of evidence, the first that a company has; of companies with none nobody is scored.
#: Without profiles and without a headcount there is nothing that counts could be scaled to.
KINDS = ("profiles", "accepted", "hits", "none")

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class CompanySeen:
    """What is seen of one company.

    Attributes
    ----------
    headcount
        Employees, at least those seen; where unknown, those seen.
    labels, counts
        Label patterns (P, J) in the order of the world's annotators, -1 where missing, and
        profiles with each.
    accepted, asked
        Accepted by each LLM, (L,), and people that each was asked about; None and 0 without.
    hits
        Employees whose filters say (00, 10, 01, 11), or (0, 1) of one filter; None if the
        headcount is unknown.
    hits_of_seen
        The same of the profiles.
    """

    headcount: int
    labels: NDArray[np.int8]
    counts: IntArray
    accepted: IntArray | None
    asked: int
    hits: IntArray | None
    hits_of_seen: IntArray


def kinds_of_evidence(world: SimulatedWorld) -> NDArray[np.object_]:
    """Return the kind of evidence of each company, (C,), of `KINDS`."""
    companies = world.companies
    profiled = companies["company_id"].isin(world.profiles["company_id"])
    column = f"{world.parameters.llms[0]}_labelled"
    asked = companies[column].notna() if column in companies else pd.Series(False, companies.index)
    known = companies["headcount"].notna()
    conditions = [profiled, asked & known, known]
    return np.select(conditions, KINDS[:3], default=KINDS[3]).astype(object)


def seen_of(world: SimulatedWorld) -> list[CompanySeen]:
    """Gather what is seen of each company, in the order of the company table."""
    model, companies = world.parameters, world.companies
    patterns = count_patterns(world.profiles, model.names)
    by_company = {
        company: (decode_patterns(list(group["pattern"])), group["n_profiles"].to_numpy())
        for company, group in patterns.groupby("company_id", sort=False)
    }
    nobody = np.empty((0, len(model.names)), np.int8), np.empty(0, np.int64)
    headcount = companies["headcount"].to_numpy(dtype=float, na_value=np.nan)
    hits = _hit_tables(companies, model, headcount)
    accepted, asked = _accepted(companies, model)
    seen = []
    for row, company in enumerate(companies["company_id"]):
        labels, counts = by_company.get(company, nobody)
        known = not np.isnan(headcount[row])
        people = int(counts.sum()) + int(asked[row])
        seen.append(
            CompanySeen(
                max(int(headcount[row]), people) if known else people,
                labels,
                counts,
                accepted[row] if asked[row] else None,
                int(asked[row]),
                hits[row] if known else None,
                _hits_of(labels, counts, model),
            )
        )
    return seen


def _accepted(companies: pd.DataFrame, model: LabelModel) -> tuple[IntArray, IntArray]:
    """Accepted by each LLM (C, L), and people asked about (C,), the same for all LLMs."""
    columns = [f"{name}_accepted" for name in model.llms]
    if columns[0] not in companies:
        return np.zeros((len(companies), len(columns)), np.int64), np.zeros(len(companies), int)
    asked = companies[[f"{name}_labelled" for name in model.llms]].fillna(0).to_numpy(np.int64)
    assert (asked == asked[:, :1]).all(), "a simulated world asks all LLMs about the same people"
    return companies[columns].fillna(0).to_numpy(np.int64), asked[:, 0]


def _hit_tables(
    companies: pd.DataFrame, model: LabelModel, headcount: NDArray[np.float64]
) -> IntArray:
    """Joint table of the filters among all employees, (C, 4), or (C, 2) with one filter."""
    people = np.nan_to_num(headcount).astype(np.int64)
    counts = [companies[f"{name}_hits"].to_numpy(np.int64) for name in model.filters]
    if len(counts) == 1:
        return np.stack([people - counts[0], counts[0]], axis=1)
    first, second = counts
    both = companies[f"{CONJUNCTION}_hits"].to_numpy(np.int64)
    cells = [people - first - second + both, first - both, second - both, both]
    return np.stack(cells, axis=1)


def _hits_of(labels: NDArray[np.int8], counts: IntArray, model: LabelModel) -> IntArray:
    """The filters' joint table among profiles, whose filters always answer."""
    columns = [model.names.index(name) for name in model.filters]
    cell = sum(labels[:, column].astype(np.int64) << k for k, column in enumerate(columns))
    size = 1 << len(columns)
    return np.bincount(cell, weights=counts, minlength=size).astype(np.int64)

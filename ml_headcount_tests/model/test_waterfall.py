"""How evidence leads from a prior to an estimate: the last step is the estimate itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.deployed_verdicts import DeployedVerdicts
from ml_headcount_assets.model.drawn_company import DrawnCompany
from ml_headcount_assets.model.evidence import NONE, PROFILES, CompanyEvidence
from ml_headcount_assets.model.waterfall import company_waterfall

NAMES = ("one", "two", "three")


def company(**other: object) -> CompanyEvidence:
    labels = np.array([[1, -1, 0], [0, -1, 1]], np.int8)
    counts = np.array([3, 5])
    known = CompanyEvidence("c", 100, "100_to_999", None, (1, 9), labels, counts, {}, PROFILES, ())
    return replace(known, **other)


def seen(known: CompanyEvidence) -> DrawnCompany:
    """Draw what was let in: labels, hits tenfold, and nothing else."""
    number = int((known.labels >= 0).sum()) + 10 * sum(known.hits.values())
    return DrawnCompany(np.full(50, number, np.int32), known.evidence, ())


def test_each_step_lets_in_one_thing_more_and_the_last_is_the_estimate() -> None:
    steps = company_waterfall(seen, company(hits={"one": 7}), NAMES, 0.8)
    assert steps["step"].tolist() == ["prior", "one", "three", "unseen employees", "counts"]
    assert steps["median"].tolist() == [0, 2, 4, 4, 74]
    assert steps["people"].tolist() == [8, 8, 8, 100, 100]
    assert (steps["level"] == 0.8).all()


def test_a_company_that_has_counts_only_goes_from_its_prior_to_them() -> None:
    labels, counts = np.empty((0, 3), np.int8), np.empty(0, np.int64)
    bare = company(labels=labels, counts=counts, hits={"one": 7}, evidence="aggregates")
    steps = company_waterfall(seen, bare, NAMES, 0.8)
    assert steps["kind"].tolist() == ["prior", "counts"]
    assert steps["median"].tolist() == [0, 70]


def test_before_the_unseen_come_in_only_those_with_a_profile_are_counted() -> None:
    def everybody(known: CompanyEvidence) -> DrawnCompany:
        return DrawnCompany(np.full(50, known.headcount, np.int32), known.evidence, ())

    steps = company_waterfall(everybody, company(headcount_band=(90, 110)), NAMES, 0.8)
    assert steps["median"].tolist() == [8, 8, 8, 100]
    all_seen = company_waterfall(everybody, company(headcount=8), NAMES, 0.8)
    assert "unseen employees" not in set(all_seen["kind"])


def test_an_estimate_that_is_known_is_the_last_step() -> None:
    known = np.arange(50, dtype=np.int32)
    steps = company_waterfall(seen, company(hits={"one": 7}), NAMES, 0.8, estimate=known)
    assert steps["median"].tolist() == [0, 2, 4, 4, 24]


def test_verdicts_come_after_the_labels() -> None:
    verdicts = DeployedVerdicts(
        labels=np.array([[1, -1, 0]], np.int8),
        yes=np.array([1]),
        no=np.array([0]),
        counts=np.array([1]),
    )
    steps = company_waterfall(seen, company(verdicts=verdicts), NAMES, 0.8)
    assert steps["kind"].tolist() == [
        *("prior", "annotator", "annotator", "verdicts", "unseen employees")
    ]


def test_what_cannot_be_told_is_said() -> None:
    with pytest.raises(InputError, match="no evidence"):
        company_waterfall(seen, company(evidence=NONE), NAMES, 0.8)

    def no_prior(known: CompanyEvidence) -> DrawnCompany:
        return DrawnCompany(np.full(50, -1, np.int32), NONE, ())

    with pytest.raises(InputError, match="Choose one that has a prior"):
        company_waterfall(no_prior, company(), NAMES, 0.8)
    with pytest.raises(InputError, match="50 draws cannot tell"):
        company_waterfall(seen, company(), NAMES, 0.99)

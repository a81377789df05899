"""The study that growth is measured on has the sizes asked for, and can be estimated."""

from __future__ import annotations

import pytest

from ml_headcount_assets.model import estimate_headcount, infer_annotators

from .growth import Sizes, made_up_study, measure


@pytest.mark.parametrize("annotators", [3, 7])
def test_a_made_up_study_has_the_sizes_asked_for(annotators: int) -> None:
    sizes = Sizes(companies=20, draws=50, annotators=annotators, profiles=500)
    rated, profiles, companies = made_up_study(sizes)
    assert len(infer_annotators(rated)) == annotators
    assert (len(profiles), len(companies)) == (500, 20)
    result = estimate_headcount(rated, profiles, companies, "five_layer", draws=50)
    assert list(result.evidence) == ["profiles"] * 10 + ["aggregates"] * 10
    # All stages have work: companies with both kinds of evidence as well.
    assert result.diagnostics["companies_with_both"] == 10
    assert result.diagnostics["derived_left_out"] == []


def test_stages_are_measured() -> None:
    spent = measure(Sizes(companies=12, draws=50, annotators=3, profiles=300))
    assert min(spent.fit, spent.cohort, spent.draw) > 0
    assert spent.gigabytes > 0.05


def test_the_study_is_the_same_each_time() -> None:
    first, second = (made_up_study(Sizes(companies=8, profiles=100)) for _ in range(2))
    assert all(one.equals(other) for one, other in zip(first, second, strict=True))

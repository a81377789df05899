"""Companies with keyword counts only: the copula and the scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import (
    CohortFit,
    EstimatorSettings,
    StudyEvidence,
    count_patterns,
    fit_annotators,
    fit_cohort,
    infer_annotators,
    synthetic_counts,
)
from ml_headcount_assets.worlds.simulation import simulate_study

DEFAULT = EstimatorSettings.default()
DRAWS = 200


@pytest.fixture(scope="module")
def fitted():
    world = simulate_study(companies=120, profiles=40_000, seed=5)
    annotators = infer_annotators(world.validation)
    fit = fit_annotators(world.validation, annotators, DEFAULT, draws=DRAWS, seed=0)
    counts = count_patterns(world.profiles, [a.name for a in fit.described])
    return world, fit, counts


def cohort_of(fitted, companies=None, settings=DEFAULT):
    world, fit, counts = fitted
    table = world.companies if companies is None else companies
    return fit_cohort(fit, evidence(fit, counts, table), settings, draws=DRAWS, seed=0)


def evidence(fit, counts, companies):
    return StudyEvidence(fit.described, counts, companies)


def synthetic(world, fit, counts, cohort):
    known = evidence(fit, counts, world.companies)
    return synthetic_counts(fit, cohort, known, DEFAULT, draws=DRAWS, seed=0)


def test_synthetic_patterns_keep_margins_and_nesting(fitted):
    world, fit, counts = fitted
    cohort = cohort_of(fitted)
    table = synthetic(world, fit, counts, cohort)
    names = [a.name for a in fit.described]
    broad, both, strict = (
        names.index(f"filter_{x}") for x in ("broad_yes", "broad_yes_strict_no", "strict_no")
    )
    pattern = table["pattern"].str
    # The third filter is the AND of the other two in every pattern.
    nested = (pattern[broad] == "1") & (pattern[strict] == "1")
    assert ((pattern[both] == "1") == nested).all()
    companies = world.companies.set_index("company_id")
    headcount = table.groupby("company_id")["mean_count"].sum()
    np.testing.assert_allclose(headcount, companies.loc[headcount.index, "headcount"].astype(float))
    for position, name in ((broad, "filter_broad_yes"), (strict, "filter_strict_no")):
        drawn = table[pattern[position] == "1"].groupby("company_id")["mean_count"].sum()
        hits = companies.loc[drawn.index, f"{name}_hits"].astype(float)
        # A mean of 200 draws is within four standard errors of the hits.
        assert (np.abs(drawn - hits) <= 4 * np.sqrt((hits + 1) / DRAWS)).all()


def test_copula_predicts_the_third_filters_hits(fitted):
    """The joint count follows from the margins and the association found elsewhere."""
    world, fit, counts = fitted
    cohort = cohort_of(fitted)
    table = synthetic(world, fit, counts, cohort)
    position = [a.name for a in fit.described].index("filter_broad_yes_strict_no")
    joint = table[table["pattern"].str[position] == "1"].groupby("company_id")["mean_count"].sum()
    hits = world.companies.set_index("company_id").loc[joint.index]
    observed = hits["filter_broad_yes_strict_no_hits"].astype(float)
    # Heterogeneous prevalences and a copula of pooled employees: within 15 % in total.
    assert joint.sum() == pytest.approx(observed.sum(), rel=0.15)


def test_scale_is_about_one_when_both_kinds_of_evidence_agree(fitted):
    cohort = cohort_of(fitted)
    assert cohort.companies_with_both >= 40
    low, high = np.quantile(cohort.scale, [0.02, 0.98])
    assert low < 1 < high


def test_scale_finds_hits_that_miss_half_of_the_people(fitted):
    world, _, _ = fitted
    halved = world.companies.copy()
    for column in halved.columns[halved.columns.str.endswith("_hits")]:
        halved[column] = (halved[column] // 2).astype("Int64")
    ratio = cohort_of(fitted, halved).scale / cohort_of(fitted).scale
    # Fewer hits, fewer expected experts: the scale makes up for it.
    assert np.median(ratio) > 1.2
    assert (cohort_of(fitted, halved, EstimatorSettings(aggregate_scale=False)).scale == 1).all()


def test_few_companies_fall_back_and_say_so(fitted):
    world, fit, counts = fitted
    some = world.companies[world.companies["company_id"].isin(counts["company_id"])].iloc[:3]
    cohort = cohort_of(fitted, some)
    assert cohort.companies_with_profiles <= 3
    assert (cohort.scale == 1).all()
    positions = [fit.names.index(name) for name in cohort.filters]
    np.testing.assert_array_equal(
        cohort.correlations[:, 0, 1], fit.correlations[:, 0, positions[0], positions[1]]
    )


def test_order_of_companies_changes_nothing(fitted):
    world, _, _ = fitted
    shuffled = cohort_of(fitted, world.companies.sample(frac=1, random_state=4))
    np.testing.assert_array_equal(shuffled.scale, cohort_of(fitted).scale)


def test_storing_loses_nothing(fitted):
    cohort = cohort_of(fitted)
    again = CohortFit.from_frame(cohort.to_frame().sample(frac=1, random_state=0))
    pd.testing.assert_frame_equal(again.to_frame(), cohort.to_frame())


def test_a_filter_without_counts_does_not_silence_those_with(fitted):
    world = fitted[0]
    uncounted = world.companies.drop(columns="filter_strict_no_hits")
    cohort = cohort_of(fitted, uncounted)
    assert cohort.filters == ("filter_broad_yes",)
    whole = cohort_of(fitted)
    assert cohort.companies_with_both == whole.companies_with_both
    # In a matched world one filter's counts say the same as two filters' counts, on average.
    assert 0.5 < cohort.scale.mean() < 2
    assert cohort.scale.std() > 0
    assert cohort_of(fitted, uncounted.drop(columns="filter_broad_yes_hits")).filters == (
        "filter_broad_yes",
        "filter_strict_no",
    )

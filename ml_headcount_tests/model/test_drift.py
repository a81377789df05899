"""Drift is told before any fit, and neither prevalence nor easier people are taken for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import EstimatorSettings, StudyEvidence, count_patterns
from ml_headcount_assets.model.annotators import infer_annotators, likelihood_annotators
from ml_headcount_assets.model.drift import (
    ALL_COHORTS,
    DRIFTS,
    EASIER,
    EXPLAINED,
    annotator_drift,
    drifting,
)
from ml_headcount_assets.model.rated import count_rated
from ml_headcount_assets.worlds.simulation import simulate_study


def drift_of(validation, profiles, companies, level=0.8) -> pd.DataFrame:
    annotators = infer_annotators(validation)
    kept = likelihood_annotators(annotators, six_dimensional=False)
    counts = count_patterns(profiles, [annotator.name for annotator in annotators])
    evidence = StudyEvidence(annotators, counts, companies)
    rated = count_rated(validation, kept)
    return annotator_drift(rated, evidence.assess(EstimatorSettings()), kept, level=level)


def of_scenario(scenario: str) -> pd.DataFrame:
    world = simulate_study(scenario, 120, 20_000, seed=1)
    table = drift_of(world.validation, world.profiles, world.companies)
    return table[table["cohort"] == ALL_COHORTS]


@pytest.mark.parametrize("scenario", ["matched", "high_prevalence", "low_prevalence", "ml_labs"])
def test_prevalence_alone_is_no_drift(scenario):
    table = of_scenario(scenario)
    assert set(table["verdict"]) == {EXPLAINED}
    assert (table["misfit"] < 3).all()
    profiles = table[table["text"] == "profiles"]
    between = profiles[["rated_others", "rated_experts"]]
    inside = profiles["fires"].between(between.min(axis=1) - 0.05, between.max(axis=1) + 0.05)
    assert inside.all()


def test_easier_people_are_told_apart_from_drift():
    table = of_scenario("easy_negatives")
    assert set(table["verdict"]) <= {EXPLAINED, EASIER}
    assert (table["verdict"] == EASIER).sum() >= 5
    assert drifting(table) == []


def test_filters_that_fall_silent_are_found_by_whom_they_no_longer_follow():
    table = of_scenario("silent_filters")
    assert drifting(table) == ["filter_broad_yes", "filter_strict_no"]
    silent = table[(table["verdict"] == DRIFTS)].set_index("annotator")
    assert silent["partner"].str.startswith("llm").all()
    least = silent[["agreement_of_others", "agreement_of_experts"]].min(axis=1)
    assert (silent["agreement"] < 0.2 * least).all()
    assert (silent["pair_misfit"] > 3).all()


@pytest.fixture(scope="module")
def world():
    return simulate_study("matched", 60, 12_000, seed=4)


def test_an_annotator_that_fires_on_everybody_drifts(world):
    profiles = world.profiles.assign(llm_sonnet_4=1)
    table = drift_of(world.validation, profiles, world.companies)
    assert drifting(table) == ["llm_sonnet_4"]


def test_swapped_labels_drift(world):
    profiles = world.profiles.assign(llm_sonnet_4=1 - world.profiles["llm_sonnet_4"])
    assert "llm_sonnet_4" in drifting(drift_of(world.validation, profiles, world.companies))


def test_cohorts_and_sources_have_rows_of_their_own(world):
    companies = world.companies.assign(
        cohort=np.where(np.arange(60) % 2, "odd", "even;both"),
        llm_sonnet_4_accepted=2,
        llm_sonnet_4_labelled=40,
    )
    table = drift_of(world.validation, world.profiles, companies, level=0.95)
    assert set(table["cohort"]) == {ALL_COHORTS, "even", "odd"}
    counted = table[table["text"] == "accepted counts"].set_index(["annotator", "cohort"])
    row = counted.loc["llm_sonnet_4", ALL_COHORTS]
    assert (row["people"], row["fires"]) == (60 * 40, 0.05)
    # 5 % of 2,400 people are known to 0.0044.
    assert row["high"] - row["low"] == pytest.approx(2 * 1.96 * 0.00446, rel=0.03)
    assert (table["level"] == 0.95).all()
    searched = table[table["text"] == "search"]
    assert set(searched["annotator"]) == {"filter_broad_yes", "filter_strict_no"}
    sizes = table[table["text"] == "profiles"].pivot(
        index="annotator", columns="cohort", values="people"
    )
    assert (sizes["even"] + sizes["odd"] == sizes[ALL_COHORTS]).all()


def test_the_published_study_has_a_filter_that_drifts(reference):
    """Broken text: on a profile that Gemini accepts, the filter fires a thirtieth as often."""
    table = drift_of(reference["rated"], reference["profiles"], reference["companies"])
    assert drifting(table) == ["filter_broad_yes"]
    row = table.set_index("annotator").loc["filter_broad_yes"]
    assert row["agreement"] < 0.05 * row["agreement_of_others"]

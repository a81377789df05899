"""Simulated frequencies against the probabilities that they are drawn with.

Tolerances are five standard errors of the frequency in question: a correct simulator fails one
such comparison with probability 6e-7, and seeds are fixed, so that a failure is a change.
"""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta, kstest, multivariate_normal, norm

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.priors import DEFAULT_PRIORS, size_band
from ml_headcount_assets.worlds.simulation import (
    CONJUNCTION,
    FILTERS,
    LLMS,
    PUBLISHED_RATES,
    SimulatedWorld,
    published_label_model,
    simulate_study,
)

NAMES = sorted([*PUBLISHED_RATES, CONJUNCTION])


@pytest.fixture(scope="module")
def world() -> SimulatedWorld:
    return simulate_study(seed=11)


def _assert_share(hits: float, trials: int, share: float) -> None:
    error = np.sqrt(share * (1 - share) / trials)
    assert abs(hits / trials - share) < 5 * error, (hits / trials, share, error)


def test_frames_have_the_promised_columns(world: SimulatedWorld) -> None:
    assert sorted(world.profiles.columns) == ["company_id", *NAMES]
    assert sorted(world.validation.columns) == sorted(["is_expert", *NAMES])
    assert list(world.validation.columns[1:]) != list(world.profiles.columns[1:])
    assert (world.profiles[NAMES].dtypes == "Int8").all()
    assert list(world.companies.columns) == [
        "company_id", "name", "headcount", "cohort", "headquarters",
        *(f"{name}_hits" for name in (*FILTERS, CONJUNCTION)),
    ]  # fmt: skip
    assert world.companies["headcount"].dtype == "Int64"
    assert list(world.truth.columns) == [
        "company_id", "headcount", "experts", "prevalence", "profiled",
    ]  # fmt: skip
    assert world.companies["company_id"].is_unique
    assert list(world.truth["company_id"]) == list(world.companies["company_id"])


def test_same_seed_same_world_other_seed_other_world() -> None:
    first, again, other = (simulate_study(companies=30, profiles=2_000, seed=s) for s in (4, 4, 5))
    for name in ("validation", "profiles", "companies", "truth"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
        assert not getattr(first, name).equals(getattr(other, name))


def test_the_probit_has_the_published_margins_and_conjunction() -> None:
    model = published_label_model()
    for z in (0, 1):
        assert np.linalg.eigvalsh(model.correlations[z])[0] > 0.1
        rates = norm.cdf(model.means[z])
        for rate, (sensitivity, specificity) in zip(rates, PUBLISHED_RATES.values(), strict=True):
            assert rate == pytest.approx(sensitivity if z else 1 - specificity, abs=1e-12)
        pair = [model.names.index(name) for name in FILTERS]
        # An independent computation of the same orthant; scipy integrates to about 1e-6.
        both = multivariate_normal(cov=model.correlations[z][np.ix_(pair, pair)]).cdf(
            model.means[z, pair]
        )
        assert both == pytest.approx(0.301 if z else 1 - 0.981, abs=1e-5)
        assert model.filter_patterns(z).sum() == pytest.approx(1, abs=1e-12)
        assert model.filter_patterns(z)[3] == pytest.approx(both, abs=1e-5)


@pytest.fixture(scope="module")
def rated() -> pd.DataFrame:
    """The rated CVs of 200 worlds: 30,600 experts, so that a rate is known to about 0.003."""
    worlds = (simulate_study(companies=1, profiles=1, seed=seed) for seed in range(200))
    return pd.concat([world.validation for world in worlds])


def test_rated_cvs_have_the_published_rates(rated: pd.DataFrame) -> None:
    assert len(rated) == 200 * 585
    assert rated["is_expert"].sum() == 200 * 153
    rates = {**PUBLISHED_RATES, CONJUNCTION: (0.301, 0.981)}
    for name, (sensitivity, specificity) in rates.items():
        by_class = rated.groupby("is_expert")[name].agg(["sum", "count"])
        _assert_share(by_class.loc[1, "sum"], by_class.loc[1, "count"], sensitivity)
        _assert_share(by_class.loc[0, "sum"], by_class.loc[0, "count"], 1 - specificity)


def test_errors_are_correlated_as_documented(rated: pd.DataFrame) -> None:
    """Joint frequencies of every pair, per class, against the bivariate normal."""
    model = published_label_model()
    within_llms, across = (0.55, 0.45), (0.22, 0.18)
    for z in (0, 1):
        labels = rated.loc[rated["is_expert"] == z, list(model.names)].to_numpy(dtype=int)
        for i, j in combinations(range(len(model.names)), 2):
            kinds = {model.names[k] in LLMS for k in (i, j)}
            if kinds == {False}:
                continue  # the two filters: their conjunction is tested above
            correlation = within_llms[z] if kinds == {True} else across[z]
            normal = multivariate_normal(cov=[[1, correlation], [correlation, 1]])
            both = normal.cdf(model.means[z, [i, j]])
            _assert_share((labels[:, i] & labels[:, j]).sum(), len(labels), both)


def test_conjunction_is_exact_everywhere(world: SimulatedWorld) -> None:
    for frame in (world.validation, world.profiles):
        assert (frame[CONJUNCTION] == (frame[FILTERS[0]] & frame[FILTERS[1]])).all()


@pytest.mark.parametrize("companies", [403, 100, 7])
def test_headcounts_follow_the_published_bands(companies: int) -> None:
    truth = simulate_study(companies=companies, profiles=100, seed=1).truth
    counts = pd.Series(size_band(truth["headcount"])).value_counts()
    published = {"under_100": 284, "100_to_999": 76, "1000_to_9999": 23, "10000_and_more": 20}
    for band, number in published.items():
        # Largest remainders are off by less than one company.
        assert abs(counts.get(band, 0) - number * companies / 403) < 1
    assert truth["headcount"].between(1, 640_000).all()


def test_headcounts_are_log_uniform_within_a_band() -> None:
    headcount = simulate_study(companies=20_000, profiles=1, seed=1).truth["headcount"]
    # Rounding down to whole employees matters little in the upper bands (under 1 % at 100).
    for low, high in ((1_000, 10_000), (10_000, 640_001)):
        inside = headcount[(headcount >= low) & (headcount < high)]
        position = np.log(inside / low) / np.log(high / low)
        assert kstest(position, "uniform").pvalue > 1e-3


def test_prevalences_follow_the_priors_and_experts_the_prevalences() -> None:
    truth = simulate_study(companies=20_000, profiles=1, seed=2).truth
    for band, members in truth.groupby(size_band(truth["headcount"])):
        a, b = DEFAULT_PRIORS.bands[band]
        assert kstest(members["prevalence"], beta(a, b).cdf).pvalue > 1e-3
    expected = truth["headcount"] * truth["prevalence"]
    spread = np.sqrt((expected * (1 - truth["prevalence"])).sum())
    assert abs((truth["experts"] - expected).sum()) < 5 * spread


@pytest.mark.parametrize("seed", range(5))
def test_profiles_are_as_many_as_asked_for(seed: int) -> None:
    world = simulate_study(seed=seed)
    assert len(world.profiles) == 250_000
    truth = world.truth.set_index("company_id")
    seen = world.profiles["company_id"].value_counts().reindex(truth.index, fill_value=0)
    assert (seen <= truth["headcount"]).all()
    coverage = (seen / truth["headcount"])[truth["profiled"]]
    assert coverage.min() >= 0.6
    assert (seen[~truth["profiled"]] == 0).all()
    assert 0.45 < truth["profiled"].mean() < 0.55


def test_more_profiles_than_people() -> None:
    world = simulate_study(companies=10, profiles=10_000_000, seed=0)
    assert len(world.profiles) == world.truth["headcount"].sum()
    assert world.truth["profiled"].all()


@pytest.mark.parametrize(("companies", "profiles"), [(1, 1), (3, 2), (12, 40), (300, 10)])
def test_small_worlds_never_have_too_many_profiles(companies: int, profiles: int) -> None:
    world = simulate_study(companies=companies, profiles=profiles, seed=3)
    assert len(world.profiles) <= profiles
    assert len(world.companies) == companies


def test_hits_count_the_seen_and_the_unseen(world: SimulatedWorld) -> None:
    companies = world.companies.set_index("company_id")
    truth = world.truth.set_index("company_id")
    seen = world.profiles.groupby("company_id")[[*FILTERS, CONJUNCTION]].sum()
    unseen = truth["headcount"].sum() - len(world.profiles)
    for name in (*FILTERS, CONJUNCTION):
        hits = companies[f"{name}_hits"]
        assert (hits.reindex(seen.index) >= seen[name]).all()
        assert (hits <= truth["headcount"]).all()
    for both, one in ((CONJUNCTION, FILTERS[0]), (CONJUNCTION, FILTERS[1])):
        assert (companies[f"{both}_hits"] <= companies[f"{one}_hits"]).all()
    # Nearly everybody is a negative; the expected hits follow from the true number of experts.
    experts, everybody = truth["experts"].sum(), truth["headcount"].sum()
    for name, (sensitivity, specificity) in {
        **{name: PUBLISHED_RATES[name] for name in FILTERS},
        CONJUNCTION: (0.301, 0.981),
    }.items():
        share = (experts * sensitivity + (everybody - experts) * (1 - specificity)) / everybody
        _assert_share(companies[f"{name}_hits"].sum(), everybody, share)
    assert unseen > 0


def test_gaps_are_as_frequent_as_documented(world: SimulatedWorld) -> None:
    rows = len(world.profiles)
    for name, share in zip(sorted(LLMS), (0.02, 0.01, 0.015), strict=True):
        _assert_share(world.profiles[name].isna().sum(), rows, share)
    assert not world.profiles[[*FILTERS, CONJUNCTION]].isna().any(axis=None)
    assert not world.validation.isna().any(axis=None)
    missing = simulate_study(companies=20_000, profiles=1).companies["headcount"].isna().sum()
    _assert_share(missing, 20_000, 0.02)


def test_order_of_profiles_does_not_tell_experts() -> None:
    """In a company of which half are experts, early and late profiles are labelled alike."""
    profiles = simulate_study("ml_labs", companies=40, profiles=30_000, seed=8).profiles
    position = profiles.groupby("company_id").cumcount()
    size = profiles.groupby("company_id")["company_id"].transform("size")
    early = position < size / 2
    gemini = profiles["llm_gemini_2_5_flash"]
    difference = gemini[early].mean() - gemini[~early].mean()
    assert abs(difference) < 5 * np.sqrt(0.25 * (1 / early.sum() + 1 / (~early).sum()))


@pytest.mark.parametrize(
    ("scenario", "factor"), [("high_prevalence", 3), ("low_prevalence", 1 / 3)]
)
def test_prevalence_scenarios(scenario: str, factor: float) -> None:
    truth = simulate_study(scenario, companies=20_000, profiles=1, seed=2).truth
    for band, members in truth.groupby(size_band(truth["headcount"])):
        a, b = DEFAULT_PRIORS.bands[band]
        assert kstest(members["prevalence"], beta(a * factor, a + b - a * factor).cdf).pvalue > 1e-3


def test_ml_labs_scenario() -> None:
    truth = simulate_study("ml_labs", companies=2_000, profiles=1).truth
    assert kstest(truth["prevalence"], "uniform", args=(0.3, 0.2)).pvalue > 1e-3


@pytest.mark.parametrize(
    ("scenario", "easy_share", "easy_shift", "filters_seen"),
    [("matched", 0, 0, 1), ("easy_negatives", 0.8, -1.25, 1), ("silent_filters", 0, 0, 0.05)],
)
def test_how_often_deployed_negatives_are_flagged(
    scenario: str, easy_share: float, easy_shift: float, filters_seen: float
) -> None:
    """Seen in companies without a single expert."""
    world = simulate_study(scenario, companies=4_000, profiles=60_000, seed=6)
    experts = world.truth.set_index("company_id")["experts"]
    negatives = world.profiles[world.profiles["company_id"].map(experts) == 0]
    assert len(negatives) > 3_000
    for name, (_, specificity) in PUBLISHED_RATES.items():
        mean = norm.ppf(1 - specificity)
        share = (1 - easy_share) * norm.cdf(mean) + easy_share * norm.cdf(mean + easy_shift)
        if name in FILTERS:
            share *= filters_seen
        labels = negatives[name].dropna()
        _assert_share(labels.sum(), len(labels), share)


@pytest.mark.parametrize("scenario", ["easy_negatives", "silent_filters"])
def test_deployment_scenarios_leave_the_rated_cvs_alone(scenario: str) -> None:
    bent, matched = (
        simulate_study(s, companies=3, profiles=3, seed=1) for s in (scenario, "matched")
    )
    pd.testing.assert_frame_equal(bent.validation, matched.validation)
    assert list(bent.truth["experts"]) == list(matched.truth["experts"])


def test_hits_are_bent_like_profiles() -> None:
    """The hits of the silent scenario are the same share of the matched ones as in profiles."""
    silent, matched = (
        simulate_study(s, companies=403, profiles=1, seed=1).companies
        for s in ("silent_filters", "matched")
    )
    for name in FILTERS:
        column = f"{name}_hits"
        _assert_share(silent[column].sum(), matched[column].sum(), 0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"scenario": "easy"}, "'easy' is unknown; there are matched"),
        ({"companies": 0}, "companies is 0"),
        ({"profiles": 0}, "profiles is 0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_refused_arguments(arguments: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        simulate_study(**arguments)


def test_a_quarter_of_a_million_profiles_take_seconds() -> None:
    """About 0.25 s; ten times that would mean that profiles are drawn one by one."""
    start = time.process_time()
    simulate_study(seed=1)
    assert time.process_time() - start < 2.5

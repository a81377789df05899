"""The whole estimate: same numbers however it is cut, nothing silent, joint totals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model import (
    ESTIMATORS,
    LAYERS,
    EstimatorSettings,
    Priors,
    estimate_headcount,
    uncertainty_budget,
)
from ml_headcount_assets.model.priors import DEFAULT_PRIORS
from ml_headcount_tests.little_effort import LITTLE

#: Enough to see that everything runs, and far too little to believe.


def with_layers(*layers):
    return EstimatorSettings.default().with_layers(layers)


def run(world, draws=120, estimator="five_layer", **options):
    tables = {
        "validation": world.validation,
        "profiles": world.profiles,
        "companies": world.companies,
    }
    return estimate_headcount(**(tables | options), estimator=estimator, draws=draws, seed=11)


@pytest.fixture(scope="module")
def whole(world):
    return run(world)


def by_company(result):
    return dict(zip(result.company_id, result.draws.filled(), strict=True))


def same(result, reference):
    expected = by_company(reference)
    for company, draws in by_company(result).items():
        np.testing.assert_array_equal(draws, expected[company], err_msg=company)


def test_order_of_rows_and_columns_changes_nothing(world, whole):
    permuted = run(
        world,
        validation=world.validation[world.validation.columns[::-1]].sample(frac=1, random_state=1),
        profiles=world.profiles[world.profiles.columns[::-1]].sample(frac=1, random_state=2),
        companies=world.companies.sample(frac=1, random_state=3),
    )
    same(permuted, whole)


def test_a_company_alone_has_the_numbers_it_has_in_the_whole(world, whole):
    with_profiles = whole.company_id[whole.evidence == "profiles"]
    for company in with_profiles[:3]:
        alone = run(
            world,
            profiles=world.profiles[world.profiles["company_id"] == company],
            companies=world.companies[world.companies["company_id"] == company],
        )
        same(alone, whole)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_threads_and_number_of_draws_change_nothing(few, estimator):
    options = {"estimator": estimator, "settings": EstimatorSettings(effort=LITTLE)}
    one = run(few, **options, compute=LocalCompute(workers=1))
    two = run(few, **options, compute=LocalCompute(workers=3))
    more = run(few, **options, draws=230)
    np.testing.assert_array_equal(one.draws.filled(), two.draws.filled())
    np.testing.assert_array_equal(one.draws.filled(), more.draws.filled()[:, :120])


def test_weighted_rows_are_profiles(world, whole):
    columns = [c for c in world.profiles.columns if c != "profile_id"]
    weighted = world.profiles.groupby(columns, dropna=False).size().reset_index(name="n_profiles")
    assert len(weighted) < len(world.profiles) / 4
    same(run(world, profiles=weighted), whole)


def test_another_seed_gives_other_draws(world, whole):
    other = estimate_headcount(
        world.validation, world.profiles, world.companies, "five_layer", draws=120, seed=12
    )
    assert (other.draws != whole.draws).mean() > 0.3


def test_draws_are_within_the_headcount(whole):
    known = whole.evidence != "none"
    assert (whole.draws[known] >= 0).all()
    assert (whole.draws[known] <= whole.headcount[known, None]).all()


def test_totals_are_summed_within_draws(whole):
    total = whole.total()
    sums = np.asarray(whole.draws.sum(axis=0))
    assert total["mean"] == pytest.approx(whole.draws.mean(axis=1).sum())
    assert total["low"] == np.quantile(sums, 0.1, method="inverted_cdf")
    mask = np.arange(len(whole.company_id)) < 5
    assert whole.total(mask)["companies"] + whole.total(mask)["companies_without_evidence"] == 5
    with pytest.raises(InputError, match="booleans"):
        whole.total([0, 1])


def test_shared_annotators_make_companies_move_together(world):
    """Adding variances of companies would understate the total's, adding quantiles overstate."""
    result = run(world, settings=with_layers("rated_cvs", "correlations"))
    profiled = result.evidence == "profiles"
    draws = result.draws.data[profiled]
    total = result.total(profiled)
    assert 2 * np.sqrt(draws.var(axis=1).sum()) < total["sd"] < draws.std(axis=1).sum()


def test_no_evidence_is_never_a_zero(world):
    companies = pd.concat(
        [world.companies, pd.DataFrame({"company_id": ["ghost"], "headcount": [50]})],
        ignore_index=True,
    )
    result = run(world, companies=companies)
    row = result.intervals().set_index("company_id").loc["ghost"]
    assert row["evidence"] == "none"
    assert row["confidence"] == "no evidence"
    assert row[["mean", "sd", "low", "median", "high", "share"]].isna().all()
    ghost = result.company_id == "ghost"
    assert result.draws.mask[ghost].all()
    assert np.isnan(result.total(ghost)["mean"])
    assert result.total(ghost)["companies_without_evidence"] == 1


def test_intervals_have_the_promised_columns(whole):
    intervals = whole.intervals(0.8)
    assert list(intervals.columns) == [
        "company_id",
        "n_profiles",
        "headcount",
        "evidence",
        "mean",
        "sd",
        "low",
        "median",
        "high",
        "level",
        "share",
        "confidence",
        "flags",
    ]
    wide, narrow = whole.intervals(0.95), whole.intervals(0.5)
    known = intervals["evidence"] != "none"
    assert (wide["low"] <= narrow["low"])[known].all()
    assert (wide["high"] >= narrow["high"])[known].all()
    expected = np.select(
        [intervals["low"] > 0, intervals["median"] > 0, intervals["high"] > 0, known],
        ["probable", "possible", "non-zero", "not detected"],
        "no evidence",
    )
    assert (intervals["confidence"] == expected).all()


def test_blemished_headcounts_are_flagged(world):
    companies = world.companies.copy()
    profiled = world.profiles["company_id"].value_counts().index
    companies = companies.set_index("company_id")
    companies.loc[profiled[0], "headcount"] = 0
    companies.loc[profiled[1], "headcount"] = -5
    companies.loc[profiled[2], "headcount"] = pd.NA
    companies.loc[profiled[3], "headcount"] = 3
    result = run(world, companies=companies.reset_index()).intervals().set_index("company_id")
    assert result.loc[profiled[0], "flags"] == "headcount_not_positive"
    assert result.loc[profiled[1], "flags"] == "headcount_not_positive"
    assert result.loc[profiled[2], "flags"] == "headcount_missing"
    assert "more_profiles_than_headcount" in result.loc[profiled[3], "flags"]
    # Each falls back on the people that were seen.
    seen = result.loc[profiled[:4], "n_profiles"]
    assert (result.loc[profiled[:4], "headcount"] == seen).all()


def test_few_profiles_give_way_to_keyword_counts(world):
    """Two CVs of a company of 300,000 are no evidence about it when hits are known."""
    labelled = world.profiles.dropna().iloc[:2].assign(company_id="giant")
    row = {"company_id": "giant", "headcount": 300_000}
    hits = {c: 3_000 for c in world.companies.columns if c.endswith("_hits")}
    for extra, evidence, flags in ((hits, "aggregates", ""), ({}, "profiles", "few_profiles")):
        companies = pd.concat([world.companies, pd.DataFrame([row | extra])], ignore_index=True)
        profiles = pd.concat([world.profiles, labelled], ignore_index=True)
        result = run(world, companies=companies, profiles=profiles, draws=50).intervals()
        giant = result.set_index("company_id").loc["giant"]
        assert (giant["evidence"], giant["flags"]) == (evidence, flags)


def test_layers_off_narrow_the_intervals(world):
    none = run(world, settings=with_layers())
    assert (np.ptp(none.draws.filled(), axis=1) == 0).all()
    only_truth = run(world, settings=with_layers("truth"))
    everything = run(world)
    assert only_truth.total()["sd"] < everything.total()["sd"]


def test_uncertainty_budget_has_every_layer(world):
    table = uncertainty_budget(
        *(world.validation, world.profiles, world.companies, "five_layer"), draws=100, seed=1
    )
    budget = table[table["company_id"] == ""].set_index("layer")
    assert list(budget.index) == [*LAYERS, "all"]
    assert budget.loc[list(LAYERS), "share"].sum() == pytest.approx(1)
    assert (budget.loc[list(LAYERS), "sd_alone"] > 0).all()
    # Prevalence is never updated in this estimator, so it dominates.
    assert budget.loc[list(LAYERS), "share"].idxmax() == "prevalence"
    companies = table[(table["company_id"] != "") & (table["layer"] != "all")]
    assert companies.groupby("company_id").size().eq(len(LAYERS)).all()
    known = run(world).evidence != "none"
    assert companies["company_id"].nunique() == known.sum()
    shares = companies.groupby("company_id")["share"].sum()
    np.testing.assert_allclose(shares[shares > 0], 1)


def test_a_foil_cannot_be_taken_apart(world):
    with pytest.raises(InputError, match="log_debias cannot be taken apart; these can: hier"):
        uncertainty_budget(world.validation, world.profiles, world.companies, "log_debias")


def test_priors_can_be_given(world):
    tiny = Priors({band: (1.0, 9_999.0) for band in DEFAULT_PRIORS.bands})
    assert (
        run(world, settings=EstimatorSettings(priors=tiny)).total()["mean"]
        < 0.2 * run(world).total()["mean"]
    )


def test_prior_of_a_cohort_wins_over_its_band(world):
    cohort_prior = Priors(DEFAULT_PRIORS.bands, cohorts={"quiet": (1.0, 9_999.0)})
    companies = world.companies.assign(cohort="other;quiet")
    result = run(world, companies=companies, settings=EstimatorSettings(priors=cohort_prior))
    assert result.total()["mean"] < 0.2 * run(world).total()["mean"]


def test_profiles_without_company_are_counted_and_warned_about(world):
    missing = world.profiles["company_id"].iloc[0]
    companies = world.companies[world.companies["company_id"] != missing]
    with pytest.warns(UserWarning, match="not in the company table"):
        result = run(world, companies=companies, draws=50)
    expected = (world.profiles["company_id"] == missing).sum()
    assert result.diagnostics["profiles_without_company"] == expected


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("profiles", lambda f: f.drop(columns="llm_sonnet_4"), "'llm_sonnet_4' is missing"),
        ("profiles", lambda f: f.assign(llm_new=0), "'llm_new' has labelled profiles but no"),
        ("profiles", lambda f: f.assign(llm_sonnet_4=2), "0, 1 or missing"),
        ("profiles", lambda f: f.assign(filter_broad_yes_strict_no=1), "is not filter_broad_yes"),
        ("companies", lambda f: pd.concat([f, f.iloc[:1]]), "more than one row"),
        ("companies", lambda f: f.drop(columns="headcount"), "headcount"),
        ("companies", lambda f: f.assign(company_id=None), "no company_id"),
        ("validation", lambda f: f.assign(is_expert=0), "no expert"),
    ],
)
def test_unusable_tables_are_refused(world, table, change, message):
    with pytest.raises(InputError, match=message):
        run(world, **{table: change(getattr(world, table))})


def test_unknown_estimator(world):
    with pytest.raises(InputError, match="five_layer"):
        run(world, estimator="pooled-ish")

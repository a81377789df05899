"""Scenarios: the old ones keep their numbers, the new ones are what they say.

Tolerances are five standard errors, as in `test_simulation`.
"""

from __future__ import annotations

import hashlib
import time

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kstest, norm, t

from ml_headcount_assets.model.priors import size_band
from ml_headcount_assets.worlds.deployment import LabelLaw
from ml_headcount_assets.worlds.label_model import ANNOTATOR_SETS, CONJUNCTION, FILTERS, LLMS
from ml_headcount_assets.worlds.scenarios import SCENARIOS
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study

#: Of all tables of 40 companies and 4,000 profiles, seed 0, from before there were others.
OLD_NUMBERS = {
    "matched": "836f1fa086153fd9",
    "high_prevalence": "3d12c00f854612c2",
    "low_prevalence": "f08df22156150bd7",
    "easy_negatives": "9e87f57b0d425623",
    "silent_filters": "24c93cd453fdba08",
    "ml_labs": "de2c1811e810394f",
}
COUNTED = ("counts_only", "reference")


@pytest.fixture(scope="module")
def worlds() -> dict[str, SimulatedWorld]:
    return {name: simulate_study(name, 60, 6_000, seed=5) for name in SCENARIOS}


@pytest.mark.parametrize("scenario", OLD_NUMBERS)
def test_old_scenarios_keep_their_numbers(scenario: str) -> None:
    world = simulate_study(scenario, 40, 4_000, seed=0)
    digest = hashlib.blake2b(digest_size=8)
    for table in (world.validation, world.profiles, world.companies, world.truth):
        digest.update(table.to_csv(index=False, float_format="%.12g").encode())
    assert digest.hexdigest() == OLD_NUMBERS[scenario]


def test_every_scenario_is_described_and_fits_together(worlds: dict[str, SimulatedWorld]) -> None:
    for name, world in worlds.items():
        setting = SCENARIOS[name]
        assert setting.description.endswith(".")
        assert len(world.companies) == len(world.truth) == 60
        assert (world.truth["experts"] <= world.truth["headcount"]).all()
        labels = world.profiles.columns.drop("company_id")
        assert len(labels) == setting.annotators
        assert sorted(world.validation.columns.drop("is_expert")) == sorted(labels)
        cvs, experts = setting.rated
        assert len(world.validation) == cvs
        if not setting.wrong_verdicts:
            assert world.validation["is_expert"].sum() == experts


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_labels_follow_the_law_that_the_oracle_is_told(scenario: str) -> None:
    """Frequencies of all patterns in one company, drawn as the simulation draws them."""
    world = simulate_study(scenario, 12, 100, seed=2)
    law, people = world.deployed, 40_000
    which = int(np.argmax(law.easy_share))
    expected = law.pattern_probabilities()[which]
    for z in (0, 1):
        truth = np.full(people, z, dtype=np.int8)
        drawn = law.draw(truth, np.full(people, which), seed=3)
        code = sum(drawn[name].astype(int) << j for j, name in enumerate(law.model.names))
        counts = np.bincount(code, minlength=expected.shape[1])
        error = np.sqrt(expected[z] * (1 - expected[z]) * people)
        # Rare patterns are Poisson: one of probability 1e-6 may be seen once.
        assert (np.abs(counts - people * expected[z]) < 5 * error + 2).all()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_filters_have_one_law(scenario: str) -> None:
    """The exact tables of the filters are the margins of the whole table."""
    law = simulate_study(scenario, 5, 10, seed=4).deployed
    columns = [law.model.names.index(name) for name in law.model.filters]
    whole = law.pattern_probabilities()
    code = np.arange(whole.shape[-1])
    cell = sum(((code >> j) & 1) << k for k, j in enumerate(columns))
    margin = np.stack(
        [whole[..., cell == k].sum(axis=-1) for k in range(1 << len(columns))], axis=-1
    )
    np.testing.assert_allclose(law.filter_probabilities(), margin, atol=1e-5)


def test_shares_of_near_misses_differ_by_company() -> None:
    law = simulate_study("near_misses_vary", 2_000, 1).deployed
    assert kstest(law.easy_share, "beta", args=(1.5, 1.0)).pvalue > 1e-3
    negative = law.filter_probabilities()[:, 0]
    assert np.corrcoef(law.easy_share, negative[:, 0])[0, 1] > 0.99


def test_thresholds_move_once_for_all() -> None:
    moved = []
    for seed in range(60):
        world = simulate_study("shifted_thresholds", 1, 1, seed)
        moved.append(world.deployed.model.means - world.parameters.means)
    assert kstest(np.ravel(moved), "norm", args=(0, 0.3)).pvalue > 1e-3
    rated = simulate_study("shifted_thresholds", 3, 3, 1).validation
    pd.testing.assert_frame_equal(rated, simulate_study("matched", 3, 3, 1).validation)


def test_sensitivities_differ_by_company_and_false_alarms_do_not() -> None:
    law = simulate_study("sensitivity_varies", 2_000, 1).deployed
    assert kstest(law.expert_shift, "norm", args=(0, 0.3)).pvalue > 1e-3
    tables = law.filter_probabilities()
    assert np.ptp(tables[:, 0], axis=0).max() == 0
    mean = law.model.means[1, law.model.names.index(FILTERS[0])]
    fires = tables[:, 1, 1] + tables[:, 1, 3]
    np.testing.assert_allclose(fires, norm.cdf(mean + law.expert_shift), atol=1e-9)


def test_heavy_tails_are_those_of_a_t() -> None:
    law: LabelLaw = simulate_study("heavy_tails", 3, 3).deployed
    fires = law.filter_probabilities()[0, :, [1, 3]].sum(axis=0)
    mean = law.model.means[:, law.model.names.index(FILTERS[0])]
    np.testing.assert_allclose(fires, t(4).cdf(mean), atol=1e-5)


def test_verdicts_are_wrong_as_often_as_documented() -> None:
    right = [simulate_study("matched", 1, 1, s).validation["is_expert"] for s in range(25)]
    wrong = [simulate_study("wrong_verdicts", 1, 1, s).validation["is_expert"] for s in range(25)]
    differ = np.concatenate(right) != np.concatenate(wrong)
    assert abs(differ.mean() - 0.05) < 5 * np.sqrt(0.05 * 0.95 / len(differ))


@pytest.mark.parametrize("scenario", COUNTED)
def test_accepted_counts_take_the_place_of_profiles(
    scenario: str, worlds: dict[str, SimulatedWorld]
) -> None:
    world = worlds[scenario]
    columns = [f"{llm}_{what}" for llm in LLMS for what in ("accepted", "labelled")]
    known = world.companies[columns].notna()
    counted = known.all(axis=1)
    assert (known.any(axis=1) == counted).all()
    assert 0.2 < counted.mean() < 0.9
    assert not world.truth.loc[counted, "profiled"].any()
    assert not world.profiles["company_id"].isin(world.truth["company_id"][counted]).any()
    counts = world.companies.loc[counted, columns]
    for llm in LLMS:
        assert (counts[f"{llm}_accepted"] <= counts[f"{llm}_labelled"]).all()
        assert (counts[f"{llm}_labelled"] <= world.truth.loc[counted, "headcount"]).all()


def test_accepted_counts_are_those_of_the_profiles_that_are_kept_back() -> None:
    counted, whole = (simulate_study(s, 60, 6_000, seed=5) for s in ("counts_only", "matched"))
    table = counted.companies.set_index("company_id")
    seen = whole.profiles.groupby("company_id")[list(LLMS)].sum()
    for llm in LLMS:
        accepted = table[f"{llm}_accepted"].dropna()
        # A few labels are missing in the matched world.
        assert (seen.loc[accepted.index, llm] <= accepted).all()
        assert seen.loc[accepted.index, llm].sum() > 0.95 * accepted.sum()
    hits = [f"{name}_hits" for name in (*FILTERS, CONJUNCTION)]
    pd.testing.assert_frame_equal(counted.companies[hits], whole.companies[hits])


def test_the_reference_scenario_has_three_natures_and_a_search_of_its_own() -> None:
    world = simulate_study("reference", 400, 60_000, seed=1)
    truth = world.truth.assign(cohort=world.companies["cohort"])
    assert truth["cohort"].value_counts().to_dict() == {
        "consulting": 320, "ml_labs": 40, "non_ml": 40,
    }  # fmt: skip
    share = truth.groupby("cohort")["prevalence"].mean()
    assert share["ml_labs"] > 0.2
    assert share["consulting"] < 0.03
    assert share["non_ml"] < 5e-4
    assert set(truth["cohort"][truth["profiled"]]) == {"ml_labs"}
    searched, deployed = (law.filter_probabilities() for law in (world.searched, world.deployed))
    # Filters work on a fifth of the profiles' text, and on nearly all that the search sees.
    assert (searched[:, 1, 1:].sum(axis=1) > 2 * deployed[:, 1, 1:].sum(axis=1)).all()


def test_a_bound_on_profiles_holds_where_cohorts_decide() -> None:
    world = simulate_study("reference", 100, 500, seed=1)
    assert 0 < len(world.profiles) <= 500


@pytest.mark.parametrize("scenario", ["twelve_labs", "30_companies"])
def test_scenarios_of_a_size_have_it(scenario: str) -> None:
    world = simulate_study(scenario)
    assert len(world.companies) == SCENARIOS[scenario].size[0]
    assert 0 < len(world.profiles) <= SCENARIOS[scenario].size[1]


@pytest.mark.parametrize("annotators", ANNOTATOR_SETS)
def test_sets_of_annotators_have_positive_definite_errors(annotators: int) -> None:
    name = {3: "3_annotators", 6: "matched", 9: "9_annotators"}[annotators]
    world = simulate_study(name, 30, 2_000, seed=1)
    for z in (0, 1):
        assert np.linalg.eigvalsh(world.parameters.correlations[z])[0] > 0.1
    if CONJUNCTION in world.profiles:
        both = world.profiles[FILTERS[0]] & world.profiles[FILTERS[1]]
        assert (world.profiles[CONJUNCTION] == both).all()
    hits = [column for column in world.companies if column.endswith("_hits")]
    assert len(hits) == {3: 1, 6: 3, 9: 3}[annotators]


def test_bands_stay_those_of_the_published_study(worlds: dict[str, SimulatedWorld]) -> None:
    bands = pd.Series(size_band(worlds["counts_only"].truth["headcount"])).value_counts()
    assert bands["under_100"] == 42


def test_a_world_of_the_suite_takes_a_second_at_most() -> None:
    """About 0.15 s; ten times that would mean that companies are drawn one by one."""
    start = time.process_time()
    simulate_study("reference", 200, 60_000, seed=1)
    assert time.process_time() - start < 1.5

"""How far the headline moves: what should move it does, and what is left out is left out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_headcount_assets.model import EstimatorSettings, estimator_of
from ml_headcount_assets.model.estimate import prepare
from ml_headcount_assets.model.fitted import Fitted
from ml_headcount_assets.model.sensitivity import (
    AS_IT_IS,
    EVERYBODY,
    group_totals,
    prior_sensitivity,
)


@pytest.fixture(scope="module")
def fitted(world):
    companies = world.companies.assign(cohort=["big", "small"] * (len(world.companies) // 2))
    _, evidence, settings, _ = prepare(
        world.validation, world.profiles, companies, "five_layer", EstimatorSettings.default()
    )
    return Fitted.of(estimator_of("five_layer"), evidence, settings, draws=100, seed=0)


@pytest.fixture(scope="module")
def table(fitted):
    return prior_sensitivity(fitted, drifting=["llm_sonnet_4"]).set_index(["variant", "group_name"])


def test_every_variant_has_all_and_each_cohort(table):
    assert set(table.index.get_level_values("variant")) == {
        *(AS_IT_IS, "halved priors", "doubled priors", "without filters", "without counts"),
        "without llm_sonnet_4",
    }
    assert set(table.index.get_level_values("group_name")) == {EVERYBODY, "big", "small"}
    assert (table.loc[AS_IT_IS, "ratio"] == 1).all()


def test_what_is_as_it_is_is_the_estimate(table, fitted):
    total = fitted.draw().total()
    row = table.loc[(AS_IT_IS, EVERYBODY)]
    assert row["median"] == total["median"]
    assert row["level"] == 0.8


def test_a_cohort_that_is_called_all_does_not_stand_for_all(fitted):
    cohorts = ["all", *["small"] * (len(fitted.evidence.companies) - 1)]
    companies = fitted.evidence.companies.assign(cohort=cohorts)
    evidence = replace(fitted.evidence, companies=companies)
    found = {row["group_name"]: row for row in group_totals(fitted.draw(), evidence, 0.8)}
    assert list(found) == [EVERYBODY, "small"]
    assert found[EVERYBODY]["median"] == fitted.draw().total()["median"]


def test_five_layer_follows_its_priors(table):
    ratios = table["ratio"].xs(EVERYBODY, level="group_name")
    assert ratios["halved priors"] < 0.75
    assert ratios["doubled priors"] > 1.4


def test_without_counts_companies_without_profiles_have_no_evidence(table, fitted):
    known = fitted.draw().evidence
    companies = table["companies"].xs(EVERYBODY, level="group_name")
    assert companies[AS_IT_IS] == (known != "none").sum()
    assert companies["without counts"] == (known == "profiles").sum()


def test_an_annotator_that_is_left_out_is_taken_in_again(fitted):
    left_out = fitted.otherwise(evidence=fitted.without(["llm_sonnet_4"]))
    assert "llm_sonnet_4" not in left_out.fit.names
    table = prior_sensitivity(left_out, drifting=["llm_sonnet_4"])
    again = table[table["variant"] == "with llm_sonnet_4"].set_index("group_name")["median"]
    assert again[EVERYBODY] == fitted.draw().total()["median"]
    assert replace(left_out).evidence.described != fitted.evidence.described

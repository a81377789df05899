"""What a fit says: frames, doubts in words, and the uncertainty budget."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model.hierarchical import (
    annotator_rates,
    doubts,
    doubts_in_words,
    draw_company_hierarchical,
    fit_scales,
    hierarchical_budget,
    predicted_pattern_frequencies,
    prior_posterior,
)


def test_rates_are_shares_and_easy_people_fire_less(fit):
    rates = annotator_rates(fit)
    assert set(rates["text"]) == {"rated", "profiles"}
    assert ((rates["low"] <= rates["median"]) & (rates["median"] <= rates["high"])).all()
    assert rates["mean"].between(0, 1).all()
    wide = rates[rates["text"] == "profiles"].pivot_table("mean", "annotator", "rate")
    assert (wide["easy_rate"] < wide["near_miss_rate"]).all()
    assert (wide["near_miss_rate"] < wide["sensitivity"]).all()


def test_scales_tell_drift_silence_and_easy_people(fit):
    told = set(fit_scales(fit)["quantity"])
    assert {"drift scale", "audible share", "share of easy people"} <= told
    assert set(fit.summary()) == {"rates", "scales"}


def test_prior_and_posterior_of_each_kind_of_company(fit, study):
    table = prior_posterior(fit, study.companies)
    known = [draw_company_hierarchical(fit, c, draws=50, seed=0) for c in study.companies]
    assert table["companies"].sum() == sum(d.evidence != "none" for d in known)
    assert table["overlap"].between(0, 1).all()
    assert ((table["low"] <= table["high"]) & (table["high"] < 1)).all()


@pytest.fixture(scope="module")
def patterns(fit, study):
    return predicted_pattern_frequencies(fit, study.companies)


def test_singles_and_pairs_are_predicted_in_every_cohort(patterns, study):
    profiles = patterns[patterns["text"] == "profiles"]
    assert set(profiles["cohort"]) == {c.cohort for c in study.companies if c.n_profiles}
    assert profiles.groupby("cohort").size().eq(5 + 10).all()
    assert patterns["pair_of_llms"].sum() == 3 * profiles["cohort"].nunique()
    # A world that the model fits: few miss by three predictive standard deviations.
    assert (patterns["deviation"].abs() > 3).mean() < 0.1


def test_a_fit_without_fault_is_not_doubted_for_its_data(fit, study, patterns):
    good = replace(fit.diagnostics, rhat={"a": 1.0}, effective_size={"a": 400.0}, rival=None)
    found = doubts(
        replace(fit, diagnostics=good),
        prior_posterior=prior_posterior(fit, study.companies),
        patterns=patterns[patterns["deviation"].abs() < 3],
    )
    assert {doubt.subject for doubt in found} <= set(fit.layout.instruments.names)


FAULTS = {
    "have not mixed": {"rhat": {"x": 2.0}},
    "two different answers": {"rival": 1.0},
    "rest on 1 rated experts": {"rated": (400, 1)},
}


@pytest.mark.parametrize(("words", "change"), FAULTS.items(), ids=FAULTS.keys())
def test_each_fault_is_told_with_what_would_help(fit, words, change):
    broken = replace(fit, diagnostics=replace(fit.diagnostics, **change))
    text = doubts_in_words(doubts(broken))
    line = next(line for line in text.splitlines() if words in line)
    assert "What would help" in line


def test_silent_kinds_drift_shifts_and_misses_are_told(fit, patterns):
    theta = fit.theta.copy()
    theta[:, fit.layout.slices["audible"]] = -3.0
    theta[:, fit.layout.slices["log_easy_sd"]] = 1.5
    expert = np.zeros_like(fit.expert)
    expert[..., 0] = 1.0
    broken = replace(fit, theta=theta, expert=expert)
    shift = pd.DataFrame(
        [
            {
                "cohort": "labs", "band": "under_100", "posterior_mean": 0.9, "prior_mean": 0.1,
                "shift_in_prior_sd": 2.8,
            }
        ]
    )  # fmt: skip
    missed = patterns.assign(deviation=9.0, ratio=3.0)
    prevalences = pd.DataFrame({"cohort": "labs", "low": [0.3, 0.4, np.nan]})
    found = doubts(broken, prior_posterior=shift, patterns=missed, prevalences=prevalences)
    text = doubts_in_words(found)
    for words in ("can fire on", "fires on", "differs so much", "prior", "misses", "lacks experts"):
        assert words in text, words
    assert doubts_in_words([]) == "No check speaks against this estimate."


def test_the_budget_takes_widths_apart(fit, study):
    chosen = [c for c in study.companies if c.n_profiles][:3] + [
        c for c in study.companies if c.hits and not c.n_profiles
    ][:3]
    budget = hierarchical_budget(fit, chosen, draws=100)
    total = budget[budget["company_id"] == ""].set_index("layer")
    assert list(total.index)[-1] == "all"
    assert total["share"].drop("all").sum() == pytest.approx(1.0)
    # No source alone is as wide as all of them, within the noise of a hundred draws.
    assert (total["sd_alone"] <= 1.25 * total.loc["all", "sd_alone"]).all()
    assert len(budget) == (1 + len(chosen)) * 6

"""The four flaws of the script that this package replaces, and that they stay fixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model import EstimatorSettings, estimate_headcount
from ml_headcount_assets.worlds.simulation import simulate_study


@pytest.fixture(scope="module")
def small():
    return simulate_study(companies=60, profiles=15_000, seed=9)


def estimate(world, estimator, **options):
    tables = (world.validation, world.profiles, world.companies)
    return estimate_headcount(*tables, estimator=estimator, draws=300, seed=0, **options)


def test_intervals_show_more_than_disagreement_of_classifiers(small):
    """When all annotators agree, the script is sure; nobody who has rated 585 CVs can be."""
    agree = small.profiles.drop(columns="company_id")
    everybody = pd.DataFrame(1, index=range(40), columns=agree.columns).assign(company_id="acme")
    companies = pd.DataFrame({"company_id": ["acme"], "headcount": [400]})
    everybody.loc[20:, list(agree.columns)] = 0
    spread = {}
    for estimator in ("log_debias", "five_layer"):
        result = estimate_headcount(
            small.validation, everybody, companies, estimator=estimator, draws=300
        )
        spread[estimator] = result.intervals().iloc[0]
    # 40 of 400 were seen: sampling alone leaves the count open by a factor of 1.2.
    five = spread["five_layer"]
    assert five["high"] > 1.2 * max(five["low"], 1)


def test_nothing_is_added_before_a_logarithm(small):
    """Where nobody was flagged, 0.5 before a log makes up experts in every company."""
    silent = small.profiles.copy()
    labels = silent.columns.drop("company_id")
    silent[labels] = silent[labels].where(silent[labels].isna(), 0)
    tables = small.validation, silent, small.companies[["company_id", "headcount"]]
    foil = estimate_headcount(*tables, estimator="log_debias", draws=100)
    ours = estimate_headcount(*tables, estimator="five_layer", draws=100)
    tiny = (ours.evidence == "profiles") & (ours.headcount < 30)
    assert tiny.sum() >= 5
    # The foil's answer is the same for 5 employees and for 30; ours follows the posterior.
    assert len(set(foil.draws[tiny].data.mean(axis=1).round(1))) < tiny.sum()
    assert np.median(ours.intervals().loc[tiny, "median"]) == 0


def test_totals_add_up_instead_of_being_medians_of_medians(small):
    ours = estimate(small, "five_layer")
    intervals = ours.intervals()
    assert ours.total()["mean"] == pytest.approx(intervals["mean"].sum())
    truth = small.truth.loc[ours.evidence != "none", "experts"].sum()
    log_error = abs(np.log(ours.total()["median"] / truth))
    foil_error = abs(np.log(estimate(small, "log_debias").total()["median"] / truth))
    assert log_error < foil_error


def test_agreement_of_correlated_classifiers_is_not_counted_thrice(small):
    """Three LLMs that err together are less than three witnesses."""
    labels = [c for c in small.profiles.columns if c != "company_id"]
    row = {name: int(name.startswith("llm")) for name in labels}
    accepted = pd.DataFrame([row] * 200).assign(company_id="acme")
    companies = pd.DataFrame({"company_id": ["acme"], "headcount": [200]})
    settings = EstimatorSettings.default().with_layers(["rated_cvs", "correlations"])
    means = {
        estimator: estimate_headcount(
            small.validation, accepted, companies, estimator=estimator, settings=settings, draws=100
        ).total()["mean"]
        for estimator in ("five_layer", "independent")
    }
    assert means["independent"] > 1.3 * means["five_layer"]

"""Verdicts about deployed profiles in the draws of companies, and in what is kept of a fit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.deployed_verdicts import DeployedVerdicts
from ml_headcount_assets.model.hierarchical import HierarchicalFit, draw_company_hierarchical


@pytest.fixture(scope="session")
def rated_fit(rated_study) -> HierarchicalFit:
    return rated_study.fit()


def test_a_fit_with_raters_is_kept_to_the_last_bit(rated_fit):
    back = HierarchicalFit.from_frame(rated_fit.to_frame())
    assert back.layout == rated_fit.layout
    assert np.array_equal(back.parameter("rater_errors"), rated_fit.parameter("rater_errors"))


def test_verdicts_move_the_company_that_they_are_about(rated_study, rated_fit):
    """All of the profiles of one company are rated: it has about as many experts as they say."""
    company = max(rated_study.companies, key=lambda c: c.n_profiles)
    some = replace(company, verdicts=None, headcount=company.n_profiles)

    def mean(yes: bool) -> float:
        size = len(company.counts)
        said = DeployedVerdicts(
            company.labels,
            np.full(size, 2 * yes),
            np.full(size, 2 * (not yes)),
            company.counts,
        )
        drawn = draw_company_hierarchical(rated_fit, replace(some, verdicts=said), draws=40, seed=3)
        return float(drawn.experts.mean())

    unrated = draw_company_hierarchical(rated_fit, some, draws=40, seed=3).experts.mean()
    assert mean(False) < unrated < mean(True)
    assert mean(True) > 0.85 * company.n_profiles
    assert mean(False) < 0.05 * company.n_profiles


def test_verdicts_need_a_fit_that_knows_of_raters(fit, rated_study):
    company = next(c for c in rated_study.companies if c.verdicts is not None)
    with pytest.raises(InputError, match="fit the cohort again"):
        draw_company_hierarchical(fit, company, draws=10, seed=0)

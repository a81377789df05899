"""Fits and draws: exact storage, and numbers that depend on the data alone."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.model.hierarchical import (
    HierarchicalFit,
    draw_company_hierarchical,
)

from .conftest import Study

ARRAYS = ("theta", "rated", "near", "easy", "expert")


def _same(one: HierarchicalFit, other: HierarchicalFit) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ARRAYS)


def _draw(fit, companies, draws=50):
    return {
        c.company_id: draw_company_hierarchical(fit, c, draws=draws, seed=1).experts
        for c in companies
    }


def test_a_stored_fit_is_the_fit_to_the_last_bit(fit, study):
    stored = HierarchicalFit.from_frame(fit.to_frame().sample(frac=1, random_state=0))
    assert _same(fit, stored)
    assert stored.layout == fit.layout
    assert stored.diagnostics == fit.diagnostics
    again = pickle.loads(pickle.dumps(fit))
    for company in study.companies[:4]:
        drawn = [
            draw_company_hierarchical(f, company, draws=50, seed=1) for f in (fit, stored, again)
        ]
        for other in drawn[1:]:
            assert np.array_equal(drawn[0].experts, other.experts)
            assert np.array_equal(drawn[0].prevalence, other.prevalence, equal_nan=True)


def test_order_of_columns_rows_and_companies_changes_no_number(fit, study, small_world):
    shuffled = Study.of(
        small_world.validation[small_world.validation.columns[::-1]].iloc[::-1],
        small_world.profiles[small_world.profiles.columns[::-1]].iloc[::-1],
        small_world.companies.iloc[::-1].reset_index(drop=True),
        study.annotators[::-1],
    )
    other = shuffled.fit()
    assert _same(fit, other)
    one, two = _draw(fit, study.companies), _draw(other, shuffled.companies)
    assert all(np.array_equal(one[name], two[name]) for name in one)


def test_threads_change_no_number(fit, study):
    assert _same(fit, study.fit(threads=1))


def test_products_keep_to_one_thread_while_it_fits(study):
    """Sums over several threads differ in their last digits, and chains in all others."""

    def threads() -> set[int]:
        return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    seen: list[set[int]] = []
    with threadpool_limits(2, user_api="blas"):
        study.fit(progress=lambda done, total: seen.append(threads()))
        assert threads() == {2}
    assert seen
    assert all(each == {1} for each in seen)


def test_another_seed_draws_other_states(fit, study):
    assert not _same(fit, study.fit(seed=1))


def test_a_company_alone_and_fewer_draws_give_the_numbers_of_the_whole(fit, study):
    whole = _draw(fit, study.companies, draws=120)
    for company in study.companies[::5]:
        alone = _draw(fit, [company], draws=70)[company.company_id]
        assert np.array_equal(alone, whole[company.company_id][:70])


def test_experts_are_people_of_the_company(fit, study):
    for company in study.companies:
        drawn = draw_company_hierarchical(fit, company, draws=50, seed=1)
        if drawn.evidence == "none":
            assert (drawn.experts == -1).all()
            continue
        assert drawn.experts.min() >= 0
        assert drawn.experts.max() <= company.headcount
        assert np.isfinite(drawn.prevalence).all()
        assert ((drawn.easy >= 0) & (drawn.easy <= 1)).all()


def test_a_cohort_that_the_fit_does_not_know_is_an_error(fit, study):
    stranger = replace(next(c for c in study.companies if c.n_profiles), cohort="never seen")
    with pytest.raises(InputError, match=r"never seen.*fit the cohort again"):
        draw_company_hierarchical(fit, stranger, draws=50, seed=1)


def test_progress_reaches_its_end(study):
    told = []
    study.fit(progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_the_model_is_imported_without_torch():
    code = "import sys, ml_headcount_assets.model.hierarchical; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_band_of_headcounts_widens_the_draws(fit, study):
    company = next(c for c in study.companies if c.hits and not c.n_profiles and c.headcount > 50)
    middle = company.headcount
    banded = replace(company, headcount_band=(middle // 2, 2 * middle))
    drawn = draw_company_hierarchical(fit, banded, draws=300, seed=1)
    known = draw_company_hierarchical(fit, company, draws=300, seed=1)
    assert drawn.experts.max() <= 2 * middle
    assert drawn.experts.var() > known.experts.var()
    assert np.array_equal(drawn.prevalence, known.prevalence)

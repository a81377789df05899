"""Small studies, arranged as the hierarchical model takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest

from ml_headcount_assets.model.annotators import Annotator, infer_annotators
from ml_headcount_assets.model.deployed_verdicts import DeployedVerdicts
from ml_headcount_assets.model.evidence import CompanyEvidence, assess_companies
from ml_headcount_assets.model.hierarchical import (
    Effort,
    HierarchicalFit,
    Hyperparameters,
    fit_hierarchical,
)
from ml_headcount_assets.model.hierarchical.instruments import Instruments
from ml_headcount_assets.model.hierarchical.problem import Problem
from ml_headcount_assets.model.patterns import count_patterns
from ml_headcount_assets.model.rated import RatedPatterns, count_rated
from ml_headcount_assets.model.settings import EstimatorSettings
from ml_headcount_assets.worlds.simulation import simulate_study
from ml_headcount_tests.little_effort import LITTLE

SETTINGS = EstimatorSettings.default()
#: Enough to see that everything runs, and far too little to believe.


@dataclass(frozen=True)
class Study:
    """Rated CVs, companies and annotators."""

    rated: RatedPatterns
    companies: list[CompanyEvidence]
    annotators: tuple[Annotator, ...]

    @classmethod
    def of(
        cls,
        validation: pd.DataFrame,
        profiles: pd.DataFrame,
        companies: pd.DataFrame,
        annotators: Sequence[Annotator] | None = None,
    ) -> Study:
        described = tuple(annotators or infer_annotators(validation))
        instruments = Instruments.of(described, six_dimensional=False)
        counts = count_patterns(profiles, [a.name for a in instruments.annotators])
        evidence = assess_companies(
            counts, companies, instruments.annotators, instruments.kept, SETTINGS
        )
        return cls(count_rated(validation, instruments.kept), evidence, described)

    @property
    def instruments(self) -> Instruments:
        return Instruments.of(self.annotators, six_dimensional=False)

    def problem(self, separate_search: bool | None = None) -> Problem:
        return Problem.of(
            self.rated, self.companies, self.instruments, Hyperparameters(), separate_search
        )

    def fit(self, seed: int = 0, effort: Effort = LITTLE, **options) -> HierarchicalFit:
        return fit_hierarchical(
            self.rated,
            self.companies,
            self.annotators,
            SETTINGS,
            draws=50,
            seed=seed,
            effort=effort,
            **options,
        )


@pytest.fixture(scope="session")
def small_world():
    return simulate_study(companies=24, profiles=1_500, seed=5)


@pytest.fixture(scope="session")
def study(small_world) -> Study:
    return Study.of(small_world.validation, small_world.profiles, small_world.companies)


@pytest.fixture(scope="session")
def fit(study) -> HierarchicalFit:
    return study.fit()


@pytest.fixture
def some_theta(study):
    """Parameter vectors from around the prior's mean, (3, D)."""
    layout = study.problem().layout
    rng = np.random.default_rng(1)
    mean, covariance = layout.prior
    return mean + 0.3 * rng.standard_normal((3, layout.size)) @ np.linalg.cholesky(covariance).T


def _rate(company, kinds):
    """Let (pattern's place, yes, no, profiles) of a company be rated."""
    place, yes, no, counts = (np.array(column) for column in zip(*kinds, strict=True))
    return replace(company, verdicts=DeployedVerdicts(company.labels[place], yes, no, counts))


@pytest.fixture(scope="session")
def rated_study(study):
    """The small study, of whose largest two companies some profiles are rated, some twice."""
    order = sorted(study.companies, key=lambda c: -c.n_profiles)[:2]
    chosen = {c.company_id for c in order}

    def kinds(company):
        most = np.argsort(-company.counts)[:3]
        return [(most[0], 0, 1, 2), (most[1], 1, 0, 1), (most[2], 1, 1, 1), (most[0], 0, 2, 1)]

    companies = [
        _rate(c, kinds(c)) if c.company_id in chosen and len(c.counts) > 2 else c
        for c in study.companies
    ]
    assert sum(c.verdicts is not None for c in companies) == 2
    return replace(study, companies=companies)

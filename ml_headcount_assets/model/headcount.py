"""Experts per company, given what the cohort knows about the annotators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..errors import InputError
from .calibration import AnnotatorFit
from .cohort import CohortFit
from .copula import cell_labels, draw_cells
from .evidence import NONE, PROFILES, CompanyEvidence, assess_companies
from .log_debias import draw_log_debias
from .patterns import pattern_likelihood
from .posterior import draw_employees, draw_experts, draw_prevalence, expert_posterior
from .result import HeadcountResult
from .settings import ESTIMATORS, EstimatorSettings
from .streams import DRAW_BLOCK, block_count, padded_draws

__all__ = ["draw_headcounts"]

# Experts are counted in 32 bits: with many draws of many companies they are most of the memory.
_MOST_EMPLOYEES = int(np.iinfo(np.int32).max)
# Blocks of draws that are made together: 5,000 draws, so that what they take does not grow with
# the number of draws.
_BLOCKS_TOGETHER = 100


def draw_headcounts(
    fit: AnnotatorFit,
    cohort: CohortFit,
    pattern_counts: pd.DataFrame,
    companies: pd.DataFrame,
    settings: EstimatorSettings,
    *,
    estimator: str,
    draws: int,
    seed: int,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> HeadcountResult:
    """Draw the number of experts of each company.

    Given `fit` and `cohort` companies are independent of each other, and each has its own
    random streams: any subset in any order gives the same numbers.

    Parameters
    ----------
    fit, cohort
        The cohort's draws, at least as many as `draws`.
    pattern_counts, companies
        See `evidence.assess_companies`; the result is in the order of `companies`.
    settings
        Must be those of `fit` and `cohort`.
    estimator
        One of `settings.ESTIMATORS`.
    draws, seed, compute, progress
        As in `fit_annotators`.

    Raises
    ------
    InputError
        If the estimator is unknown, the fits hold too few draws, or the tables are unusable.
    """
    if estimator not in ESTIMATORS:
        raise InputError(f"Unknown estimator {estimator!r}; there are {', '.join(ESTIMATORS)}.")
    if min(len(fit.positive_rates), len(cohort.scale)) < draws:
        raise InputError(f"The cohort was fitted with fewer than {draws} draws; refit it.")
    assessed = assess_companies(pattern_counts, companies, fit.described, fit.annotators, settings)
    for company in assessed:
        if company.headcount > _MOST_EMPLOYEES:
            raise InputError(
                f"Company {company.company_id!r} has {company.headcount:,} employees, more than "
                f"the {_MOST_EMPLOYEES:,} that can be counted; correct its headcount."
            )
    compute = compute or LocalCompute()
    # What one company needs is too little for a GPU, unless one is asked for.
    engine = compute.engine.settle()
    drawer = _Drawer.of(fit, cohort, settings, estimator, draws, seed, engine)
    rows = compute.map(drawer, assessed, progress, worker=engine.worker)
    drawn = np.empty((len(assessed), draws), dtype=np.int32)
    for number in reversed(range(len(rows))):
        # Each row is let go as soon as it is copied, so that all of them are never there twice.
        drawn[number] = rows.pop()
    return _collect(assessed, drawn)


@dataclass(frozen=True)
class _Drawer:
    """All draws of one company at a time."""

    fit: AnnotatorFit
    cohort: CohortFit
    settings: EstimatorSettings
    estimator: str
    draws: int
    seed: int
    engine: Engine

    @classmethod
    def of(
        cls,
        fit: AnnotatorFit,
        cohort: CohortFit,
        settings: EstimatorSettings,
        estimator: str,
        draws: int,
        seed: int,
        engine: Engine,
    ) -> _Drawer:
        """Leave out what no company needs, since a drawer may be sent to other machines."""
        padded = padded_draws(draws)
        slim = replace(
            fit,
            correlations=fit.correlations[:0],
            repair_distance=fit.repair_distance[:0],
            pattern_probabilities=fit.pattern_probabilities[:padded],
        )
        return cls(slim, cohort, settings, estimator, draws, seed, engine)

    def __call__(self, company: CompanyEvidence) -> NDArray[np.int32]:
        """Return the experts in each draw, shape (draws,)."""
        if company.evidence == NONE:
            return np.full(self.draws, -1, dtype=np.int32)
        blocks = block_count(self.draws)
        if self.estimator == "log_debias":
            drawn = draw_log_debias(company, self.fit, self.seed, blocks)
        else:
            draw = self._from_profiles if company.evidence == PROFILES else self._from_aggregates
            spans = [
                range(start, min(start + _BLOCKS_TOGETHER, blocks))
                for start in range(0, blocks, _BLOCKS_TOGETHER)
            ]
            drawn = np.concatenate([draw(company, span) for span in spans])
        return drawn[: self.draws].astype(np.int32)

    def _from_profiles(self, company: CompanyEvidence, span: range) -> NDArray[np.int64]:
        posterior = self._posterior(company, company.labels, span)
        employees = draw_employees(
            company, self.settings, self.seed, len(span), first_block=span.start
        )
        return self._experts(company, employees, posterior, span)

    def _from_aggregates(self, company: CompanyEvidence, span: range) -> NDArray[np.int64]:
        rows = _rows(span)
        filters, correlations = self.cohort.known_filters(company, rows.stop)
        employees = draw_cells(
            company,
            filters,
            correlations[rows],
            self.settings,
            self.seed,
            first_block=span.start,
            engine=self.engine,
        )
        labels = cell_labels(filters, self.fit.annotators)
        posterior = self._posterior(company, labels, span)
        scaled = np.minimum(posterior * self.cohort.scale[rows, None], 1.0)
        return self._experts(company, employees, scaled, span)

    def _posterior(
        self, company: CompanyEvidence, labels: NDArray[np.int8], span: range
    ) -> NDArray[np.float64]:
        likelihood = pattern_likelihood(self.fit.pattern_probabilities[_rows(span)], labels)
        prevalence = draw_prevalence(
            company, self.settings, self.seed, len(span), first_block=span.start
        )
        return expert_posterior(likelihood, prevalence, engine=self.engine)

    def _experts(
        self,
        company: CompanyEvidence,
        employees: NDArray[np.int64],
        posterior: NDArray[np.float64],
        span: range,
    ) -> NDArray[np.int64]:
        return draw_experts(
            company.company_id,
            employees,
            posterior,
            self.settings,
            self.seed,
            first_block=span.start,
            engine=self.engine,
        )


def _rows(blocks: range) -> slice:
    """Return the draws of some blocks."""
    return slice(blocks.start * DRAW_BLOCK, blocks.stop * DRAW_BLOCK)


def _collect(assessed: Sequence[CompanyEvidence], drawn: NDArray[np.int32]) -> HeadcountResult:
    evidence = np.array([company.evidence for company in assessed], dtype=object)
    unknown = np.broadcast_to((evidence == NONE)[:, None], drawn.shape)
    return HeadcountResult(
        company_id=np.array([company.company_id for company in assessed], dtype=object),
        draws=np.ma.MaskedArray(drawn, mask=unknown.copy(), fill_value=-1),
        evidence=evidence,
        flags=np.array([";".join(company.flags) for company in assessed], dtype=object),
        n_profiles=np.array([company.n_profiles for company in assessed], dtype=np.int64),
        headcount=np.array([company.headcount for company in assessed], dtype=np.int64),
    )

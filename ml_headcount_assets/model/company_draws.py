"""Experts of one company in every draw: Bayes' rule over its label patterns, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..compute.engine import Engine
from ..errors import InputError
from .annotator_fit import AnnotatorFit
from .cohort import CohortFit
from .copula import cell_labels, draw_cells
from .drawn_company import DrawnCompany
from .evidence import NONE, PROFILES, CompanyEvidence
from .patterns import pattern_likelihood
from .posterior import draw_employees, draw_experts, draw_prevalence, expert_posterior
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, block_count, padded_draws

__all__ = ["BayesDrawer"]

# Blocks of draws that are made together: 5,000 draws, so that what they take does not grow with
# the number of draws.
_BLOCKS_TOGETHER = 100


@dataclass(frozen=True)
class BayesDrawer:
    """Draws the experts of companies, one company at a time.

    From profiles directly; where there are keyword counts only, through the copula's patterns.
    """

    fit: AnnotatorFit
    cohort: CohortFit
    settings: EstimatorSettings
    draws: int
    seed: int
    engine: Engine

    @classmethod
    def of(
        cls,
        fit: AnnotatorFit,
        cohort: CohortFit,
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        engine: Engine,
    ) -> BayesDrawer:
        """Leave out what no company needs, since a drawer may be sent to other machines.

        Raises
        ------
        InputError
            The fits hold too few draws.
        """
        if min(fit.draws, cohort.draws) < draws:
            raise InputError(f"The cohort was fitted with fewer than {draws} draws; refit it.")
        slim = replace(
            fit,
            correlations=fit.correlations[:0],
            repair_distance=fit.repair_distance[:0],
            pattern_probabilities=fit.pattern_probabilities[: padded_draws(draws)],
        )
        return cls(slim, cohort, settings, draws, seed, engine)

    def __call__(self, company: CompanyEvidence) -> DrawnCompany:
        """Return the draws of a company."""
        if company.evidence == NONE:
            return DrawnCompany.without_evidence(company, self.draws)
        blocks = block_count(self.draws)
        draw = self._from_profiles if company.evidence == PROFILES else self._from_aggregates
        spans = [
            range(start, min(start + _BLOCKS_TOGETHER, blocks))
            for start in range(0, blocks, _BLOCKS_TOGETHER)
        ]
        experts = np.concatenate([draw(company, span) for span in spans])[: self.draws]
        return DrawnCompany(experts.astype(np.int32), company.evidence, company.flags)

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

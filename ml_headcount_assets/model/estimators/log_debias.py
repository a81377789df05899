"""The original script's estimator, kept as a foil to show what was wrong with it.

Reconstructed from its description: every annotator's flagged count is divided, on the log
scale, by how much that annotator over-counts on the rated CVs; the company's figure is the
median over kinds of annotators of the medians within a kind; the interval is the spread of the
annotators around it. Its flaws stay in on purpose: 0.5 is added before every logarithm, so a
company where nobody was flagged still gets experts; a median of medians answers no question
about a mean or a total; the interval shows how much the annotators disagree and nothing of
what the rated CVs, the sample of profiles or the annotators' common errors leave open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...compute.engine import Engine
from ..annotator_fit import AnnotatorFit
from ..annotators import Annotator
from ..calibration import ErrorModel
from ..cohort import CohortFit, bootstrap_diagnostics, bootstrap_rates, fit_cohort
from ..drawn_company import DrawnCompany
from ..evidence import NONE, PROFILES, CompanyEvidence
from ..headcount_band import draw_headcounts_in_band
from ..settings import EstimatorSettings
from ..streams import DRAW_BLOCK, block_count, stream
from .estimator import Estimator

__all__ = ["LOG_DEBIAS"]

_EPSILON = 0.5


@dataclass(frozen=True)
class _Drawer:
    """Draws around the median of medians of one company at a time."""

    annotators: tuple[Annotator, ...]
    log_over_count: dict[str, float]
    settings: EstimatorSettings
    draws: int
    seed: int

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
    ) -> _Drawer:
        """Take from the fit how much each annotator over-counts."""
        return cls(fit.annotators, _log_over_count(fit), settings, draws, seed)

    def __call__(self, company: CompanyEvidence) -> DrawnCompany:
        """Return the draws of a company."""
        if company.evidence == NONE:
            return DrawnCompany.without_evidence(company, self.draws)
        flagged = _flagged(company, self.annotators)
        estimates = {
            annotator: np.log(flagged[annotator.name] + _EPSILON)
            - self.log_over_count[annotator.name]
            for annotator in self.annotators
            if annotator.name in flagged
        }
        kinds = sorted({annotator.kind for annotator in estimates})
        medians = [np.median([e for a, e in estimates.items() if a.kind == kind]) for kind in kinds]
        centre = np.full(self.draws, np.median(medians))
        values = list(estimates.values())
        spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        normal = np.concatenate(
            [
                stream(self.seed, "log_debias", company.company_id, block).standard_normal(
                    DRAW_BLOCK
                )
                for block in range(block_count(self.draws))
            ]
        )[: self.draws]
        blocks = block_count(self.draws)
        headcounts = draw_headcounts_in_band(company, self.settings, self.seed, blocks)
        headcounts = headcounts[: self.draws]
        if company.evidence == PROFILES:
            # What is flagged among the profiles grows with the headcount; hits are what they are.
            centre = centre + np.log(headcounts / company.headcount)
        # Bounded before the exponential: a wide spread must not overflow.
        drawn = np.exp(np.minimum(centre + spread * normal, np.log(headcounts + 1.0)))
        experts = np.minimum(np.rint(drawn), headcounts).astype(np.int32)
        return DrawnCompany(experts, company.evidence, company.flags)


def _flagged(company: CompanyEvidence, annotators: Sequence[Annotator]) -> dict[str, float]:
    """Return the employees flagged by each annotator, scaled up to the headcount."""
    if company.evidence != PROFILES:
        return {a.name: float(company.hits[a.name]) for a in annotators if a.name in company.hits}
    result = {}
    for column, annotator in enumerate(annotators):
        known = company.counts[company.labels[:, column] >= 0].sum()
        if known:
            positive = company.counts[company.labels[:, column] == 1].sum()
            result[annotator.name] = float(positive * company.headcount / known)
    return result


def _log_over_count(fit: AnnotatorFit) -> dict[str, float]:
    """Return log(flagged CVs / expert CVs) of each annotator."""
    flagged = (fit.rated[:, None] * fit.positive_rates[0]).sum(axis=0)
    ratio = np.log(flagged + _EPSILON) - np.log(fit.rated[1] + _EPSILON)
    return dict(zip(fit.names, ratio, strict=True))


LOG_DEBIAS = Estimator(
    name="log_debias",
    about="is an early formula without a model; it is shown for comparison only",
    errors=ErrorModel(tabulate=None, resampled=False, correlated=False),
    fit_cohort=fit_cohort,
    read_cohort=CohortFit.from_frame,
    kept_in="cohort_fit",
    drawer=_Drawer.of,
    diagnostics=bootstrap_diagnostics,
    rates=bootstrap_rates,
    foil=True,
)

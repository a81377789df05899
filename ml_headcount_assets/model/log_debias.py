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

import numpy as np
from numpy.typing import NDArray

from .annotators import Annotator
from .calibration import AnnotatorFit
from .evidence import PROFILES, CompanyEvidence
from .headcount_band import draw_headcounts_in_band
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, stream

__all__ = ["draw_log_debias"]

_EPSILON = 0.5


def draw_log_debias(
    company: CompanyEvidence,
    fit: AnnotatorFit,
    settings: EstimatorSettings,
    seed: int,
    blocks: int,
) -> NDArray[np.int64]:
    """Draw expert counts of a company with evidence; shape (D,)."""
    flagged = _flagged(company, fit.annotators)
    over_count = _log_over_count(fit)
    estimates = {
        annotator: np.log(flagged[annotator.name] + _EPSILON) - over_count[annotator.name]
        for annotator in fit.annotators
        if annotator.name in flagged
    }
    kinds = sorted({annotator.kind for annotator in estimates})
    medians = [np.median([e for a, e in estimates.items() if a.kind == kind]) for kind in kinds]
    centre = np.full(blocks * DRAW_BLOCK, np.median(medians))
    values = list(estimates.values())
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    normal = np.concatenate(
        [
            stream(seed, "log_debias", company.company_id, block).standard_normal(DRAW_BLOCK)
            for block in range(blocks)
        ]
    )
    headcounts = draw_headcounts_in_band(company, settings, seed, blocks)
    if company.evidence == PROFILES:
        # What is flagged among the profiles grows with the headcount; hits are what they are.
        centre = centre + np.log(headcounts / company.headcount)
    # Bounded before the exponential: a wide spread must not overflow.
    drawn = np.exp(np.minimum(centre + spread * normal, np.log(headcounts + 1.0)))
    return np.minimum(np.rint(drawn), headcounts).astype(np.int64)


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

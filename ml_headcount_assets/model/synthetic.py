"""The pattern table that keyword counts alone imply, for companies without profiles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .annotator_fit import AnnotatorFit
from .cohort import CohortFit
from .copula import cell_labels, draw_cells
from .evidence import AGGREGATES
from .intervals import LEVEL, tails
from .patterns import encode_patterns
from .settings import EstimatorSettings
from .streams import padded_draws
from .study_evidence import StudyEvidence

__all__ = ["synthetic_counts"]

_COLUMNS = ["company_id", "pattern", "mean_count", "low", "high", "level"]


def synthetic_counts(
    fit: AnnotatorFit,
    cohort: CohortFit,
    evidence: StudyEvidence,
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    level: float = LEVEL,
) -> pd.DataFrame:
    """Summarise the drawn label patterns of companies with keyword counts only.

    The draws are the very ones behind the companies' headcounts.

    Parameters
    ----------
    fit, cohort, settings, draws, seed
        As for `draw_headcounts`.
    evidence
        Of the companies wanted.
    level
        Content of the intervals; the columns are called low and high at any level.

    Returns
    -------
    DataFrame
        ``company_id, pattern, mean_count, low, high, level``; patterns over all annotators, sorted
        by name, ``-`` for those that keyword counts say nothing about.
    """
    parts = []
    for company in evidence.assess(settings):
        if company.evidence != AGGREGATES:
            continue
        filters, correlations = cohort.known_filters(company, padded_draws(draws))
        counts = draw_cells(company, filters, correlations, settings, seed)[:draws]
        ends = tails(level, draws)
        low, high = np.quantile(counts, ends, axis=0, method="inverted_cdf")
        parts.append(
            pd.DataFrame(
                {
                    "company_id": company.company_id,
                    "pattern": encode_patterns(cell_labels(filters, fit.described)),
                    "mean_count": counts.mean(axis=0),
                    "low": low,
                    "high": high,
                    "level": float(level),
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)

"""The pattern table that keyword counts alone imply, for companies without profiles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .calibration import AnnotatorFit
from .cohort import CohortFit
from .copula import cell_labels, draw_cells
from .evidence import AGGREGATES, assess_companies
from .patterns import encode_patterns
from .settings import EstimatorSettings
from .streams import padded_draws

__all__ = ["synthetic_counts"]

_COLUMNS = ["company_id", "pattern", "mean_count", "low", "high"]


def synthetic_counts(
    fit: AnnotatorFit,
    cohort: CohortFit,
    pattern_counts: pd.DataFrame,
    companies: pd.DataFrame,
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    level: float = 0.8,
) -> pd.DataFrame:
    """Summarise the drawn label patterns of companies with keyword counts only.

    The draws are the very ones behind the companies' headcounts.

    Parameters
    ----------
    fit, cohort, pattern_counts, companies, settings, draws, seed
        As for `draw_headcounts`.
    level
        Content of the intervals; the columns are called low and high at any level.

    Returns
    -------
    DataFrame
        ``company_id, pattern, mean_count, low, high``; patterns over all annotators, sorted by
        name, ``-`` for those that keyword counts say nothing about.
    """
    assessed = assess_companies(pattern_counts, companies, fit.described, fit.annotators, settings)
    parts = []
    for company in assessed:
        if company.evidence != AGGREGATES:
            continue
        filters, correlations = cohort.known_filters(company, padded_draws(draws))
        counts = draw_cells(company, filters, correlations, settings, seed)[:draws]
        tails = ((1 - level) / 2, (1 + level) / 2)
        low, high = np.quantile(counts, tails, axis=0, method="inverted_cdf")
        parts.append(
            pd.DataFrame(
                {
                    "company_id": company.company_id,
                    "pattern": encode_patterns(cell_labels(filters, fit.described)),
                    "mean_count": counts.mean(axis=0),
                    "low": low,
                    "high": high,
                }
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)

"""Plotly figures from the warehouse's tables.

Each function takes tables as they are stored and returns a figure; nothing here reads a file or
knows of orchestration. Colours are those of Okabe and Ito, which people with any colour vision
can tell apart, and every colour goes with a symbol of its own.
"""

from .annotators import annotator_rates, error_correlations
from .headcounts import estimators_side_by_side, headcount_forest
from .keywords import (
    filter_optimism,
    keyword_reach,
    keyword_themes,
    list_precision_recall,
    phrase_map,
)
from .portfolio import group_totals
from .predictive import pattern_check

__all__ = [
    "annotator_rates",
    "error_correlations",
    "estimators_side_by_side",
    "filter_optimism",
    "group_totals",
    "headcount_forest",
    "keyword_reach",
    "keyword_themes",
    "list_precision_recall",
    "pattern_check",
    "phrase_map",
]

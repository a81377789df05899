"""Plotly figures from the warehouse's tables.

Each view takes what a study has found (`catalogue.Found`) and returns a figure with a sentence,
a text for those who cannot see it, and its numbers; nothing here reads a file or knows of
orchestration. Colours are those of Okabe and Ito, which people with any colour vision can tell
apart, and every colour goes with a symbol of its own.
"""

from . import (
    of_annotators,
    of_companies,
    of_evidence,
    of_fit,
    of_keywords,
    of_money,
    of_portfolio,
    of_validity,
)
from .annotators import annotator_rates, error_correlations
from .catalogue import FAMILIES
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
    "VIEWS",
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

_OF_MODULES = (
    *(of_companies, of_portfolio, of_annotators, of_fit, of_evidence, of_validity, of_keywords),
    of_money,
)
#: All views, in the order in which they are shown.
VIEWS = tuple(
    view
    for family in FAMILIES
    for module in _OF_MODULES
    for view in module.VIEWS
    if view.family == family
)

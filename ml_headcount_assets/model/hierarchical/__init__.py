"""The hierarchical model: everything that was seen in one likelihood.

Each module is one section of the model's description: `instruments` (who labels, from which
text), `parameters` (layout and priors), `label_tables` (the structured probit), `near_misses`
(deployed non-experts), `company_counts` (three blocks of data), `dispersion`, `grids` and
`company_likelihood` (prevalences integrated out), `density` (all of it), `starts`, `mode`,
`sampling` and `convergence` (inference), `fit` and `fitting` (the result), `company_draws`
(experts of one company), `summaries`, `distrust` and `conditioning` (what to make of it).

Drawing companies from a fit needs NumPy and SciPy only; making a fit needs torch, which is
imported then and not before.
"""

from ..effort import Effort
from .company_draws import CompanyDraws, draw_company_hierarchical
from .conditioning import hierarchical_budget
from .diagnostics import FitDiagnostics
from .distrust import Doubt, Measure, doubts, doubts_in_words, measures
from .fit import HierarchicalFit
from .fitting import fit_hierarchical
from .parameters import Hyperparameters
from .summaries import (
    annotator_rates,
    fit_scales,
    predicted_pattern_frequencies,
    prior_posterior,
)

__all__ = [
    "CompanyDraws",
    "Doubt",
    "Effort",
    "FitDiagnostics",
    "HierarchicalFit",
    "Hyperparameters",
    "Measure",
    "annotator_rates",
    "doubts",
    "doubts_in_words",
    "draw_company_hierarchical",
    "fit_hierarchical",
    "fit_scales",
    "hierarchical_budget",
    "measures",
    "predicted_pattern_frequencies",
    "prior_posterior",
]

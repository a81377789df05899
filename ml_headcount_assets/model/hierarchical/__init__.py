"""The hierarchical model: everything that was seen in one likelihood.

Each module is one section of the model's description: `instruments` (who labels, from which
text), `parameters` (layout and priors), `company_counts` (three blocks of data), `dispersion`,
`grids`, `problem` and `starts`; the room `differentiable` (the structured probit, near misses,
the density, its mode and the sampler); `convergence`, `fit` and `fitting` (the result),
`company_draws` (experts of one company), `quantities`, `summaries`, `distrust` and `conditioning`
(what to make of it).

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

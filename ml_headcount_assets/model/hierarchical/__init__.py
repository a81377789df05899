"""The hierarchical model: everything that was seen in one likelihood.

Each module is one section of the model's description: `instruments` (who labels, from which
text), `parameters` (layout and priors), `label_tables` (the structured probit), `near_misses`
(deployed non-experts), `company_counts` (three blocks of data), `dispersion`, `grids` and
`company_likelihood` (prevalences integrated out), `density` (all of it), `starts`, `mode`,
`sampling` and `convergence` (inference), `fit` and `fitting` (the result), `company_draws`
(experts of one company).

Drawing companies from a fit needs NumPy and SciPy only; making a fit needs torch, which is
imported then and not before.
"""

from .company_draws import CompanyDraws, draw_company_hierarchical
from .diagnostics import FitDiagnostics
from .effort import Effort
from .fit import HierarchicalFit
from .fitting import fit_hierarchical
from .parameters import Hyperparameters

__all__ = [
    "CompanyDraws",
    "Effort",
    "FitDiagnostics",
    "HierarchicalFit",
    "Hyperparameters",
    "draw_company_hierarchical",
    "fit_hierarchical",
]

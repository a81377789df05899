"""The statistics: arrays and frames in, documented records out.

Nothing in this package knows of files, databases or orchestration. The order of reading
follows the model: `patterns` (the sufficient statistic), `annotators`, `rated`, `correlations`
and `calibration` (what the rated CVs tell), `orthants`, `quadrature`, `bivariate` and
`tetrachoric` (the kernels), `arithmetic` (what library they compute with),
`evidence`, `posterior`, `copula`, `cohort` and `headcount` (the companies), `estimators` (what
is made of these parts, each in a module), `result`.
"""

from .annotator_fit import AnnotatorFit
from .annotators import Annotator, infer_annotators
from .budget import uncertainty_budget
from .calibration import fit_annotators
from .cohort import CohortFit, fit_cohort
from .estimate import estimate_headcount
from .estimators import DEFAULT_ESTIMATOR, ESTIMATORS, Estimator, estimator_of
from .headcount import draw_headcounts
from .orthants import orthant_probabilities
from .patterns import count_patterns
from .predictive import predictive_checks
from .priors import DEFAULT_PRIORS, PAPER_PRIORS, SIZE_BANDS, Priors, size_band
from .result import DrawSums, HeadcountResult
from .settings import LAYERS, MODEL_VERSION, PRESETS, EstimatorSettings
from .study_evidence import StudyEvidence
from .synthetic import synthetic_counts
from .tetrachoric import tetrachoric

__all__ = [
    "DEFAULT_ESTIMATOR",
    "DEFAULT_PRIORS",
    "ESTIMATORS",
    "LAYERS",
    "MODEL_VERSION",
    "PAPER_PRIORS",
    "PRESETS",
    "SIZE_BANDS",
    "Annotator",
    "AnnotatorFit",
    "CohortFit",
    "DrawSums",
    "Estimator",
    "EstimatorSettings",
    "HeadcountResult",
    "Priors",
    "StudyEvidence",
    "count_patterns",
    "draw_headcounts",
    "estimate_headcount",
    "estimator_of",
    "fit_annotators",
    "fit_cohort",
    "infer_annotators",
    "orthant_probabilities",
    "predictive_checks",
    "size_band",
    "synthetic_counts",
    "tetrachoric",
    "uncertainty_budget",
]

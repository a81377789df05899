"""What a study is told of the fit: tables with the names that they have in a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import digamma, logit, polygamma

from ...compute.local import LocalCompute
from ..evidence import NONE, CompanyEvidence
from ..intervals import tails
from .company_draws import draw_company_hierarchical
from .conditioning import hierarchical_budget
from .distrust import doubts, measures
from .fit import HierarchicalFit
from .parameters import Hyperparameters
from .summaries import (
    annotator_rates,
    fit_scales,
    normal_overlap,
    predicted_pattern_frequencies,
    prior_posterior,
)

if TYPE_CHECKING:
    from ..fitted import Fitted

__all__ = ["RIGID", "fit_reports", "rated_rates", "reasons_for_doubt", "source_budget"]

Progress = Callable[[int, int], None]

#: Priors under which deployed rates of experts are those of the rated CVs, within a hundredth.
RIGID = Hyperparameters(log_drift_scale=(float(np.log(0.01)), 0.1), loading_drift=0.01)

# A prevalence's quantiles are known to a fifth of its standard deviation by so many draws.
_DRAWS = 200


def rated_rates(
    fit: None, cohort: HierarchicalFit, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rates and correlations of the annotators among rated CVs; see `AnnotatorFit`."""
    fires = cohort.patterns.astype(float)
    names = cohort.layout.instruments.names
    ends = tails(level, cohort.states)
    columns: dict[str, object] = {"annotator": list(names)}
    for rate, values in (
        ("sensitivity", cohort.rated[:, 1] @ fires),
        ("specificity", 1 - cohort.rated[:, 0] @ fires),
    ):
        low, high = np.quantile(values, ends, axis=0)
        columns |= {f"{rate}_mean": values.mean(axis=0)}
        columns |= {f"{rate}_low": low, f"{rate}_high": high}
    rates = pd.DataFrame(columns).sort_values("annotator", ignore_index=True)
    rows = [
        (expert, *sorted((names[i], names[j])), values.mean(), *np.quantile(values, ends))
        for expert, group in enumerate(("negative", "expert"))
        for i, j in combinations(range(len(names)), 2)
        for values in (_correlation(cohort, group, i, j),)
    ]
    keys = ["is_expert", "annotator_a", "annotator_b"]
    pairs = pd.DataFrame(rows, columns=[*keys, "mean", "low", "high"]).sort_values(keys)
    return rates.assign(level=float(level)), pairs.assign(level=float(level))


def _correlation(fit: HierarchicalFit, group: str, i: int, j: int) -> NDArray[np.float64]:
    """Return the latent correlation of two annotators in each state, (S,)."""
    loading = fit.parameter(f"{group}_loading")[:, [i, j]]
    shared = (loading / np.sqrt(1 + loading**2)).prod(axis=1)
    kinds = fit.layout.instruments.kind_of[[i, j]]
    if kinds[0] == kinds[1]:
        return shared
    # Given the first kind's factor the other kinds' are independent of each other.
    factors = np.tanh(fit.parameter(f"{group}_factor"))
    for kind in kinds:
        if kind:
            shared = shared * factors[:, kind - 1]
    return shared


def fit_reports(
    fitted: Fitted, level: float, progress: Progress | None = None
) -> Mapping[str, pd.DataFrame]:
    """Return all tables about a fit.

    Returns
    -------
    mapping
        ``deployed_rates, learned_scales, prior_posterior, cohort_patterns``: as in `summaries`.
        ``company_prevalences``: ``company_id, prior_mean, mean, low, high, level`` of the share of
        experts, ``easy_share``, ``overlap`` with the prior, ``rests_on``. ``diagnostics``:
        ``measure, subject, value, threshold, verdict, because, would_help``.
    """
    fit: HierarchicalFit = fitted.cohort
    companies = fitted.evidence.assess(fitted.settings)
    compute = fitted.compute or LocalCompute()
    looked = compute.map(_Look(fit, level, fitted.seed), companies, progress)
    prevalences = pd.DataFrame([row for row in looked if row is not None], columns=_PREVALENCES)
    bands = prior_posterior(fit, companies, level)
    patterns = predicted_pattern_frequencies(fit, companies, seed=fitted.seed, level=level)
    cohorts = {c.company_id: (c.cohort or "").split(";")[0].strip() for c in companies}
    found = measures(
        fit,
        prior_posterior=bands,
        patterns=patterns,
        prevalences=prevalences.assign(cohort=prevalences["company_id"].map(cohorts)),
    )
    return {
        "deployed_rates": annotator_rates(fit, level),
        "learned_scales": fit_scales(fit, level),
        "prior_posterior": bands,
        "company_prevalences": prevalences,
        "cohort_patterns": patterns,
        "diagnostics": pd.DataFrame(
            [
                {
                    "measure": each.measure,
                    "subject": each.subject,
                    "value": each.value if np.isfinite(each.value) else None,
                    "threshold": each.threshold,
                    "verdict": "good" if each.doubt is None else "doubtful",
                    "because": None if each.doubt is None else str(each.doubt),
                    "would_help": None if each.doubt is None else each.doubt.would_help,
                }
                for each in found
            ]
        ),
    }


def reasons_for_doubt(fitted: Fitted) -> list[str]:
    """Return why not to trust a fit, by all measures that need no look at each company.

    Those of `fit_reports` that rest on each company's prevalence are left out.
    """
    fit: HierarchicalFit = fitted.cohort
    companies = fitted.evidence.assess(fitted.settings)
    found = doubts(
        fit,
        prior_posterior=prior_posterior(fit, companies),
        patterns=predicted_pattern_frequencies(fit, companies, seed=fitted.seed),
    )
    return [str(doubt) for doubt in found]


_PREVALENCES = [
    *("company_id", "prior_mean", "mean", "low", "high", "level", "easy_share", "overlap"),
    "rests_on",
]


@dataclass(frozen=True)
class _Look:
    """What the fit says of the share of experts at one company at a time."""

    fit: HierarchicalFit
    level: float
    seed: int

    def __call__(self, company: CompanyEvidence) -> dict[str, object] | None:
        drawn = draw_company_hierarchical(self.fit, company, draws=_DRAWS, seed=self.seed)
        if drawn.evidence == NONE:
            return None
        low, high = np.quantile(drawn.prevalence, tails(self.level, _DRAWS))
        a, b = company.prior
        centre = float(digamma(a) - digamma(b))
        spread = float(np.sqrt(polygamma(1, a) + polygamma(1, b)))
        return {
            "company_id": company.company_id,
            "prior_mean": a / (a + b),
            "mean": float(drawn.prevalence.mean()),
            "low": float(low),
            "high": float(high),
            "level": float(self.level),
            "easy_share": float(drawn.easy.mean()),
            "overlap": normal_overlap(logit(drawn.prevalence), centre, spread),
            "rests_on": ", ".join(drawn.rests_on),
        }


def source_budget(fitted: Fitted, level: float, progress: Progress | None = None) -> pd.DataFrame:
    """Return the uncertainty budget by conditioning, as `layered_budget.budget_rows` has it."""
    companies: Sequence[CompanyEvidence] = fitted.evidence.assess(fitted.settings)
    return hierarchical_budget(
        fitted.cohort,
        companies,
        draws=fitted.draws,
        seed=fitted.seed,
        level=level,
        progress=progress,
    )

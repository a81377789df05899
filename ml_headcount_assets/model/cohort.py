"""What companies with profiles tell about companies that have only keyword counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .calibration import AnnotatorFit
from .compute import Compute, LocalCompute, Progress
from .copula import base_filters, cell_labels, cell_probabilities
from .correlations import matrices_from_pairs, pair_correlations, repair_correlation
from .evidence import PROFILES, CompanyEvidence, assess_companies
from .patterns import pattern_likelihood
from .posterior import draw_prevalence, expert_posterior
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, block_count, padded_draws, stream

__all__ = ["CohortFit", "fit_cohort"]

# With fewer companies a bootstrap over companies says nothing about their variation.
_FEWEST_COMPANIES = 5


@dataclass(frozen=True)
class CohortFit:
    """Joint draws of what the cohort shares, D of them as in `AnnotatorFit`.

    Attributes
    ----------
    filters
        The F keyword filters of the copula, sorted by name.
    correlations
        Their latent correlations among employees, shape (D, F, F).
    scale
        Experts found from profiles over experts found from keyword counts, shape (D,).
    companies_with_profiles, companies_with_both
        How many companies the two rest on. Below 5 the correlations are those of the rated
        non-experts, and the scale is 1, respectively.
    """

    filters: tuple[str, ...]
    correlations: NDArray[np.float64]
    scale: NDArray[np.float64]
    companies_with_profiles: int
    companies_with_both: int

    def known_filters(
        self, company: CompanyEvidence, draws: int
    ) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Return the filters whose hits a company has, and their correlations (draws, F, F)."""
        columns = [j for j, name in enumerate(self.filters) if name in company.hits]
        filters = tuple(self.filters[j] for j in columns)
        return filters, self.correlations[:draws, columns][:, :, columns]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per draw, the matrix flattened in row order."""
        frame = pd.DataFrame({"draw": np.arange(len(self.scale)), "scale": self.scale})
        frame["filters"] = [list(self.filters)] * len(frame)
        frame["correlations"] = self.correlations.reshape(len(frame), -1).tolist()
        frame["companies_with_profiles"] = self.companies_with_profiles
        frame["companies_with_both"] = self.companies_with_both
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> CohortFit:
        """Rebuild a fit from `to_frame`'s rows; exact to the last bit."""
        rows = frame.sort_values("draw")
        filters = tuple(rows["filters"].iloc[0])
        flat = np.array(rows["correlations"].tolist(), dtype=float)
        return cls(
            filters,
            flat.reshape(len(rows), len(filters), len(filters)),
            rows["scale"].to_numpy(dtype=float),
            int(rows["companies_with_profiles"].iloc[0]),
            int(rows["companies_with_both"].iloc[0]),
        )


def fit_cohort(
    fit: AnnotatorFit,
    pattern_counts: pd.DataFrame,
    companies: pd.DataFrame,
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> CohortFit:
    """Draw the copula's correlations and the ratio between the two kinds of evidence.

    Parameters
    ----------
    fit
        The annotators.
    pattern_counts, companies
        Of the whole cohort; see `evidence.assess_companies`.
    settings, draws, seed, compute, progress
        As in `fit_annotators`.

    Notes
    -----
    Both are bootstrapped over companies. The correlation is the tetrachoric correlation of the
    filters among all employees with profiles, re-estimated per draw (layer 4). The scale is the
    ratio of expected experts, profiles over keyword counts, summed over the companies that have
    both, under the same annotators and prevalences.
    """
    assessed = assess_companies(pattern_counts, companies, fit.described, fit.annotators, settings)
    assessed = sorted(assessed, key=lambda company: company.company_id)
    with_profiles = [company for company in assessed if company.evidence == PROFILES]
    filters = base_filters(fit.annotators)
    correlations = _filter_correlations(fit, filters, with_profiles, settings, seed, draws)
    both = [c for c in with_profiles if filters and set(filters) <= set(c.hits)]
    scale = np.ones(padded_draws(draws))
    # An estimator without pattern probabilities has no posterior to compare.
    comparable = fit.pattern_probabilities.shape[-1] > 0 and len(both) >= _FEWEST_COMPANIES
    if settings.aggregate_scale and comparable:
        comparison = _Comparison(fit, filters, correlations, settings, seed)
        pairs = (compute or LocalCompute()).map(comparison, both, progress)
        scale = _ratio(np.array(pairs), settings, seed)
    return CohortFit(filters, correlations, scale, len(with_profiles), len(both))


def _company_weights(
    count: int, settings: EstimatorSettings, seed: int, purpose: str, blocks: int
) -> NDArray[np.float64]:
    """Return how often each company is in each bootstrap sample of companies; (D, count)."""
    if not settings.has("correlations"):
        return np.ones((blocks * DRAW_BLOCK, count))
    drawn = [
        stream(seed, "cohort", purpose, block).multinomial(
            count, np.full(count, 1 / count), size=DRAW_BLOCK
        )
        for block in range(blocks)
    ]
    return np.concatenate(drawn).astype(float)


def _filter_correlations(
    fit: AnnotatorFit,
    filters: Sequence[str],
    companies: Sequence[CompanyEvidence],
    settings: EstimatorSettings,
    seed: int,
    draws: int,
) -> NDArray[np.float64]:
    columns = [fit.names.index(name) for name in filters]
    if len(companies) < _FEWEST_COMPANIES or len(filters) < 2:
        # Nearly all employees are non-experts, so theirs is the nearest stand-in.
        return fit.correlations[:, 0][:, columns][:, :, columns]
    stacked = np.concatenate([company.labels[:, columns] for company in companies])
    cells, inverse = np.unique(stacked, axis=0, return_inverse=True)
    counts = np.zeros((len(companies), len(cells)))
    owner = np.repeat(np.arange(len(companies)), [len(company.counts) for company in companies])
    np.add.at(counts, (owner, inverse), np.concatenate([company.counts for company in companies]))
    weights = _company_weights(len(companies), settings, seed, "filters", block_count(draws))
    pairs = pair_correlations(cells, weights @ counts, settings.continuity_correction)
    return repair_correlation(matrices_from_pairs(pairs, len(filters)), settings.repair)[0]


class _Comparison:
    """Expected experts of one company from its profiles and from its keyword counts."""

    def __init__(
        self,
        fit: AnnotatorFit,
        filters: Sequence[str],
        correlations: NDArray[np.float64],
        settings: EstimatorSettings,
        seed: int,
    ) -> None:
        self.fit, self.filters, self.correlations = fit, filters, correlations
        self.settings, self.seed = settings, seed
        self.cell_likelihood = pattern_likelihood(
            fit.pattern_probabilities, cell_labels(filters, fit.annotators)
        )

    def __call__(self, company: CompanyEvidence) -> NDArray[np.float64]:
        """Return both expectations, shape (2, D)."""
        blocks = len(self.correlations) // DRAW_BLOCK
        prevalence = draw_prevalence(company, self.settings, self.seed, blocks)
        seen = pattern_likelihood(self.fit.pattern_probabilities, company.labels)
        by_profile = (expert_posterior(seen, prevalence) * company.counts).sum(axis=1)
        cells = cell_probabilities(company, self.filters, self.correlations)
        by_hits = (expert_posterior(self.cell_likelihood, prevalence) * cells).sum(axis=1)
        return company.headcount * np.stack([by_profile / company.n_profiles, by_hits])


def _ratio(
    expected: NDArray[np.float64], settings: EstimatorSettings, seed: int
) -> NDArray[np.float64]:
    """Return the ratio of sums over bootstrapped companies; (companies, 2, D) -> (D,)."""
    blocks = expected.shape[2] // DRAW_BLOCK
    weights = _company_weights(len(expected), settings, seed, "scale", blocks)
    sums = (expected * weights.T[:, None, :]).sum(axis=0)
    return sums[0] / sums[1]

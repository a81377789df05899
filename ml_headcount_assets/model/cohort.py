"""What companies with profiles tell about companies that have only keyword counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..wording import how_many
from .annotator_fit import AnnotatorFit
from .annotators import Annotator
from .copula import base_filters, cell_labels, cell_probabilities
from .correlations import matrices_from_pairs, pair_correlations, repair_correlation
from .evidence import PROFILES, CompanyEvidence
from .headcount_band import draw_headcounts_in_band
from .patterns import pattern_likelihood
from .posterior import draw_prevalence, expert_posterior
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, block_count, padded_draws, stream
from .study_evidence import StudyEvidence

__all__ = ["CohortFit", "bootstrap_diagnostics", "bootstrap_rates", "fit_cohort"]

# With fewer companies a bootstrap over companies says nothing about their variation.
_FEWEST_COMPANIES = 5
# Numbers in the results of companies that are held together: 200 MB.
_HELD_NUMBERS = 25_000_000


@dataclass(frozen=True, repr=False)
class CohortFit:
    """Joint draws of what the cohort shares, D of them as in `AnnotatorFit`.

    Attributes
    ----------
    filters
        The F keyword filters of the copula, sorted by name: those of which hits are counted.
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

    def __repr__(self) -> str:
        return (
            f"CohortFit of {', '.join(self.filters) or 'no filters'}: correlations from "
            f"{how_many(self.companies_with_profiles, 'company')} with profiles, scale from "
            f"{self.companies_with_both} that have counts too, {self.draws} draws"
        )

    @property
    def draws(self) -> int:
        """Number of draws, D."""
        return len(self.scale)

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


def bootstrap_diagnostics(fit: AnnotatorFit, cohort: CohortFit) -> dict[str, object]:
    """Return how far matrices had to be mended, the scale, and how many companies it rests on."""
    return {
        "matrices_repaired": float((fit.repair_distance > 0).mean()),
        "largest_repair": float(fit.repair_distance.max()),
        "aggregate_scale_mean": float(cohort.scale.mean()),
        "companies_with_both": cohort.companies_with_both,
    }


def bootstrap_rates(
    fit: AnnotatorFit, cohort: CohortFit, level: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the annotators' rates and correlations."""
    return fit.summary(level), fit.correlation_summary(level)


def fit_cohort(
    fit: AnnotatorFit,
    evidence: StudyEvidence,
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
    evidence
        Of the whole cohort.
    settings, draws, seed, compute, progress
        As in `fit_annotators`.

    Notes
    -----
    Both are bootstrapped over companies. The correlation is the tetrachoric correlation of the
    filters among all employees with profiles, re-estimated per draw (layer 4). The scale is the
    ratio of expected experts, profiles over keyword counts, summed over the companies that have
    both, under the same annotators and prevalences.
    """
    assessed = sorted(evidence.assess(settings), key=lambda company: company.company_id)
    with_profiles = [company for company in assessed if company.evidence == PROFILES]
    filters = _counted_filters(fit.annotators, assessed)
    correlations = _filter_correlations(fit, filters, with_profiles, settings, seed, draws)
    both = [c for c in with_profiles if filters and set(filters) <= set(c.hits)]
    scale = np.ones(padded_draws(draws))
    # An estimator without pattern probabilities has no posterior to compare.
    comparable = fit.pattern_probabilities.shape[-1] > 0 and len(both) >= _FEWEST_COMPANIES
    if settings.aggregate_scale and comparable:
        compute = compute or LocalCompute()
        # What one company needs is too little for a GPU, unless one is asked for.
        engine = compute.engine.settle()
        comparison = _Comparison.of(fit, filters, correlations, settings, seed, engine)
        scale = _ratio(comparison, both, compute, progress)
    return CohortFit(filters, correlations, scale, len(with_profiles), len(both))


def _counted_filters(
    annotators: Sequence[Annotator], companies: Sequence[CompanyEvidence]
) -> tuple[str, ...]:
    """Return the filters whose hits are known of some company; all of them if of none.

    A filter that is new to a study labels its profiles, and has counts of hits nowhere. It must not
    keep the others' counts from being compared with profiles.
    """
    filters = base_filters(annotators)
    counted = {name for company in companies for name in company.hits}
    return tuple(name for name in filters if name in counted) or filters


def _company_weights(
    count: int, settings: EstimatorSettings, seed: int, purpose: str, block: int
) -> NDArray[np.uint16]:
    """Return how often each company is in each bootstrap sample of companies.

    One block of draws, shape (`DRAW_BLOCK`, count). No company is drawn 65,536 times as often as
    expected.
    """
    if not settings.has("correlations"):
        return np.ones((DRAW_BLOCK, count), dtype=np.uint16)
    rng = stream(seed, "cohort", purpose, block)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=DRAW_BLOCK)
    return drawn.astype(np.uint16)


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
    # Block by block, lest the weights of many companies in many draws be held together.
    drawn = np.concatenate(
        [
            _company_weights(len(companies), settings, seed, "filters", block) @ counts
            for block in range(block_count(draws))
        ]
    )
    pairs = pair_correlations(cells, drawn, settings.continuity_correction)
    return repair_correlation(matrices_from_pairs(pairs, len(filters)), settings.repair)[0]


@dataclass(frozen=True)
class _Comparison:
    """Expected experts of one company from its profiles and from its keyword counts.

    Attributes
    ----------
    pattern_probabilities, cell_likelihood
        P(pattern | class), shape (D, 2, 2**J), and P(cell | class), shape (D, 2, 2**F).
    correlations
        Of the F filters, shape (D, F, F).
    """

    pattern_probabilities: NDArray[np.float64]
    cell_likelihood: NDArray[np.float64]
    filters: tuple[str, ...]
    correlations: NDArray[np.float64]
    settings: EstimatorSettings
    seed: int
    engine: Engine

    @classmethod
    def of(
        cls,
        fit: AnnotatorFit,
        filters: tuple[str, ...],
        correlations: NDArray[np.float64],
        settings: EstimatorSettings,
        seed: int,
        engine: Engine,
    ) -> _Comparison:
        """Prepare what all companies share."""
        table = fit.pattern_probabilities
        cells = pattern_likelihood(table, cell_labels(filters, fit.annotators))
        return cls(table, cells, filters, correlations, settings, seed, engine)

    @property
    def blocks(self) -> int:
        """Number of blocks of draws."""
        return len(self.correlations) // DRAW_BLOCK

    def __call__(self, company: CompanyEvidence) -> NDArray[np.float64]:
        """Return both expectations, shape (2, D)."""
        prevalence = draw_prevalence(company, self.settings, self.seed, self.blocks)
        seen = pattern_likelihood(self.pattern_probabilities, company.labels)
        posterior = expert_posterior(seen, prevalence, engine=self.engine)
        by_profile = (posterior * company.counts).sum(axis=1)
        headcounts = draw_headcounts_in_band(company, self.settings, self.seed, self.blocks)
        cells = cell_probabilities(
            company, self.filters, self.correlations, headcounts, engine=self.engine
        )
        posterior = expert_posterior(self.cell_likelihood, prevalence, engine=self.engine)
        by_hits = (posterior * cells).sum(axis=1)
        return headcounts * np.stack([by_profile / company.n_profiles, by_hits])


def _ratio(
    comparison: _Comparison,
    companies: Sequence[CompanyEvidence],
    compute: Compute,
    progress: Progress | None,
) -> NDArray[np.float64]:
    """Return the ratio of sums over bootstrapped companies, shape (D,)."""
    settings, seed, blocks = comparison.settings, comparison.seed, comparison.blocks
    weights = np.empty((blocks * DRAW_BLOCK, len(companies)), dtype=np.uint16)
    for block in range(blocks):
        rows = slice(block * DRAW_BLOCK, (block + 1) * DRAW_BLOCK)
        weights[rows] = _company_weights(len(companies), settings, seed, "scale", block)
    sums = np.zeros((2, len(weights)))
    # Groups bound the memory. Within and between them companies are added in the same order, so
    # that the sums do not depend on the size of the groups.
    size = max(1, _HELD_NUMBERS // sums.size)
    for start in range(0, len(companies), size):
        group = companies[start : start + size]
        told = _shifted(progress, start, len(companies))
        expected = compute.map(comparison, group, told, worker=comparison.engine.worker)
        for column, pair in enumerate(expected, start=start):
            sums += pair * weights[:, column]
    return sums[0] / sums[1]


def _shifted(progress: Progress | None, before: int, total: int) -> Progress | None:
    """Return the progress of a group of tasks as progress of all."""
    return None if progress is None else lambda done, _: progress(before + done, total)

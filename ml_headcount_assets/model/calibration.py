"""What the rated CVs tell about the annotators, as joint bootstrap draws.

Layers 1 and 4 of the bootstrap: sensitivities and specificities from one resample of the rated
CVs, correlation matrices from another. A draw belongs to the whole cohort: every company sees
the same annotators in draw b, which is what makes totals over companies meaningful.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from .annotator_fit import FIT_ARRAYS, AnnotatorFit
from .annotators import Annotator, check_derived, likelihood_annotators
from .correlations import (
    Shrinkage,
    fit_shrinkage,
    matrices_from_pairs,
    pair_correlations,
    repair_correlation,
)
from .orthants import orthant_probabilities
from .rated import RatedPatterns, count_rated
from .settings import EstimatorSettings
from .streams import DRAW_BLOCK, block_count, stream

__all__ = ["PROBIT", "ErrorModel", "Tabulate", "bootstrap_patterns", "fit_annotators"]

# Resamples that measure the sampling variance of each correlation before it is shrunk: the
# variance is then known to 10 %, far better than the variation between pairs.
_SHRINKAGE_RESAMPLES = 200
# Raw frequencies of 0 and 1 have no finite probit.
_RATE_BOUND = 1e-6
_SMALLEST_PROBABILITY = 1e-10
# Blocks of draws that are fitted together. On a processor one block fills its caches; a GPU needs
# tens of thousands of tables at a time.
_BLOCKS_TOGETHER = {"cpu": 1, "gpu": 400}

#: P(pattern | class) of shape (D, 2, 2**J), from rates (D, 2, J) and correlations (D, 2, J, J).
Tabulate = Callable[
    [NDArray[np.float64], NDArray[np.float64], EstimatorSettings, Engine], NDArray[np.float64]
]


@dataclass(frozen=True)
class ErrorModel:
    """How the annotators' errors are told from rated CVs.

    Attributes
    ----------
    tabulate
        Makes the table of pattern probabilities; None, if there is no such notion.
    resampled
        Whether each draw resamples the rated CVs, or all of them take the observed rates.
    correlated
        Whether correlations are estimated, or taken for zero.
    """

    tabulate: Tabulate | None
    resampled: bool = True
    correlated: bool = True


def _orthants(
    rates: NDArray[np.float64],
    matrices: NDArray[np.float64],
    settings: EstimatorSettings,
    engine: Engine,
) -> NDArray[np.float64]:
    return orthant_probabilities(
        ndtri(rates), matrices, points=settings.orthant_points, engine=engine
    )


#: The multivariate probit.
PROBIT = ErrorModel(_orthants)


def fit_annotators(
    rated: pd.DataFrame,
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    errors: ErrorModel = PROBIT,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> AnnotatorFit:
    """Draw error rates, correlations and pattern probabilities from the rated CVs.

    Parameters
    ----------
    rated
        ``is_expert`` in {0, 1} and one column per annotator in {0, 1, missing}.
    annotators
        All annotators; derived ones are checked and, by default, left out.
    settings
        Which layers are on and how rates and matrices are estimated.
    draws, seed
        Number of draws (rounded up to whole blocks) and the seed of their streams.
    errors
        What is estimated, and how patterns follow from it (`Estimator.errors`).
    compute, progress
        Where blocks of draws run, and a callback ``(done, total)``.

    Raises
    ------
    InputError
        If the rated CVs cannot be used; the message says why.
    """
    if not settings.six_dimensional:
        check_derived(rated, annotators, "the rated CVs")
    kept = likelihood_annotators(annotators, six_dimensional=settings.six_dimensional)
    patterns = count_rated(rated, kept, missing_as_zero=settings.missing_as_zero)
    compute = compute or LocalCompute()
    blocks = block_count(draws)
    engine = compute.engine.settle(tables=2 * blocks * DRAW_BLOCK)
    fitter = _Fitter.of(patterns, kept, settings, seed, errors, engine)
    size = _BLOCKS_TOGETHER[engine.worker]
    tasks = [range(start, min(start + size, blocks)) for start in range(0, blocks, size)]
    parts = compute.map(fitter, tasks, progress, worker=engine.worker)
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in FIT_ARRAYS}
    described = tuple(sorted(annotators, key=lambda a: a.name))
    return AnnotatorFit(described, kept, patterns.totals, **arrays)


def bootstrap_patterns(
    rated: pd.DataFrame,
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    errors: ErrorModel = PROBIT,
    compute: Compute | None = None,
) -> NDArray[np.float64]:
    """Return the pattern probabilities that rated CVs tell; see `predictive.Predict`."""
    run: dict[str, Any] = {"draws": draws, "seed": seed, "compute": compute}
    return fit_annotators(rated, annotators, settings, errors=errors, **run).pattern_probabilities


@dataclass(frozen=True)
class _Fitter:
    """Some blocks of draws at a time; what is shared by all blocks is prepared once."""

    patterns: RatedPatterns
    settings: EstimatorSettings
    seed: int
    errors: ErrorModel
    engine: Engine
    shrinkage: Shrinkage | None = None

    @classmethod
    def of(
        cls,
        patterns: RatedPatterns,
        annotators: tuple[Annotator, ...],
        settings: EstimatorSettings,
        seed: int,
        errors: ErrorModel,
        engine: Engine,
    ) -> _Fitter:
        """Choose the intensity of shrinkage, which all blocks share."""
        fitter = cls(patterns, settings, seed, errors, engine)
        shrinks = settings.shrink_correlations and errors.correlated
        if not shrinks or len(annotators) == 1:
            return fitter
        rng = stream(seed, "annotators", "shrinkage")
        observed = fitter._pairs(patterns.counts.astype(float))
        resampled = fitter._pairs(patterns.resample(rng, _SHRINKAGE_RESAMPLES))
        return replace(fitter, shrinkage=fit_shrinkage(annotators, observed, resampled))

    @property
    def count(self) -> int:
        """Number of annotators."""
        return self.patterns.labels.shape[1]

    def __call__(self, blocks: range) -> dict[str, NDArray[np.float64]]:
        """Return the arrays of `AnnotatorFit` for the draws of some blocks."""
        rates = self._rates(self._weights("rated_cvs", blocks))
        matrices, distance = self._matrices(blocks)
        table = self._pattern_probabilities(rates, matrices)
        return dict(zip(FIT_ARRAYS, (rates, matrices, table, distance), strict=True))

    def _pattern_probabilities(
        self, rates: NDArray[np.float64], matrices: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        if self.errors.tabulate is None:
            return np.empty((len(rates), 2, 0))
        table = self.errors.tabulate(rates, matrices, self.settings, self.engine)
        # Where both classes are this improbable their ratio is numerical noise, and a profile
        # that shows such a pattern all the same should be told by its prevalence.
        return np.maximum(table, _SMALLEST_PROBABILITY)

    def _weights(self, layer: str, blocks: range) -> NDArray[np.float64]:
        if not self.settings.has(layer) or not self.errors.resampled:
            return self.patterns.repeated(len(blocks) * DRAW_BLOCK)
        rngs = (stream(self.seed, "annotators", layer, block) for block in blocks)
        return np.concatenate([self.patterns.resample(rng, DRAW_BLOCK) for rng in rngs])

    def _rates(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        labels, smoothing = self.patterns.labels, self.settings.smoothing
        positive = weights @ (labels == 1).astype(float)
        known = weights @ (labels >= 0).astype(float)
        # A resample may hold no label of an annotator that is mostly missing; without
        # smoothing its rate is then unknown, and 1/2 says so.
        rates = np.divide(
            positive + smoothing,
            known + 2 * smoothing,
            out=np.full_like(known, 0.5),
            where=known + smoothing > 0,
        )
        return np.clip(rates, _RATE_BOUND, 1 - _RATE_BOUND)

    def _pairs(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        correction = self.settings.continuity_correction
        return pair_correlations(self.patterns.labels, weights, correction, engine=self.engine)

    def _matrices(self, blocks: range) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        draws = len(blocks) * DRAW_BLOCK
        if not self.errors.correlated or self.count == 1:
            identity = np.broadcast_to(np.eye(self.count), (draws, 2, self.count, self.count))
            return identity.copy(), np.zeros((draws, 2))
        pairs = self._pairs(self._weights("correlations", blocks))
        if self.shrinkage is not None:
            pairs = self.shrinkage.apply(pairs, engine=self.engine)
        matrices = matrices_from_pairs(pairs, self.count)
        return repair_correlation(matrices, self.settings.repair, engine=self.engine)

"""What the rated CVs tell about the annotators, as joint bootstrap draws.

Layers 1 and 4 of the bootstrap: sensitivities and specificities from one resample of the rated
CVs, correlation matrices from another. A draw belongs to the whole cohort: every company sees
the same annotators in draw b, which is what makes totals over companies meaningful.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from ..compute.engine import Engine
from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..errors import InputError
from .annotators import Annotator, check_derived, likelihood_annotators
from .correlations import (
    Shrinkage,
    annotator_pairs,
    fit_shrinkage,
    matrices_from_pairs,
    pair_correlations,
    repair_correlation,
)
from .orthants import orthant_probabilities
from .rated import RatedPatterns, count_rated
from .settings import ESTIMATORS, EstimatorSettings
from .streams import DRAW_BLOCK, block_count, stream

__all__ = ["AnnotatorFit", "fit_annotators"]

# Resamples that measure the sampling variance of each correlation before it is shrunk: the
# variance is then known to 10 %, far better than the variation between pairs.
_SHRINKAGE_RESAMPLES = 200
# Raw frequencies of 0 and 1 have no finite probit.
_RATE_BOUND = 1e-6
_SMALLEST_PROBABILITY = 1e-10
# Blocks of draws that are fitted together. On a processor one block fills its caches; a GPU needs
# tens of thousands of tables at a time.
_BLOCKS_TOGETHER = {"cpu": 1, "gpu": 400}


@dataclass(frozen=True)
class AnnotatorFit:
    """Joint draws of the annotators' error rates and correlations.

    D is the number of draws rounded up to whole blocks (`streams.DRAW_BLOCK`); axis 1 is the
    class (0 non-experts, 1 experts); J annotators in the order of `annotators`.

    Attributes
    ----------
    described
        All annotators, sorted by name: the order of a pattern's characters in pattern tables.
    annotators
        The J of them that enter the likelihood, sorted by name.
    rated
        Number of rated non-experts and experts, shape (2,).
    positive_rates
        P(label 1 | class): false-positive rate and sensitivity, shape (D, 2, J).
    correlations
        Latent correlation matrices after shrinkage and repair, shape (D, 2, J, J).
    pattern_probabilities
        P(pattern | class) of all complete patterns, shape (D, 2, 2**J). Empty last axis for
        `log_debias`, which has no such notion.
    repair_distance
        Frobenius norm by which a matrix had to be moved to become positive definite, (D, 2).
    """

    described: tuple[Annotator, ...]
    annotators: tuple[Annotator, ...]
    rated: NDArray[np.int64]
    positive_rates: NDArray[np.float64]
    correlations: NDArray[np.float64]
    pattern_probabilities: NDArray[np.float64]
    repair_distance: NDArray[np.float64]

    @property
    def names(self) -> list[str]:
        """Names of the annotators."""
        return [annotator.name for annotator in self.annotators]

    @property
    def sensitivity(self) -> NDArray[np.float64]:
        """P(1 | expert), shape (D, J)."""
        return self.positive_rates[:, 1]

    @property
    def specificity(self) -> NDArray[np.float64]:
        """P(0 | non-expert), shape (D, J)."""
        return 1.0 - self.positive_rates[:, 0]

    def to_frame(self) -> pd.DataFrame:
        """Return one row per draw, arrays flattened in row order to lists of numbers."""
        columns = {name: getattr(self, name) for name in _ARRAYS}
        frame = pd.DataFrame({"draw": np.arange(len(self.positive_rates))})
        frame["rated"] = [self.rated.tolist()] * len(frame)
        for name, values in columns.items():
            frame[name] = values.reshape(len(frame), -1).tolist()
        return frame

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, annotators: Sequence[Annotator]) -> AnnotatorFit:
        """Rebuild a fit from `to_frame`'s rows; exact to the last bit.

        Parameters
        ----------
        annotators
            All annotators that the fit was made with.
        """
        described = tuple(sorted(annotators, key=lambda a: a.name))
        rows = frame.sort_values("draw")
        count = len(rows["positive_rates"].iloc[0]) // 2
        kept = likelihood_annotators(described, six_dimensional=count == len(described))
        if len(kept) != count:
            raise InputError(
                f"The stored fit has {count} annotators, the study {len(kept)}; refit them."
            )
        patterns = 2**count if len(rows["pattern_probabilities"].iloc[0]) else 0
        shapes = {
            "positive_rates": (2, count),
            "correlations": (2, count, count),
            "pattern_probabilities": (2, patterns),
            "repair_distance": (2,),
        }
        arrays = {
            name: np.array(rows[name].tolist(), dtype=float).reshape(len(rows), *shape)
            for name, shape in shapes.items()
        }
        rated = np.array(rows["rated"].iloc[0], dtype=np.int64)
        return cls(described, kept, rated, **arrays)

    def summary(self, level: float = 0.8) -> pd.DataFrame:
        """Return mean and interval of each annotator's sensitivity and specificity."""
        columns: dict[str, object] = {"annotator": self.names}
        for name, values in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            low, high = np.quantile(values, _tails(level), axis=0)
            columns |= {f"{name}_mean": values.mean(axis=0)}
            columns |= {f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(columns)

    def correlation_summary(self, level: float = 0.8) -> pd.DataFrame:
        """Return mean and interval of each latent correlation, by class."""
        rows = []
        for expert in (0, 1):
            for i, j in annotator_pairs(len(self.annotators)):
                values = self.correlations[:, expert, i, j]
                low, high = np.quantile(values, _tails(level))
                rows.append((expert, self.names[i], self.names[j], values.mean(), low, high))
        names = ["is_expert", "annotator_a", "annotator_b", "mean", "low", "high"]
        return pd.DataFrame(rows, columns=names)


_ARRAYS = ("positive_rates", "correlations", "pattern_probabilities", "repair_distance")


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2


def fit_annotators(
    rated: pd.DataFrame,
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    draws: int,
    seed: int,
    estimator: str = "five_layer",
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
    estimator
        ``"independent"`` sets all correlations to zero, ``"log_debias"`` uses the observed
        rates without any resampling, every other draws all of it.
    compute, progress
        Where blocks of draws run, and a callback ``(done, total)``.

    Raises
    ------
    InputError
        If the rated CVs cannot be used; the message says why.
    """
    if estimator not in ESTIMATORS:
        raise InputError(f"Unknown estimator {estimator!r}; there are {', '.join(ESTIMATORS)}.")
    if not settings.six_dimensional:
        check_derived(rated, annotators, "the rated CVs")
    kept = likelihood_annotators(annotators, six_dimensional=settings.six_dimensional)
    patterns = count_rated(rated, kept, missing_as_zero=settings.missing_as_zero)
    compute = compute or LocalCompute()
    blocks = block_count(draws)
    engine = compute.engine.settle(tables=2 * blocks * DRAW_BLOCK)
    fitter = _Fitter.of(patterns, kept, settings, seed, estimator, engine)
    size = _BLOCKS_TOGETHER[engine.worker]
    tasks = [range(start, min(start + size, blocks)) for start in range(0, blocks, size)]
    parts = compute.map(fitter, tasks, progress, worker=engine.worker)
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in _ARRAYS}
    described = tuple(sorted(annotators, key=lambda a: a.name))
    return AnnotatorFit(described, kept, patterns.totals, **arrays)


def _products(rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pattern probabilities of independent annotators; (..., J) -> (..., 2**J)."""
    table = np.ones((*rates.shape[:-1], 1))
    for column in range(rates.shape[-1]):
        rate = rates[..., column, None]
        table = np.concatenate([table * (1 - rate), table * rate], axis=-1)
    return table


@dataclass(frozen=True)
class _Fitter:
    """Some blocks of draws at a time; what is shared by all blocks is prepared once."""

    patterns: RatedPatterns
    settings: EstimatorSettings
    seed: int
    estimator: str
    engine: Engine
    shrinkage: Shrinkage | None = None

    @classmethod
    def of(
        cls,
        patterns: RatedPatterns,
        annotators: tuple[Annotator, ...],
        settings: EstimatorSettings,
        seed: int,
        estimator: str,
        engine: Engine,
    ) -> _Fitter:
        """Choose the intensity of shrinkage, which all blocks share."""
        fitter = cls(patterns, settings, seed, estimator, engine)
        shrinks = settings.shrink_correlations and estimator == "five_layer"
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
        return dict(zip(_ARRAYS, (rates, matrices, table, distance), strict=True))

    def _pattern_probabilities(
        self, rates: NDArray[np.float64], matrices: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        if self.estimator == "log_debias":
            return np.empty((len(rates), 2, 0))
        if self.estimator == "independent":
            table = _products(rates)
        else:
            points = self.settings.orthant_points
            table = orthant_probabilities(ndtri(rates), matrices, points=points, engine=self.engine)
        # Where both classes are this improbable their ratio is numerical noise, and a profile
        # that shows such a pattern all the same should be told by its prevalence.
        return np.maximum(table, _SMALLEST_PROBABILITY)

    def _weights(self, layer: str, blocks: range) -> NDArray[np.float64]:
        if not self.settings.has(layer) or self.estimator == "log_debias":
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
        if self.estimator != "five_layer" or self.count == 1:
            identity = np.broadcast_to(np.eye(self.count), (draws, 2, self.count, self.count))
            return identity.copy(), np.zeros((draws, 2))
        pairs = self._pairs(self._weights("correlations", blocks))
        if self.shrinkage is not None:
            pairs = self.shrinkage.apply(pairs, engine=self.engine)
        matrices = matrices_from_pairs(pairs, self.count)
        return repair_correlation(matrices, self.settings.repair, engine=self.engine)

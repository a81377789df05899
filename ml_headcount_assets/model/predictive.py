"""Posterior predictive checks of the annotators: patterns expected against patterns seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..compute.protocol import Compute, Progress
from .annotators import Annotator, likelihood_annotators
from .intervals import LEVEL, tails
from .labels import label_matrix
from .patterns import encode_patterns, pattern_likelihood
from .rated import expert_flags
from .settings import EstimatorSettings
from .streams import stream

__all__ = ["Predict", "predictive_checks"]

_FOLDS = 5
# The predictive spread is that of counts, far above the noise of quantiles of 200 draws.
_DRAWS = 200


class Predict(Protocol):
    """Tells from rated CVs how probable each label pattern is in each class."""

    def __call__(
        self,
        rated: pd.DataFrame,
        annotators: Sequence[Annotator],
        settings: EstimatorSettings,
        *,
        draws: int,
        seed: int,
        compute: Compute | None = None,
    ) -> NDArray[np.float64]:
        """Return P(pattern | class) of all complete patterns, shape (D, 2, 2**J).

        The J annotators of the likelihood are sorted by name; D is `draws` or more.
        """
        ...


def predictive_checks(
    rated: pd.DataFrame,
    annotators: Sequence[Annotator],
    settings: EstimatorSettings,
    *,
    seed: int,
    predict: Predict,
    level: float = LEVEL,
    compute: Compute | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Compare pattern frequencies of held-out rated CVs with the model's predictions.

    Each fold of the rated CVs is predicted by a fit to the other folds, so a model that merely
    memorises cannot pass.

    Parameters
    ----------
    rated
        ``is_expert`` and one column per annotator.
    annotators, settings, seed, compute, progress
        As in `fit_annotators`.
    predict
        How an estimator tells from rated CVs which patterns others have (`Estimator.predict`).
    level
        Content of the predictive interval; the columns are called low and high at any level.

    Returns
    -------
    DataFrame
        ``is_expert, pattern, observed, expected, low, high, level, within``: one row per class
        and pattern that occurs or is expected at least once in two hundred CVs of its class.
        Patterns run over the likelihood's annotators, sorted by name.
    """
    flags = expert_flags(rated)
    folds = _folds(rated, flags, sorted(a.name for a in annotators), seed)
    kept = likelihood_annotators(annotators, six_dimensional=settings.six_dimensional)
    names = [annotator.name for annotator in kept]
    observed: dict[tuple[int, str], int] = {}
    predicted: dict[tuple[int, str], NDArray[np.float64]] = {}
    for fold in range(_FOLDS):
        table = predict(
            rated[folds != fold], annotators, settings, draws=_DRAWS, seed=seed, compute=compute
        )
        held = label_matrix(rated[folds == fold], names, "the rated CVs")
        for expert in (0, 1):
            chosen = held[flags[folds == fold] == expert]
            rng = stream(seed, "predictive", fold, expert)
            counts = _predict(table[:, expert], chosen, rng)
            for pattern, drawn in counts.items():
                predicted[expert, pattern] = predicted.get((expert, pattern), 0.0) + drawn
            for pattern in encode_patterns(chosen):
                observed[expert, pattern] = observed.get((expert, pattern), 0) + 1
        if progress is not None:
            progress(fold + 1, _FOLDS)
    return _table(observed, predicted, np.bincount(flags, minlength=2), level)


_COLUMNS = ["is_expert", "pattern", "observed", "expected", "low", "high", "level", "within"]


def _folds(
    rated: pd.DataFrame, flags: NDArray[np.int8], names: Sequence[str], seed: int
) -> NDArray[np.int64]:
    """Deal the CVs of each class to folds, whatever the order of rows or columns."""
    patterns = encode_patterns(label_matrix(rated, names, "the rated CVs"))
    folds = np.empty(len(rated), dtype=np.int64)
    for expert in (0, 1):
        rows = np.flatnonzero(flags == expert)
        ordered = rows[np.argsort(patterns[rows], kind="stable")]
        # Dealing cards from the sorted pack spreads every pattern evenly over the folds.
        start = int(stream(seed, "folds", expert).integers(_FOLDS))
        folds[ordered] = (start + np.arange(len(ordered))) % _FOLDS
    return folds


def _predict(
    table: NDArray[np.float64], labels: NDArray[np.int8], rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Draw pattern counts for as many CVs, with the same labels missing; each (draws,)."""
    result: dict[str, NDArray[np.float64]] = {}
    gaps, sizes = np.unique(labels < 0, axis=0, return_counts=True)
    for gap, size in zip(gaps, sizes, strict=True):
        complete = (np.arange(table.shape[-1])[:, None] >> np.arange(len(gap))) & 1
        cells = np.unique(np.where(gap, -1, complete).astype(np.int8), axis=0)
        shares = pattern_likelihood(table, cells)
        drawn = rng.multinomial(size, shares / shares.sum(axis=1, keepdims=True))
        for pattern, counts in zip(encode_patterns(cells), drawn.T, strict=True):
            result[pattern] = result.get(pattern, 0.0) + counts
    return result


def _table(
    observed: dict[tuple[int, str], int],
    predicted: dict[tuple[int, str], NDArray[np.float64]],
    totals: NDArray[np.int64],
    level: float,
) -> pd.DataFrame:
    rows = []
    for (expert, pattern), draws in sorted(predicted.items()):
        seen = observed.get((expert, pattern), 0)
        if not seen and draws.mean() < totals[expert] / 200:
            continue
        low, high = np.quantile(draws, tails(level, _DRAWS), method="inverted_cdf")
        within = bool(low <= seen <= high)
        rows.append((expert, pattern, seen, float(draws.mean()), low, high, float(level), within))
    return pd.DataFrame(rows, columns=_COLUMNS)

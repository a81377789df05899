"""What a filter tells about the truth that the other annotators do not.

The conditional mutual information I(z; f | y) between the truth z and the filter's label f,
given the labels y of the other annotators, is the expected drop of the log loss of predicting z
when f is known besides y. Both predictions are logistic regressions, fitted by cross-validation:
a filter without information makes the second one worse, not better, so that the estimate is not
biased upwards as a plug-in estimate from a table of 2^J cells would be. A logistic regression
takes the labels' logarithmic odds as additive; what a filter tells in interaction with another
annotator is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from ...model.streams import stream

__all__ = ["Information", "OtherAnnotators", "stratified_folds"]

FloatArray = NDArray[np.float64]

_FOLDS, _SPLITS = 10, 3
#: Precision of the normal prior of a coefficient: labels are coded −1 and 1, so an odds ratio
#: of e² between the two is one standard deviation out.
_RIDGE = 1.0
_NEWTON_STEPS = 12


@dataclass(frozen=True)
class Information:
    """Bits per CV, and their standard deviation over CVs."""

    bits: float
    sd: float


class OtherAnnotators:
    """The labels that are there already, and how well they predict the truth.

    Parameters
    ----------
    is_expert
        (n,) truth.
    labels
        (n, J) labels 0, 1 or missing; J may be 0. A missing label is a value of its own: it is
        coded 0, between −1 and 1, with a coefficient for being missing.
    seed
        Of the splits.
    """

    def __init__(self, is_expert: NDArray[np.bool_], labels: pd.DataFrame, seed: int) -> None:
        self._truth = is_expert.astype(float)
        values = labels.to_numpy(dtype=float, na_value=np.nan)
        missing = np.isnan(values)
        gaps = missing[:, missing.any(axis=0)].astype(float)
        self._design = np.hstack([np.where(missing, 0.0, 2 * values - 1), gaps])
        self._folds = [
            stratified_folds(is_expert, _FOLDS, stream(seed, "keywords", "information", split))
            for split in range(_SPLITS)
        ]
        self._without = self._losses(self._design)

    def information(self, label: NDArray[np.bool_]) -> Information:
        """Return what a filter tells, by its labels (n,) of CVs that it was not learned on."""
        with_it = self._losses(np.column_stack([self._design, 2.0 * label - 1]))
        gain = (self._without - with_it) / np.log(2)
        return Information(float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(len(gain))))

    def _losses(self, design: FloatArray) -> FloatArray:
        """Return the log loss (n,) of each CV, in nats, predicted without it."""
        losses = np.zeros(len(self._truth))
        for folds in self._folds:
            for fold in range(_FOLDS):
                test = folds == fold
                fitted = _logistic(design[~test], self._truth[~test])
                score = fitted[0] + design[test] @ fitted[1:]
                losses[test] += np.logaddexp(0, np.where(self._truth[test] == 1, -score, score))
        return losses / len(self._folds)


def _logistic(design: FloatArray, truth: FloatArray) -> FloatArray:
    """Return intercept and coefficients of a ridge logistic regression (Newton's method)."""
    columns = np.column_stack([np.ones(len(truth)), design])
    penalty = np.full(columns.shape[1], _RIDGE)
    penalty[0] = 1e-6  # the intercept is free, save in a fold of one class
    coefficients = np.zeros(columns.shape[1])
    for _ in range(_NEWTON_STEPS):
        share = expit(columns @ coefficients)
        slope = columns.T @ (truth - share) - penalty * coefficients
        weight = columns * (share * (1 - share))[:, None]
        step = np.linalg.solve(columns.T @ weight + np.diag(penalty), slope)
        coefficients += step
        if np.abs(step).max() < 1e-9:
            break
    return coefficients


def stratified_folds(
    is_expert: NDArray[np.bool_], folds: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return a fold per CV such that folds differ by one CV of a class at most."""
    fold = np.empty(len(is_expert), dtype=np.int64)
    dealt = 0
    for members in (np.flatnonzero(is_expert), np.flatnonzero(~is_expert)):
        fold[rng.permutation(members)] = (dealt + np.arange(len(members))) % folds
        dealt += len(members)
    return fold

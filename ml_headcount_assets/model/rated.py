"""Rated CVs as pattern counts, and their resamples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..wording import how_many
from .annotators import Annotator
from .labels import label_matrix

__all__ = ["FEWEST_RATED", "RatedPatterns", "count_rated", "expert_flags"]

#: With fewer of a class, an error rate of 10 % has a standard error of more than half of itself.
FEWEST_RATED = 30


@dataclass(frozen=True)
class RatedPatterns:
    """How often each label pattern occurs among the rated non-experts and experts.

    Attributes
    ----------
    labels
        Distinct patterns, sorted, shape (P, J), -1 where missing.
    counts
        Shape (2, P): row 0 non-experts, row 1 experts.
    """

    labels: NDArray[np.int8]
    counts: NDArray[np.int64]

    @property
    def totals(self) -> NDArray[np.int64]:
        """Number of rated non-experts and experts, shape (2,)."""
        return self.counts.sum(axis=1)

    def resample(self, rng: np.random.Generator, size: int) -> NDArray[np.float64]:
        """Draw CVs with replacement within each class; shape (size, 2, P), whole numbers.

        Counting patterns of resampled CVs is a multinomial over patterns, so the order of the
        rated CVs plays no part.
        """
        drawn = [
            rng.multinomial(total, counts / total, size=size)
            for total, counts in zip(self.totals, self.counts, strict=True)
        ]
        return np.stack(drawn, axis=1).astype(float)

    def repeated(self, size: int) -> NDArray[np.float64]:
        """Return the observed counts `size` times: a resample without any noise."""
        return np.repeat(self.counts[None].astype(float), size, axis=0)


def expert_flags(rated: pd.DataFrame) -> NDArray[np.int8]:
    """Return the raters' verdicts (rows,), checked.

    Raises
    ------
    InputError
        If the column is absent, has gaps or other values, or one of the classes is empty.
    """
    if "is_expert" not in rated.columns:
        raise InputError("The rated CVs have no column 'is_expert'.")
    flags = label_matrix(rated, ["is_expert"], "the rated CVs")[:, 0]
    if (flags < 0).any():
        row = rated.index[np.flatnonzero(flags < 0)[0]]
        raise InputError(f"In the rated CVs, row {row!r} has no verdict in 'is_expert'.")
    for value, name in ((1, "expert"), (0, "non-expert")):
        if not (flags == value).any():
            raise InputError(
                f"Among {how_many(len(flags), 'rated CV')} there is no {name}; error rates need"
                " CVs of "
                "both classes."
            )
    return flags


def count_rated(
    rated: pd.DataFrame, annotators: Sequence[Annotator], *, missing_as_zero: bool = False
) -> RatedPatterns:
    """Count the label patterns of rated CVs.

    Parameters
    ----------
    rated
        ``is_expert`` and one column per annotator.
    annotators
        In the order of the patterns' columns.
    missing_as_zero
        Read missing labels as 0.

    Raises
    ------
    InputError
        If the table cannot be used, or an annotator has no label at all in one class.
    """
    flags = expert_flags(rated)
    names = [annotator.name for annotator in annotators]
    labels = label_matrix(rated, names, "the rated CVs")
    if missing_as_zero:
        labels = np.maximum(labels, 0)
    for value, text in ((1, "experts"), (0, "non-experts")):
        empty = (labels[flags == value] < 0).all(axis=0)
        if empty.any():
            raise InputError(
                f"Annotator {names[int(np.argmax(empty))]!r} has not labelled any of the rated "
                f"{text}; label some, or leave the annotator out."
            )
    distinct, inverse = np.unique(labels, axis=0, return_inverse=True)
    counts = [np.bincount(inverse[flags == z], minlength=len(distinct)) for z in (0, 1)]
    return RatedPatterns(distinct, np.stack(counts))

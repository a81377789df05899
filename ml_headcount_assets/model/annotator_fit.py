"""Joint draws of how the annotators err: what they say of experts and of others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import InputError
from ..wording import how_many
from .annotators import Annotator, likelihood_annotators
from .correlations import annotator_pairs
from .intervals import LEVEL, tails

__all__ = ["FIT_ARRAYS", "AnnotatorFit"]

#: Attributes of a fit that have a row per draw.
FIT_ARRAYS = ("positive_rates", "correlations", "pattern_probabilities", "repair_distance")


@dataclass(frozen=True, repr=False)
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
        P(pattern | class) of all complete patterns, shape (D, 2, 2**J). The last axis is empty
        where the errors are described without them.
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

    def __repr__(self) -> str:
        others, experts = self.rated.tolist()
        return (
            f"AnnotatorFit of {how_many(len(self.annotators), 'annotator')}"
            f" ({', '.join(self.names)}) from "
            f"{how_many(experts, 'rated expert')} and {how_many(others, 'other')}, {self.draws}"
            " draws"
        )

    @property
    def draws(self) -> int:
        """Number of draws, D."""
        return len(self.positive_rates)

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
        columns = {name: getattr(self, name) for name in FIT_ARRAYS}
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
        used = [annotator for annotator in described if not annotator.left_out]
        kept = likelihood_annotators(described, six_dimensional=count == len(used))
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

    def summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return mean and interval of each annotator's sensitivity and specificity."""
        columns: dict[str, object] = {"annotator": self.names}
        for name, values in (("sensitivity", self.sensitivity), ("specificity", self.specificity)):
            low, high = np.quantile(values, tails(level, self.draws), axis=0)
            columns |= {f"{name}_mean": values.mean(axis=0)}
            columns |= {f"{name}_low": low, f"{name}_high": high}
        return pd.DataFrame(columns).assign(level=float(level))

    def correlation_summary(self, level: float = LEVEL) -> pd.DataFrame:
        """Return mean and interval of each latent correlation, by class."""
        rows = []
        for expert in (0, 1):
            for i, j in annotator_pairs(len(self.annotators)):
                values = self.correlations[:, expert, i, j]
                low, high = np.quantile(values, tails(level, self.draws))
                rows.append((expert, self.names[i], self.names[j], values.mean(), low, high))
        names = ["is_expert", "annotator_a", "annotator_b", "mean", "low", "high"]
        return pd.DataFrame(rows, columns=names).assign(level=float(level))

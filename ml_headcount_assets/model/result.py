"""What an estimate is: joint draws per company, and how they are summarised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..errors import InputError
from .evidence import NONE

__all__ = ["DrawSums", "HeadcountResult", "summarise_draws"]

# Draws that are summarised together; a quantile copies them several times.
_COPIED_NUMBERS = 1_000_000
CONFIDENCES = ("probable", "possible", "non-zero", "not detected", "no evidence")


@dataclass(frozen=True)
class HeadcountResult:
    """Joint draws of the number of experts, company by company.

    Attributes
    ----------
    company_id
        Shape (C,).
    draws
        Masked array of 32-bit integers, shape (C, draws). Draw b shares its annotators across
        companies, so totals are sums within a draw. Companies without evidence are masked: they
        have no number, and a masked sum leaves them out.
    evidence
        ``"profiles"``, ``"aggregates"`` or ``"none"``, shape (C,).
    flags
        What is unusual about each company, joined by ``;``, shape (C,).
    n_profiles, headcount
        Labelled profiles, and employees the estimate is for (0: unknown), shape (C,).
    diagnostics
        What happened on the way: unmatched profiles, mended matrices, the aggregate scale.
    """

    company_id: NDArray[np.object_]
    draws: np.ma.MaskedArray
    evidence: NDArray[np.object_]
    flags: NDArray[np.object_]
    n_profiles: NDArray[np.int64]
    headcount: NDArray[np.int64]
    diagnostics: dict[str, Any] = field(default_factory=dict)

    def intervals(self, level: float = 0.8) -> pd.DataFrame:
        """Summarise each company.

        Parameters
        ----------
        level
            Probability content of the interval. The columns are called low and high whatever
            the level; at 0.8 they are those quantiles.

        Returns
        -------
        DataFrame
            ``company_id, n_profiles, headcount, evidence, mean, sd, low, median, high,
            share_median, confidence, flags``. Without evidence the numbers are missing, never 0.
        """
        everybody = np.ones(len(self.company_id), dtype=bool)
        summary = np.full((5, len(everybody)), np.nan)
        for rows in self.known_chunks(everybody):
            summary[:, rows] = summarise_draws(self.draws.data[rows], level)
        mean, sd, low, median, high = summary
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(self.headcount > 0, median / self.headcount, np.nan)
        return pd.DataFrame(
            {
                "company_id": self.company_id,
                "n_profiles": self.n_profiles,
                "headcount": pd.array(
                    np.where(self.headcount > 0, self.headcount, -1), dtype="Int64"
                ),
                "evidence": self.evidence,
                "mean": mean,
                "sd": sd,
                "low": low,
                "median": median,
                "high": high,
                "share_median": share,
                "confidence": _confidence(low, median, high),
                "flags": self.flags,
            }
        ).assign(headcount=lambda f: f["headcount"].mask(f["headcount"] < 0))

    def total(self, mask: ArrayLike | None = None, level: float = 0.8) -> dict[str, float]:
        """Summarise the total of any set of companies, summed within each draw.

        Parameters
        ----------
        mask
            Boolean, shape (C,); None takes all companies.
        level
            As in `intervals`.

        Returns
        -------
        dict
            ``companies`` (with evidence), ``companies_without_evidence``, ``mean, sd, low,
            median, high``; the numbers are NaN if no company of the set has evidence.
        """
        chosen = np.ones(len(self.company_id), bool) if mask is None else np.asarray(mask)
        if chosen.shape != self.company_id.shape or chosen.dtype != bool:
            raise InputError(f"mask must be {len(self.company_id)} booleans, one per company.")
        sums = DrawSums(self.draws.shape[1])
        sums.add(self, chosen)
        return sums.summary(level)

    def known_chunks(self, chosen: NDArray[np.bool_]) -> Iterator[NDArray[np.intp]]:
        """Yield where the chosen companies with evidence are, a few at a time.

        As many as copies may be made of their draws.
        """
        places = np.flatnonzero(chosen & (self.evidence != NONE))
        size = max(1, _COPIED_NUMBERS // max(1, self.draws.shape[1]))
        for start in range(0, len(places), size):
            yield places[start : start + size]


class DrawSums:
    """The total of a set of companies within each draw, added up one result after another.

    Parameters
    ----------
    draws
        Number of draws of each result.
    """

    def __init__(self, draws: int) -> None:
        self.sums = np.zeros(draws, dtype=np.int64)
        self.companies = self.without_evidence = 0

    def add(self, result: HeadcountResult, mask: NDArray[np.bool_]) -> None:
        """Add the companies of a result that a mask of shape (C,) chooses."""
        for rows in result.known_chunks(mask):
            self.sums += result.draws.data[rows].sum(axis=0)
            self.companies += len(rows)
        self.without_evidence += int((mask & (result.evidence == NONE)).sum())

    def summary(self, level: float = 0.8) -> dict[str, float]:
        """Return what `HeadcountResult.total` does."""
        total = {
            "companies": self.companies,
            "companies_without_evidence": self.without_evidence,
        }
        summary = summarise_draws(self.sums, level) if self.companies else np.full(5, np.nan)
        return total | dict(
            zip(("mean", "sd", "low", "median", "high"), summary.tolist(), strict=True)
        )


def summarise_draws(draws: NDArray[np.integer], level: float = 0.8) -> NDArray[np.float64]:
    """Return mean, sd, lower quantile, median and upper quantile over the last axis.

    Quantiles are draws themselves (inverse of the empirical distribution): a count of people
    is a whole number.
    """
    if not 0 < level < 1:
        raise InputError(f"level must be between 0 and 1, not {level}.")
    probabilities = ((1 - level) / 2, 0.5, (1 + level) / 2)
    quantiles = np.quantile(draws, probabilities, axis=-1, method="inverted_cdf")
    return np.stack([draws.mean(axis=-1), draws.std(axis=-1, ddof=1), *quantiles])


def _confidence(
    low: NDArray[np.float64], median: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Name how sure it is that there is any expert at all."""
    conditions = [low > 0, median > 0, high > 0, high == 0]
    return np.select(conditions, CONFIDENCES[:4], default=CONFIDENCES[4]).astype(object)

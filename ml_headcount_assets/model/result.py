"""What an estimate is: joint draws per company, and how they are summarised."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from ..wording import count, how_many, interval, percent
from .choosing import chosen_companies
from .evidence import NONE
from .intervals import LEVEL, fewest_draws, tails

__all__ = ["DrawSums", "HeadcountResult", "summarise_draws"]

# Draws that are summarised together; a quantile copies them several times.
_COPIED_NUMBERS = 1_000_000
CONFIDENCES = ("probable", "possible", "non-zero", "not detected", "no evidence")


@dataclass(frozen=True, repr=False)
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
    companies
        What else is known of the companies, C rows in the same order, for `total` to choose by;
        None if nothing is.

    Examples
    --------
    >>> from ml_headcount_assets import estimate_headcount, simulate_study
    >>> world = simulate_study(companies=20, profiles=2_000, seed=0)
    >>> tables = world.validation, world.profiles, world.companies
    >>> result = estimate_headcount(*tables, estimator="five_layer", draws=100)
    >>> type(result).__name__, result.draws.shape
    ('HeadcountResult', (20, 100))
    >>> sorted(result.total(level=0.9))[:4]
    ['companies', 'companies_without_evidence', 'high', 'level']
    """

    company_id: NDArray[np.object_]
    draws: np.ma.MaskedArray
    evidence: NDArray[np.object_]
    flags: NDArray[np.object_]
    n_profiles: NDArray[np.int64]
    headcount: NDArray[np.int64]
    diagnostics: dict[str, Any] = field(default_factory=dict)
    companies: pd.DataFrame | None = None

    def __repr__(self) -> str:
        known, draws = int((self.evidence != NONE).sum()), self.draws.shape[1]
        text = f"Experts at {how_many(len(self.evidence), 'company')}, {count(known)} with evidence"
        if not known:
            return text
        if draws < fewest_draws(LEVEL):
            return f"{text}: {draws} joint draws, too few for an interval"
        total = self.total()
        return (
            f"{text}: {count(total['median'])} in total ({percent(LEVEL)} interval "
            f"{interval(total['low'], total['high'])}; {count(draws)} joint draws)"
        )

    def intervals(self, level: float = LEVEL) -> pd.DataFrame:
        """Summarise each company.

        Parameters
        ----------
        level
            Probability content of the interval. The columns are called low and high whatever
            the level; at 0.8 they are the quantiles of 10 and 90 %.

        Returns
        -------
        DataFrame
            ``company_id, n_profiles, headcount, evidence, mean, sd, low, median, high, level,
            share, confidence, flags``; share is the median over the headcount. Without evidence
            the numbers are missing, never 0.

        Raises
        ------
        InputError
            The level is none, or there are too few draws to tell its ends.
        """
        everybody = np.ones(len(self.company_id), dtype=bool)
        tails(level, self.draws.shape[1])
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
                "level": float(level),
                "share": share,
                "confidence": _confidence(low, median, high),
                "flags": self.flags,
            }
        ).assign(headcount=lambda f: f["headcount"].mask(f["headcount"] < 0))

    def total(
        self, where: str | pd.Series | ArrayLike | None = None, level: float = LEVEL
    ) -> dict[str, float]:
        """Summarise the total of any set of companies, summed within each draw.

        Parameters
        ----------
        where
            The companies that are meant; None takes all of them. A query over the columns of
            `intervals` and of the company table (``"cohort == 'labs' and headcount > 1000"``);
            a boolean Series whose index is the companies' ids, in any order; or booleans in the
            order of the result, shape (C,).
        level
            As in `intervals`.

        Returns
        -------
        dict
            ``companies`` (with evidence), ``companies_without_evidence``, ``mean, sd, low,
            median, high, level``; the numbers are NaN if no company of the set has evidence.

        Raises
        ------
        InputError
            The query cannot be followed, companies are missing from the Series' index, or the
            level is none.
        """
        mask = np.ones(len(self.company_id), bool) if where is None else self._chosen(where, level)
        sums = DrawSums(self.draws.shape[1])
        sums.add(self, mask)
        return sums.summary(level)

    def _chosen(self, where: str | pd.Series | ArrayLike, level: float) -> NDArray[np.bool_]:
        def described() -> pd.DataFrame:
            table = self.intervals(level)
            if self.companies is None:
                return table
            more = self.companies.drop(columns=table.columns, errors="ignore")
            return table.assign(**{name: more[name].to_numpy() for name in more})

        return chosen_companies(where, self.company_id, described)

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

    def summary(self, level: float = LEVEL) -> dict[str, float]:
        """Return what `HeadcountResult.total` does."""
        tails(level, len(self.sums))
        summary = summarise_draws(self.sums, level) if self.companies else np.full(5, np.nan)
        numbers = dict(zip(("mean", "sd", "low", "median", "high"), summary.tolist(), strict=True))
        return {
            "companies": self.companies,
            "companies_without_evidence": self.without_evidence,
            **numbers,
            "level": float(level),
        }


def summarise_draws(draws: NDArray[np.integer], level: float = LEVEL) -> NDArray[np.float64]:
    """Return mean, sd, lower quantile, median and upper quantile over the last axis.

    Quantiles are draws themselves (inverse of the empirical distribution): a count of people
    is a whole number.

    Raises
    ------
    InputError
        The level is none, or there are too few draws to tell its ends.
    """
    low, high = tails(level, draws.shape[-1])
    quantiles = np.quantile(draws, (low, 0.5, high), axis=-1, method="inverted_cdf")
    return np.stack([draws.mean(axis=-1), draws.std(axis=-1, ddof=1), *quantiles])


def _confidence(
    low: NDArray[np.float64], median: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Name how sure it is that there is any expert at all."""
    conditions = [low > 0, median > 0, high > 0, high == 0]
    return np.select(conditions, CONFIDENCES[:4], default=CONFIDENCES[4]).astype(object)

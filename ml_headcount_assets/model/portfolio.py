"""Totals of groups of companies: summed within each joint draw, and only then summarised.

Intervals of companies must not be added up, since all of them share the annotators' errors; draws
can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .result import DrawSums, HeadcountResult

__all__ = ["GROUPINGS", "company_groups", "portfolio_totals"]

#: Columns of companies by whose values they are grouped.
GROUPINGS = ("cohort", "size_band", "country", "subregion", "confidence")

_UNKNOWN = "unknown"
_KEYS = ("estimator", "grouping", "group_name")


def company_groups(
    companies: pd.DataFrame,
) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Yield every group of companies.

    Parameters
    ----------
    companies
        A row a company, with the columns `GROUPINGS`; several cohorts of one company are
        separated by ``;``, and it is in each of them. What is missing is "unknown".

    Yields
    ------
    grouping, name, mask
        What the group is made by, its name, and which companies are in it, shape (C,): first all
        of them, then the groups of each grouping by name.
    """
    yield "all", "all", np.ones(len(companies), dtype=bool)
    for grouping in GROUPINGS:
        separator = ";" if grouping == "cohort" else "\0"
        names = companies[grouping].fillna(_UNKNOWN).str.split(separator)
        for name in sorted(set().union(*names)):
            yield grouping, name, names.map(lambda own, name=name: name in own).to_numpy(dtype=bool)


def portfolio_totals(
    drawn: Iterable[tuple[str, HeadcountResult, pd.DataFrame]], level: float
) -> pd.DataFrame:
    """Summarise the totals of all groups of companies.

    Parameters
    ----------
    drawn
        Any number of times the name of an estimator, its results for some companies, and these
        companies in the same order, as `company_groups` takes them. Only one is held at a time.
    level
        Probability content of the intervals.

    Returns
    -------
    DataFrame
        ``estimator, grouping, group_name, companies, companies_without_evidence, mean, sd, low,
        median, high``; in experts. The numbers are NaN where no company of a group has evidence.
    """
    sums: dict[tuple[str, str, str], DrawSums] = {}
    for estimator, result, companies in drawn:
        for grouping, name, mask in company_groups(companies):
            key = (estimator, grouping, name)
            sums.setdefault(key, DrawSums(result.draws.shape[1])).add(result, mask)
    return pd.DataFrame(
        dict(zip(_KEYS, key, strict=True)) | total.summary(level) for key, total in sums.items()
    )

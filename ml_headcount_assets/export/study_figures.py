"""Which figures a study's results are shown by."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ml_headcount_assets.figures import VIEWS
from ml_headcount_assets.figures.catalogue import Drawn, Found, NothingToDrawError, StudyFigure
from ml_headcount_assets.figures.of_one_company import waterfall

from .results import StudyResults
from .waterfalls import CompanySteps

__all__ = ["StudyFigures", "company_figures", "honest_filters", "study_figures", "waterfalls"]

#: Views of one company by name.
_OF_ONE: Mapping[str, Callable[[Found, str], Drawn]] = {"waterfall": waterfall}


@dataclass(frozen=True)
class StudyFigures:
    """The figures of a study.

    Attributes
    ----------
    drawn
        In the order in which they are shown.
    left_out
        Names of those that there is nothing to draw for, and why.
    """

    drawn: tuple[StudyFigure, ...]
    left_out: Mapping[str, str]

    def of_family(self, family: str) -> list[StudyFigure]:
        """Return the figures of a family."""
        return [figure for figure in self.drawn if figure.family == family]


def study_figures(results: StudyResults, truth: pd.DataFrame | None = None) -> StudyFigures:
    """Draw all figures that there is something to draw for.

    Parameters
    ----------
    results
        What the study found.
    truth
        Simulated studies only: ``company_id, experts``.
    """
    found = _found(results, truth)
    drawn, left_out = [], {}
    for view in VIEWS:
        try:
            seen = view.draw(found)
        except NothingToDrawError as reason:
            left_out[view.name] = str(reason)
            continue
        drawn.append(StudyFigure.of(view.name, view.family, seen))
    return StudyFigures(tuple(drawn), left_out)


def company_figures(results: StudyResults, company: str) -> Iterator[StudyFigure]:
    """Yield the figures of one company, as far as there is something to draw.

    Parameters
    ----------
    results
        What the study found.
    company
        Partition key of the company.
    """
    yield from _of_one(_found(results), company)


def waterfalls(
    results: StudyResults, companies: Iterable[str], draws: int
) -> Iterator[tuple[str, StudyFigure]]:
    """Yield how the evidence of some companies led to their estimates, where it can be told.

    Parameters
    ----------
    results
        What the study found.
    companies
        Partition keys.
    draws
        How many draws all steps but the last are of.
    """
    found = _found(results, draws=draws)
    for company in companies:
        yield from ((company, figure) for figure in _of_one(found, company))


def _of_one(found: Found, company: str) -> Iterator[StudyFigure]:
    for name, draw in _OF_ONE.items():
        try:
            seen = draw(found, company)
        except NothingToDrawError:
            continue
        yield StudyFigure.of(name, "companies", seen)


def _found(
    results: StudyResults, truth: pd.DataFrame | None = None, draws: int | None = None
) -> Found:
    steps = CompanySteps(results, draws)
    return Found(results.headline_estimator, results.level, results.read, truth, steps)


def honest_filters(keywords: Mapping[str, pd.DataFrame]) -> list[dict[Hashable, Any]]:
    """Return the filters that have phrases, judged on CVs that they have not seen."""
    if not keywords:
        return []
    found = keywords["keyword_filters_found"]
    honest = found[(found["judged"] == "cross_validated") & found["yes_terms"].map(len).gt(0)]
    return honest.sort_values("information", ascending=False).to_dict("records")

"""What a figure of a study is: a picture, its sentence, its text for ears, and its numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import unescape

import pandas as pd
import plotly.graph_objects as go

from .style import company_labels

__all__ = ["FAMILIES", "Drawn", "Found", "NothingToDrawError", "StudyFigure", "View"]

#: Families of figures in the order in which they are shown, with their headings.
FAMILIES: Mapping[str, str] = {
    "companies": "Companies",
    "portfolio": "All companies together",
    "annotators": "Annotators",
    "fit": "What the fit has learned",
    "evidence": "What it rests on",
    "validity": "Whether it holds",
    "keywords": "Keywords",
    "money": "What asking has cost",
}


class NothingToDrawError(Exception):
    """There is nothing that a view could show; the message says why."""


@dataclass(frozen=True)
class Found:
    """What a study has found, as far as views may look at it.

    Attributes
    ----------
    headline
        Estimator whose numbers are shown first.
    level
        Probability content of the intervals.
    read
        Returns a published table; None if there is none.
    truth
        Simulated studies only: ``company_id, experts``.
    steps
        Returns how the evidence of a company, by its partition key, takes it from its prior to
        its estimate (`model.waterfall`); `NothingToDrawError` where that cannot be told.
    """

    headline: str
    level: float
    read: Callable[[str], pd.DataFrame | None]
    truth: pd.DataFrame | None = None
    steps: Callable[[str], pd.DataFrame] | None = None
    _kept: dict[str, pd.DataFrame | None] = field(default_factory=dict)

    def table(self, name: str, *, without: str = "this study has none") -> pd.DataFrame:
        """Return a table that has rows.

        Raises
        ------
        NothingToDrawError
            There are none, for the reason given.
        """
        if name not in self._kept:
            self._kept[name] = self.read(name)
        rows = self._kept[name]
        if rows is None or rows.empty:
            raise NothingToDrawError(without)
        return rows

    def of_headline(self, name: str, *, without: str | None = None) -> pd.DataFrame:
        """Return the rows of a table that are the headline estimator's; errors as above."""
        reason = without or f"{self.headline} does not report it"
        rows = self.table(name, without=reason)
        rows = rows[rows["estimator"] == self.headline]
        if rows.empty:
            raise NothingToDrawError(reason)
        return rows.reset_index(drop=True)

    def known(self) -> pd.DataFrame:
        """Return the headline's intervals of companies with evidence, the largest first.

        Raises
        ------
        NothingToDrawError
            No company has evidence.
        """
        rows = self.of_headline("headcount_intervals")
        rows = rows[rows["evidence"] != "none"]
        if rows.empty:
            raise NothingToDrawError("no company has evidence")
        rows = rows.sort_values(["median", "mean", "company"], ascending=[False, False, True])
        return rows.assign(label=self.labels(rows["company"])).reset_index(drop=True)

    def labels(self, companies: pd.Series) -> list[str]:
        """Return what companies are called, by their partition keys."""
        return company_labels(companies, self.table("companies"))


@dataclass(frozen=True)
class Drawn:
    """What a view shows.

    Attributes
    ----------
    title
        What is to be seen, in a sentence with its figure.
    alt
        What a reader who cannot see it is told.
    numbers
        What is drawn, as a table.
    figure
        The picture.
    """

    title: str
    alt: str
    numbers: pd.DataFrame
    figure: go.Figure


@dataclass(frozen=True)
class View:
    """One way to look at what was found, by a name of its own and within a family."""

    name: str
    family: str
    draw: Callable[[Found], Drawn]


@dataclass(frozen=True)
class StudyFigure:
    """A figure of one study; see `Drawn` and `View`.

    Its words are plain text, whereas those that a view hands to plotly are escaped.
    """

    name: str
    family: str
    title: str
    alt: str
    numbers: pd.DataFrame
    figure: go.Figure

    @classmethod
    def of(cls, name: str, family: str, drawn: Drawn) -> StudyFigure:
        """Return what was drawn, by its name and family."""
        numbers = drawn.numbers.map(lambda cell: unescape(cell) if isinstance(cell, str) else cell)
        words = unescape(drawn.title), unescape(drawn.alt)
        return cls(name, family, *words, numbers, drawn.figure)

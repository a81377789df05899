"""What the command line shows: progress, and tables with their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.figures.style import percent

__all__ = [
    "StageProgress",
    "company_table",
    "comparison_table",
    "count",
    "counts_line",
    "group_table",
    "open_progress",
    "rank_table",
    "rejects_table",
    "study_table",
]

#: Width that a column of text keeps on a narrow screen; enough for the name of an estimator.
_LEAST_TEXT = 11
#: Shown where there is no number. A dash could be taken for zero; the words are beside it.
_NO_NUMBER = "–"


def count(value: float) -> str:
    """Write a number of people; a missing one is never written as 0."""
    return _NO_NUMBER if pd.isna(value) else f"{value:,.0f}"


class StageProgress:
    """Shows how far each stage of a run has come; called as ``(stage, done, total)``."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note that `done` of `total` parts of a stage are finished."""
        if stage not in self._tasks:
            self._tasks[stage] = self._progress.add_task(stage, total=total)
        self._progress.update(self._tasks[stage], completed=done, total=total)


@contextmanager
def open_progress(console: Console) -> Iterator[StageProgress]:
    """Show one line per stage while the block lasts."""
    columns = (
        SpinnerColumn(finished_text="[green]✓[/]"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield StageProgress(progress)


def _table(title: str, columns: Sequence[str]) -> Table:
    """Return an empty table; columns whose name begins with '>' are numbers."""
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        box=box.SIMPLE_HEAD,
        caption_justify="left",
    )
    for column in columns:
        is_number = column.startswith(">")
        table.add_column(
            column.removeprefix(">"),
            justify="right" if is_number else "left",
            no_wrap=is_number,
            min_width=0 if is_number else _LEAST_TEXT,
        )
    return table


def _ends(level: float) -> tuple[str, str]:
    """Return which quantiles the ends of an interval are."""
    return percent((1 - level) / 2), percent((1 + level) / 2)


def company_table(intervals: pd.DataFrame, *, title: str, level: float) -> Table:
    """Return one line per company.

    Parameters
    ----------
    intervals
        ``label, evidence, n_profiles, headcount, q10, q50, q90, confidence``.
    title
        What is shown.
    level
        Probability content of the intervals.
    """
    low, high = _ends(level)
    columns = ("company", ">profiles", ">employees", f">{low}", ">median", f">{high}", "confidence")
    table = _table(title, columns)
    for row in intervals.itertuples():
        table.add_row(
            Text(str(row.label)),
            count(row.n_profiles),
            count(row.headcount),
            count(row.q10),
            Text(count(row.q50), style="bold"),
            count(row.q90),
            row.confidence,
        )
    return table


def group_table(totals: pd.DataFrame, *, title: str, level: float) -> Table:
    """Return one line per total: ``label, companies, companies_without_evidence, q10, ...``."""
    low, high = _ends(level)
    columns = (
        "estimator",
        ">companies",
        ">no evidence",
        f">{low}",
        ">median",
        f">{high}",
        ">mean",
    )
    table = _table(title, columns)
    for row in totals.itertuples():
        table.add_row(
            Text(str(row.label)),
            count(row.companies),
            count(row.companies_without_evidence),
            count(row.q10),
            Text(count(row.q50), style="bold"),
            count(row.q90),
            count(row.mean),
        )
    return table


def counts_line(heading: str, counts: Mapping[str, int]) -> Text:
    """Return one line of names with their numbers."""
    parts = ", ".join(f"{name} {number:,}" for name, number in counts.items())
    return Text.assemble((heading, "bold"), f": {parts}")


def rejects_table(rejects: pd.DataFrame) -> Table:
    """Return how often each field was rejected and why: ``source_file, field, reason, rows``."""
    table = _table("Rows and fields that could not be used", ("file", "field", ">rows", "reason"))
    for row in rejects.itertuples():
        table.add_row(row.source_file, row.field, count(row.rows), row.reason)
    return table


def _coverage_note(level: float) -> str:
    return (
        f"covered: the {percent(level)} interval holds the true count; without ties: the same for"
        " randomised ranks, since the whole numbers of small companies cover more than they should"
    )


def comparison_table(scores: pd.DataFrame, *, level: float) -> Table:
    """Return how estimates compare with true counts: the columns of `summarise_scores`."""
    table = _table(
        "Compared with the true counts",
        ("estimator", ">companies", ">covered", ">without ties", ">interval score", ">total"),
    )
    for row in scores.itertuples():
        table.add_row(
            row.estimator,
            count(row.companies),
            f"{row.coverage:.0%}",
            f"{row.rank_coverage:.0%}",
            f"{row.log_score:.2f}",
            f"x {row.total_ratio:.2f}",
        )
    table.caption = f"{_coverage_note(level)}; interval score: of log(1 + count), lower is better;"
    table.caption += " total: estimated over true"
    return table


def study_table(summary: pd.DataFrame, *, title: str, level: float) -> Table:
    """Return what a calibration study found: the columns of `CalibrationStudy.summary`."""
    columns: Mapping[str, str] = {
        "estimator": "estimator",
        "evidence": "evidence",
        "companies": ">companies",
        "coverage": ">covered",
        "coverage_error": ">± (s.e.)",
        "rank_coverage": ">without ties",
        "score": ">interval score",
        "log_score": ">… of log(1 + count)",
        "total_ratio": ">total, est. / true",
        "total_coverage": ">totals covered",
    }
    present = {name: heading for name, heading in columns.items() if name in summary}
    shares = {"coverage", "coverage_error", "rank_coverage", "total_coverage"}
    table = _table(title, list(present.values()))
    for row in summary[list(present)].to_dict("records"):
        table.add_row(
            *(
                str(value)
                if isinstance(value, str)
                else f"{value:.1%}"
                if name in shares
                else f"{value:,.0f}"
                if name == "companies"
                else f"{value:,.2f}"
                for name, value in row.items()
            )
        )
    table.caption = _coverage_note(level)
    return table


def rank_table(histograms: Mapping[str, NDArray[np.int64]]) -> Table:
    """Return the rank histograms, one line per estimator, in per cent of the companies."""
    bins = len(next(iter(histograms.values())))
    table = _table(
        "Rank of the true count among the draws, in tenths (%)",
        ("estimator", *(f">{number}" for number in range(1, bins + 1))),
    )
    for estimator, histogram in histograms.items():
        table.add_row(estimator, *(f"{share:.0f}" for share in 100 * histogram / histogram.sum()))
    table.caption = "flat: calibrated; a hump: intervals too wide; a bowl: too narrow"
    return table

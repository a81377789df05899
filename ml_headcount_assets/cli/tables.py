"""Tables that the command line shows, with their words."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from rich import box
from rich.table import Table
from rich.text import Text

from ml_headcount_assets.model.sensitivity import AS_IT_IS
from ml_headcount_assets.wording import count, decimal, headcount, percent, share

__all__ = [
    "budget_table",
    "company_table",
    "counts_line",
    "group_table",
    "plain_table",
    "rank_table",
    "rejects_table",
    "score_table",
    "sensitivity_table",
    "suite_table",
]


#: Width that a column of text keeps on a narrow screen; enough for the name of an estimator.
_LEAST_TEXT = 12


def plain_table(title: str, columns: Sequence[str], *, broken: Collection[str] = ()) -> Table:
    """Return an empty table; columns whose name begins with '>' are numbers.

    Numbers are never broken into lines, but for the columns in `broken`, which have several words.
    """
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
            no_wrap=is_number and column not in broken,
            min_width=0 if is_number else _LEAST_TEXT,
            overflow="ellipsis" if is_number else "fold",
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
        ``label, evidence, n_profiles, headcount, headcount_low, headcount_high,
        low, median, high, confidence``.
    title
        What is shown.
    level
        Probability content of the intervals.
    """
    low, high = _ends(level)
    columns = ("company", ">profiles", ">employees", f">{low}", ">median", f">{high}", "confidence")
    table = plain_table(title, columns)
    for row in intervals.itertuples():
        table.add_row(
            Text(str(row.label)),
            count(row.n_profiles),
            headcount(row.headcount, row.headcount_low, row.headcount_high),
            count(row.low),
            Text(count(row.median), style="bold"),
            count(row.high),
            row.confidence,
        )
    return table


def group_table(totals: pd.DataFrame, *, title: str, level: float) -> Table:
    """Return one line per total: ``label, companies, companies_without_evidence, low, ...``."""
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
    table = plain_table(title, columns)
    for row in totals.itertuples():
        table.add_row(
            Text(str(row.label)),
            count(row.companies),
            count(row.companies_without_evidence),
            count(row.low),
            Text(count(row.median), style="bold"),
            count(row.high),
            count(row.mean),
        )
    return table


def budget_table(budget: pd.DataFrame) -> Table:
    """Return where a total's uncertainty comes from: rows of table uncertainty_budget."""
    table = plain_table(
        "Where the uncertainty of the total comes from",
        ("source", ">width alone", ">width without", ">share"),
    )
    for row in budget.itertuples():
        table.add_row(
            Text(row.layer.replace("_", " ")),
            count(row.width_alone),
            count(row.width_without),
            share(row.share),
        )
    level = " and ".join(map(percent, budget["level"].unique()))
    table.caption = f"width of the {level} interval by one source alone, and by all others"
    return table


def sensitivity_table(moved: pd.DataFrame) -> Table:
    """Return how far a total moves under other assumptions: rows of table prior_sensitivity."""
    level = float(moved["level"].iloc[0])
    low, high = _ends(level)
    table = plain_table(
        "How far the total moves", ("estimate", f">{low}", ">median", f">{high}", ">ratio")
    )
    for row in moved.sort_values("variant", key=lambda names: names != AS_IT_IS).itertuples():
        table.add_row(
            Text(row.variant),
            count(row.low),
            Text(count(row.median), style="bold"),
            count(row.high),
            decimal(row.ratio, 2),
        )
    return table


def counts_line(heading: str, counts: Mapping[str, int]) -> Text:
    """Return one line of names with their numbers."""
    parts = ", ".join(f"{name} {count(number)}" for name, number in counts.items())
    return Text.assemble((heading, "bold"), f": {parts}")


def rejects_table(rejects: pd.DataFrame) -> Table:
    """Return how often each field was rejected, where and why (`StudyResults.reject_counts`)."""
    table = plain_table(
        "What could not be used, or could be read otherwise",
        ("file", "field", ">rows", "where", "reason"),
    )
    for row in rejects.itertuples():
        # Text, lest brackets in a file's own words be taken for markup.
        table.add_row(
            Text(row.source_file),
            Text(str(row.field)),
            count(row.rows),
            row.lines,
            Text(row.reason),
        )
    return table


_two_digits = partial(decimal, digits=2)

#: How each column of scores is called and written.
_SCORE_COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "estimator": ("estimator", str),
    "evidence": ("evidence", str),
    "companies": (">companies", count),
    "coverage": (">covered", share),
    "coverage_error": (">±", share),
    "large_coverage": (">100+", share),
    "rank_coverage": (">ranks", share),
    "log_score": (">score", _two_digits),
    "total_ratio": (">total", _two_digits),
    "total_coverage": (">totals covered", share),
}


def score_table(scores: pd.DataFrame, *, title: str, level: float, explained: bool = True) -> Table:
    """Return how estimates compare with a known truth.

    Parameters
    ----------
    scores
        Columns of `scoring.summarise_scores` or of `CalibrationStudy.summary`; a line each.
    title
        What is compared.
    level
        Probability content of the intervals.
    explained
        Whether to say below what the columns are.
    """
    shown = [name for name in _SCORE_COLUMNS if name in scores]
    table = plain_table(title, [_SCORE_COLUMNS[name][0] for name in shown])
    for row in scores[shown].to_dict("records"):
        table.add_row(*(_SCORE_COLUMNS[name][1](value) for name, value in row.items()))
    notes = {
        "coverage": f"covered: the {percent(level)} interval holds the true count",
        "coverage_error": "±: its standard error over worlds",
        "large_coverage": "100+: the same, of companies with 100 employees and more",
        "rank_coverage": f"ranks: the truth lies in the central {percent(level)} of the draws, ties"
        " broken at random (intervals of small counts cover more than they should, ranks do not)",
        "log_score": "score: interval score of log(1 + count), lower is better",
        "total_ratio": "total: estimated over true",
    }
    if explained:
        table.caption = "; ".join(note for name, note in notes.items() if name in scores)
    return table


def rank_table(histograms: Mapping[str, NDArray[np.int64]]) -> Table:
    """Return the rank histograms, one line per estimator, in per cent of the companies."""
    bins = len(next(iter(histograms.values())))
    table = plain_table(
        "Rank of the true count among the draws, in tenths (%)",
        ("estimator", *(f">{number}" for number in range(1, bins + 1))),
    )
    for estimator, histogram in histograms.items():
        table.add_row(estimator, *(map(count, 100 * histogram / histogram.sum())))
    table.caption = "flat: calibrated; a hump: intervals too wide; a bowl: too narrow"
    return table


_SUITE_COLUMNS: Mapping[str, tuple[str, Callable[[Any], str]]] = {
    "method": ("method", str),
    "group": ("companies", str),
    "worlds": (">worlds", count),
    "answered": (">answered", share),
    "coverage_50": (">50 %", share),
    "coverage_80": (">80 %", share),
    "coverage_95": (">95 %", share),
    "ranks": (">ranks", _two_digits),
    "ranks_error": (">±", _two_digits),
    "log_score": (">score", _two_digits),
    "log_score_error": (">±", _two_digits),
    "to_oracle": (">to oracle", _two_digits),
    "total_ratio": (">total", _two_digits),
    "total_80": (">totals covered", share),
    "warned": (">warned", share),
    "failed": (">failed", share),
}


def suite_table(scores: pd.DataFrame, *, title: str, explained: bool = False) -> Table:
    """Return how methods did on the worlds of one scenario.

    Parameters
    ----------
    scores
        Lines of `SuiteScores.summary`, of one scenario.
    title
        Which one.
    explained
        Whether to say below what the columns are.
    """
    left_out = {
        name
        for name, nothing in (("group", "all"), ("warned", 0.0), ("failed", 0.0))
        if (scores[name] == nothing).all()
    }
    shown = [name for name in _SUITE_COLUMNS if name not in left_out]
    table = plain_table(title, [_SUITE_COLUMNS[name][0] for name in shown])
    for row in scores[shown].to_dict("records"):
        table.add_row(*(_SUITE_COLUMNS[name][1](value) for name, value in row.items()))
    if explained:
        table.caption = (
            "answered: share of the companies with evidence; 50, 80, 95 %: the interval holds the"
            " true count; ranks: the truth lies in the central 80 % of the draws, ties broken at"
            " random; score: interval score of log(1 + count), lower is better, and over the"
            " oracle's, who knows the true error rates and priors; total: estimated over true;"
            " ±: standard error over worlds"
        )
    return table

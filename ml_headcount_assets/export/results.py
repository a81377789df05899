"""What a study found, read from its warehouse in one go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from ml_headcount_assets.figures.style import level_of
from ml_headcount_assets.model.estimators import ESTIMATORS
from ml_headcount_assets.model.result import CONFIDENCES, summarise_draws
from ml_headcount_assets.warehouse.schemas import KEYWORD_TABLES, SENSITIVITY_TABLES
from ml_headcount_assets.warehouse.store import Tables
from ml_headcount_assets.wording import lines_in_words

__all__ = ["KEYWORD_RESULTS", "RESULT_TABLES", "TRUST_TABLES", "StudyResults", "read_results"]

#: The tables that results are read from.
RESULT_TABLES = (
    "companies",
    "headcount_intervals",
    "portfolio_intervals",
    "annotators",
    "annotator_summary",
    "annotator_correlations",
    "predictive_checks",
    "rejects",
)

#: Those of discovered keywords, if there are any. What is said of single CVs stays where it is.
KEYWORD_RESULTS = tuple(name for name in KEYWORD_TABLES if name != "keyword_folds")


#: Those that tell whether to believe it; what an estimator does not report has no rows.
TRUST_TABLES = (
    *("annotator_drift", "annotator_use", "deployed_rates", "learned_scales", "prior_posterior"),
    *("company_prevalences", "cohort_patterns", "diagnostics", *SENSITIVITY_TABLES, "checks"),
)

#: Those of people's verdicts on profiles; without verdicts they are not shown.
RATING_TABLES = ("deployed_ratings", "rater_agreement")


@dataclass(frozen=True)
class StudyResults:
    """The tables of one warehouse that results are shown from.

    Attributes
    ----------
    companies, portfolio, annotators, annotator_summary, annotator_correlations,
    predictive_checks, rejects
        The tables of these names (portfolio: portfolio_intervals).
    intervals
        Table headcount_intervals with, in addition, each company's ``label`` (its name, or its
        id if it has none), ``cohort``, ``size_band``, ``country``, and the ends of a headcount
        that is a band. The first estimator is the headline.
    trust
        The tables `TRUST_TABLES` by name, as far as there are any, and those of `RATING_TABLES`
        that have rows.
    keywords
        The tables `KEYWORD_RESULTS` by name; empty if no keywords have been discovered.
    read
        Returns any table by name, when it is asked for; None if there is none.
    """

    companies: pd.DataFrame
    intervals: pd.DataFrame
    portfolio: pd.DataFrame
    annotators: pd.DataFrame
    annotator_summary: pd.DataFrame
    annotator_correlations: pd.DataFrame
    predictive_checks: pd.DataFrame
    rejects: pd.DataFrame
    trust: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    keywords: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    read: Callable[[str], pd.DataFrame | None] = lambda _: None

    @property
    def estimators(self) -> list[str]:
        """The estimators that there are intervals by, the headline first."""
        return list(dict.fromkeys(self.intervals["estimator"]))

    @property
    def headline_estimator(self) -> str:
        """The estimator whose numbers are shown first."""
        return self.estimators[0]

    @property
    def level(self) -> float:
        """Probability content of the companies' intervals, as they are stored.

        Raises
        ------
        ComputeError
            They are of several levels.
        """
        return level_of(self.intervals)

    @property
    def headline(self) -> pd.DataFrame:
        """The intervals of the headline estimator, the largest first, then without evidence."""
        rows = self.of_headline(self.intervals)
        return rows.sort_values(
            ["median", "mean", "company"], ascending=[False, False, True], na_position="last"
        )

    def totals(self) -> pd.DataFrame:
        """Return the totals of all companies, one row per estimator."""
        rows = self.portfolio[self.portfolio["grouping"] == "all"].set_index("estimator")
        return (
            rows.loc[[name for name in self.estimators if name in rows.index]]
            .reset_index()
            .assign(label=lambda table: table["estimator"])
        )

    def of_headline(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a table that belong to the headline estimator."""
        return table[table["estimator"] == self.headline_estimator]

    def doubts(self) -> list[str]:
        """Return what speaks against the headline, a sentence each; empty if nothing does."""
        if "diagnostics" not in self.trust:
            return []
        rows = self.of_headline(self.trust["diagnostics"])
        doubtful = rows[rows["verdict"] == "doubtful"]
        return list(dict.fromkeys(doubtful["because"]))

    def warnings(self) -> list[str]:
        """Return what the run's checks warn of, a sentence each; doubts are told by `doubts`."""
        if "checks" not in self.trust:
            return []
        rows = self.trust["checks"]
        failed = rows[~rows["passed"].astype(bool) & (rows["asset"] != "diagnostics")]
        return list(dict.fromkeys(failed["description"].dropna()))

    def drift(self) -> pd.DataFrame:
        """Return what each annotator does to the profiles of all companies together."""
        table = self.trust.get("annotator_drift")
        if table is None:
            return pd.DataFrame()
        return table[(table["cohort"] == "") & (table["text"] == "profiles")]

    def of_total(self, table: str) -> pd.DataFrame:
        """Return the headline's rows about the total in the budget or in the sensitivities."""
        if table not in self.trust:
            return pd.DataFrame()
        rows = self.of_headline(self.trust[table])
        by = "company_id" if "company_id" in rows else "group_name"
        return rows[rows[by].isin(["", "all"])]

    def flag_counts(self) -> dict[str, int]:
        """Return how many companies carry each flag."""
        flags = self.headline["flags"].str.split(";").explode()
        counts = flags[flags != ""].value_counts()
        return {str(flag): int(number) for flag, number in sorted(counts.items())}

    def confidence_counts(self) -> dict[str, int]:
        """Return how many companies there are of each confidence, the surest first."""
        counts = self.headline["confidence"].value_counts()
        return {name: int(counts[name]) for name in CONFIDENCES if name in counts}

    def headquarters_without_country(self) -> dict[str, int]:
        """Return the headquarters, by name, whose country could not be told, and of how many."""
        counts = self.companies.loc[self.companies["country"].isna(), "headquarters"].value_counts()
        return {str(name): int(counts[name]) for name in sorted(counts.index)}

    def total_of_known_headcount(self) -> dict[str, float] | None:
        """Return the total of the companies with evidence whose headcount is known.

        Returns
        -------
        dict or None
            ``companies, employees, low, median, high``; None where there is none. The ends are of
            sums within joint draws.
        """
        rows = self.headline
        sized = rows[(rows["evidence"] != "none") & rows["headcount"].notna()]
        table = self.read("headcount_draws")
        if table is None or not len(sized):
            return None
        draws = self.of_headline(table).set_index("company").loc[sized["company"], "draws"]
        sums = np.sum([np.asarray(each) for each in draws], axis=0)
        _, _, low, median, high = summarise_draws(sums, self.level)
        employees = int(sized["headcount"].sum())
        told = {"companies": len(sized), "employees": employees}
        return told | {"low": float(low), "median": float(median), "high": float(high)}

    def reject_counts(self) -> pd.DataFrame:
        """Return ``source_file, field, reason, rows, lines``, the most frequent first.

        Lines are the first few, in words; "" where a file or a column is meant as a whole.
        """
        keys = ["source_file", "field", "reason"]
        grouped = self.rejects.groupby(keys, dropna=False)["line"]
        counts = grouped.agg(rows="size", lines=_in_lines).reset_index()
        return counts.sort_values(["rows", *keys], ascending=[False, True, True, True])


def _in_lines(lines: pd.Series) -> str:
    return lines_in_words(lines) if lines.notna().any() else ""


def read_results(store: Tables, estimators: Sequence[str] = ()) -> StudyResults:
    """Read what a study found.

    Parameters
    ----------
    store
        The warehouse.
    estimators
        Those that come first, as far as there are intervals by them.

    Raises
    ------
    InputError
        There is no warehouse, or a run has not come to its end yet.
    """
    with store.snapshot() as snapshot:
        tables = {name: snapshot.read(name) for name in RESULT_TABLES}
        keywords = {name: snapshot.read(name) for name in KEYWORD_RESULTS if snapshot.has(name)}
        trust = {name: snapshot.read(name) for name in TRUST_TABLES if snapshot.has(name)}
        ratings = {name: snapshot.read(name) for name in RATING_TABLES if snapshot.has(name)}
    trust |= {name: table for name, table in ratings.items() if len(table)}
    companies = tables["companies"]
    described = companies.assign(label=companies["name"].fillna(companies["company_id"]))
    columns = ["company", "label", "cohort", "size_band", "country"]
    intervals = tables.pop("headcount_intervals").merge(
        described[[*columns, "headcount_low", "headcount_high"]], on="company"
    )
    # A study may have been given others since, which no run has got to.
    order = [*estimators, *ESTIMATORS]
    intervals = intervals.sort_values(
        "estimator", key=lambda names: names.map(order.index), kind="stable", ignore_index=True
    )
    portfolio = tables.pop("portfolio_intervals")
    complete = len(keywords) == len(KEYWORD_RESULTS) and len(keywords["keyword_phrases"])
    return StudyResults(
        intervals=intervals,
        portfolio=portfolio,
        trust=trust,
        keywords=keywords if complete else {},
        read=partial(_read_if_there, store),
        **tables,
    )


def _read_if_there(store: Tables, table: str) -> pd.DataFrame | None:
    with store.snapshot() as snapshot:
        return snapshot.read(table) if snapshot.has(table) else None

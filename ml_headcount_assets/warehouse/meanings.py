"""What tables and columns mean, in words that go with them wherever they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .schemas import RUN_TABLES, TABLES
from .table import Table

__all__ = ["ROWS", "comments", "meaning", "unit"]

#: What a row is, of every table that leaves the warehouse.
ROWS: Mapping[str, str] = {
    "companies": "A company of the study",
    "company_counts": "What is counted of a company's people by an annotator",
    "annotators": "An annotator: a language model, or a keyword filter",
    "rejects": "A row or field that could not be used, or could be read otherwise",
    "pattern_counts": "A combination of labels among a company's profiles",
    "deployed_ratings": "A combination of labels and of people's verdicts at a company",
    "rater_agreement": "Two raters, and the verdict or criterion that they are compared by",
    "annotator_fit": "A joint draw of the annotators' errors, by an estimator",
    "annotator_summary": "How often an annotator is right among rated CVs, by an estimator",
    "annotator_correlations": "Two annotators, and how their errors in a class hang together",
    "cohort_fit": "A joint draw of what companies with keyword counts share, by an estimator",
    "hierarchical_fit": "A posterior state of all that companies share",
    "annotator_drift": "An annotator: what it does to profiles against what it did to rated CVs",
    "annotator_use": "An annotator, and whether estimates use it",
    "predictive_checks": "A combination of labels: rated CVs seen against those predicted",
    "deployed_rates": "An error rate of an annotator, on some text",
    "learned_scales": "A scale or a dispersion that was learned",
    "prior_posterior": "A kind of company: its share of experts before and after the data",
    "company_prevalences": "A company's share of experts, before and after the data",
    "cohort_patterns": "Annotators that fire together in a cohort, seen against predicted",
    "diagnostics": "A measure that could speak against an estimate, and whether it does",
    "uncertainty_budget": "A source of uncertainty, of a company or of the total",
    "rating_proposal": "A kind of profile, and how many of it to rate",
    "rating_effect": "Something that was estimated, without and with people's verdicts",
    "prior_sensitivity": "Something that was changed, and what it does to a total",
    "validity_scores": "A way to estimate, on simulated worlds of one kind",
    "headcount_draws": "The joint draws of a company, by an estimator; draw k is of the same"
    " annotators in all companies, so that draws can be added",
    "synthetic_counts": "A combination of labels, filled in for a company with counts only",
    "headcount_intervals": "The experts of a company, by an estimator",
    "portfolio_intervals": "The experts of a group of companies, by an estimator",
    "keyword_phrases": "A phrase that several rated CVs have",
    "keyword_themes": "A theme that phrases belong to",
    "keyword_filters_found": "A keyword filter, judged on some CVs",
    "keyword_optimism": "A measure of a filter, on CVs it was learned on and on others",
    "keyword_precision_recall": "A list of phrases at a threshold, judged on some CVs",
    "keyword_reach": "A phrase or a filter, and how many profiles it fires on",
    "runs": "A run that has published results",
    "history": "The experts of a company as a run published them",
    "llm_spending": "A day on which a model was asked in some words about some texts",
    "checks": "A check of the last run, and what it found",
}

#: Tables whose intervals are of people; those of others are shares, correlations, scales.
_OF_PEOPLE = {
    *("headcount_intervals", "portfolio_intervals", "prior_sensitivity", "headcount_draws"),
    *("uncertainty_budget", "synthetic_counts", "runs", "history"),
}
_INTERVAL = {"mean", "sd", "low", "median", "high", "draws", "mean_count"}
_WIDTHS = {"sd_alone", "sd_without", "width_alone", "width_without"}
_PEOPLE = ("headcount", "n_profiles", "hits", "accepted", "labelled", "people")
_RANGES = {(0, 1): "share, 0 to 1", (-1, 1): "correlation, -1 to 1"}


def meaning(table: str, column: str) -> str | None:
    """Return what a column means; None if there is no such table or column."""
    spec = _spec(table)
    known = spec.schema.columns.get(column) if spec else None
    return None if known is None else known.description


def unit(table: str, column: str) -> str:
    """Return what a column is measured in; empty if in nothing, or if it is not known."""
    if (table in _OF_PEOPLE and column in _INTERVAL | _WIDTHS) or column.startswith(_PEOPLE):
        return "people"
    spec = _spec(table)
    known = spec.schema.columns.get(column) if spec else None
    for check in () if known is None else known.checks:
        if check.name == "in_range":
            limits = check.statistics["min_value"], check.statistics["max_value"]
            return _RANGES.get(limits, "")
    return ""


def comments(table: str, level: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield a comment on a table, under None, and one on each of its columns.

    Parameters
    ----------
    table
        Its name.
    level
        How much its intervals hold, in words; None if it has none.
    """
    holding = f" Intervals (low to high) hold {level}." if level else ""
    yield None, f"A row is: {ROWS[table][0].lower()}{ROWS[table][1:]}.{holding}"
    spec = _spec(table)
    for column in spec.columns if spec else ():
        measured = unit(table, column)
        yield column, f"{meaning(table, column)}{f' ({measured})' if measured else ''}"


def _spec(table: str) -> Table | None:
    return TABLES.get(table) or RUN_TABLES.get(table)

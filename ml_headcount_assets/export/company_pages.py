"""What a report says of each company on a page of its own: words, numbers, evidence, history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ml_headcount_assets.wording import headcount, how_many, interval, percent, share

from .results import StudyResults

__all__ = ["company_pages"]

_RESTS_ON = {
    "profiles": "labelled profiles",
    "aggregates": "counts alone",
    "none": "nothing: there is no evidence",
}


def company_pages(
    results: StudyResults,
    flag_meanings: Mapping[str, str],
    waterfalls: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the pages by partition key, in values that JSON has.

    Parameters
    ----------
    results
        What the study found.
    flag_meanings
        What each flag means.
    waterfalls
        Figures of some companies by partition key, as the page draws them.
    """
    level = percent(results.level)
    estimates = _by_company(results.intervals, ["estimator", "low", "median", "high"])
    evidence, history, learned = _evidence(results), _history(results), _learned(results, level)
    pages = {}
    for row in results.headline.to_dict("records"):
        slug = str(row["company"])
        flags = [flag for flag in str(row["flags"]).split(";") if flag]
        pages[slug] = {
            "label": str(row["label"]),
            "sentence": _sentence(row, level),
            "about": _about(row),
            "estimates": estimates[slug],
            "evidence": evidence.get(slug, []),
            "learned": learned.get(str(row["company_id"])),
            "flags": [f"{flag}: {flag_meanings.get(flag, '')}".rstrip(": ") for flag in flags],
            "history": history.get(str(row["company_id"]), []),
            "waterfall": waterfalls.get(slug),
        }
    return {"level": level, "waterfalls": len(waterfalls), "pages": pages}


def _sentence(row: Mapping[str, Any], level: str) -> str:
    if row["evidence"] == "none":
        return "No evidence: nothing is known about this company, which is not the same as zero."
    of = f", {share(row['share'])} of the employees" if pd.notna(row["share"]) else ""
    return (
        f"{how_many(row['median'], 'expert')}{of}; {level} interval"
        f" {interval(row['low'], row['high'])}. Confidence: {row['confidence']}."
    )


def _about(row: Mapping[str, Any]) -> str:
    known = [str(row[name]) for name in ("country", "cohort") if pd.notna(row[name]) and row[name]]
    employees = "an unknown number of employees"
    if pd.notna(row["headcount"]):
        employees = headcount(row["headcount"], row["headcount_low"], row["headcount_high"])
        employees += " employee" if employees == "1" else " employees"
    return ". ".join(
        [
            f"Id {row['company_id']}",
            *([", ".join(known)] if known else []),
            f"{employees}, {how_many(row['n_profiles'], 'labelled profile')}",
            f"Rests on {_RESTS_ON[row['evidence']]}.",
        ]
    )


def _by_company(rows: pd.DataFrame, columns: list[str]) -> dict[str, list[list[Any]]]:
    # One pass over the rows: a group of thousands of companies each takes much longer.
    found: dict[str, list[list[Any]]] = {}
    for company, values in zip(rows["company"], rows[columns].itertuples(index=False), strict=True):
        found.setdefault(str(company), []).append(_plain(values))
    return found


def _plain(values: Any) -> list[Any]:
    """Return values as JSON has them: no NaN, and no digits that no reader sees."""
    return [
        (None if pd.isna(value) else value if isinstance(value, str) else round(float(value), 3))
        for value in values
    ]


def _evidence(results: StudyResults) -> dict[str, list[list[Any]]]:
    """Return annotator, accepted, labelled and hits, by company."""
    names = sorted(results.annotators["annotator"])
    found: dict[str, dict[str, list[Any]]] = {}
    patterns = results.read("pattern_counts")
    if patterns is not None:
        patterns = patterns[patterns["pattern"].str.len() == len(names)]
        for number, name in enumerate(names):
            letter, people = patterns["pattern"].str[number], patterns["n_profiles"]
            given = people.where(letter != "-", 0).groupby(patterns["company"]).sum()
            accepted = people.where(letter == "1", 0).groupby(patterns["company"]).sum()
            for company in given.index:
                own = [name, int(accepted[company]), int(given[company]), None]
                found.setdefault(str(company), {})[name] = own
    counts = results.read("company_counts")
    for row in () if counts is None else counts.itertuples():
        own = found.setdefault(str(row.company), {}).setdefault(
            row.annotator, [row.annotator, None, None, None]
        )
        if pd.notna(row.labelled) and own[2] is None:
            own[1], own[2] = float(row.accepted), float(row.labelled)
        if pd.notna(row.hits):
            own[3] = float(row.hits)
    return {company: [rows[name] for name in sorted(rows)] for company, rows in found.items()}


def _learned(results: StudyResults, level: str) -> dict[str, str]:
    """Return how far the share of experts was moved from its prior, by company id."""
    rows = results.trust.get("company_prevalences")
    if rows is None:
        return {}
    return {
        str(row.company_id): (
            f"Before any of its own data its share of experts was expected to be"
            f" {share(row.prior_mean)}; it was learned to be {share(row.mean)} ({level} interval"
            f" {share(row.low)} to {share(row.high)}), from {row.rests_on or 'nothing of its own'}."
        )
        for row in results.of_headline(rows).itertuples()
    }


def _history(results: StudyResults) -> dict[str, list[list[Any]]]:
    runs, history = results.read("runs"), results.read("history")
    if runs is None or history is None or len(runs) < 2:
        return {}
    when = runs.set_index("run")["finished"].str[:16].str.replace("T", " ")
    rows = history.assign(when=history["run"].map(when)).sort_values("when", ascending=False)
    others = (rows["estimator"] != results.headline_estimator) | (rows["level"] != results.level)
    how = rows["estimator"] + ", " + rows["level"].map(percent)
    rows["when"] = rows["when"].mask(others, rows["when"] + " (" + how + ")")
    rows = rows.rename(columns={"company_id": "company"})
    columns = ["when", "low", "median", "high"]
    return {company: rows[:20] for company, rows in _by_company(rows, columns).items()}

"""Which columns the columns of the main tables are made from.

It is written down here by hand: what is only in settings, and what a column does no more than
repeat the name of, is not a source. A test holds it against schemas and recipes.
"""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

__all__ = ["COLUMN_SOURCES", "column_lineage", "told_sources"]

_COMPANY = {"company": "companies.company", "company_id": "companies.company_id"}
_LABELLED = {
    "company": "keyword_labels.company llm_labels.company companies.company",
    "company_id": "keyword_labels.company_id llm_labels.company_id companies.company_id",
    "profile_id": "keyword_labels.profile_id llm_labels.profile_id",
    "annotator": "annotators.annotator",
    "label": "keyword_labels.label llm_labels.label",
    "missing": "keyword_labels.missing llm_labels.missing",
    "recipe": "keyword_labels.recipe llm_labels.recipe",
    "model": "keyword_labels.model llm_labels.model",
    "prompt": "keyword_labels.prompt llm_labels.prompt",
    "labelled_at": "keyword_labels.labelled_at llm_labels.labelled_at",
}
_COUNTED = "company_counts.hits company_counts.accepted company_counts.labelled"
_HEADCOUNT = "companies.headcount companies.headcount_low companies.headcount_high"
_PATTERNS = "pattern_counts.pattern pattern_counts.n_profiles"
_RATED = "deployed_ratings.pattern deployed_ratings.yes deployed_ratings.no"
_FITTED = (
    "annotator_fit.positive_rates annotator_fit.correlations annotator_fit.pattern_probabilities"
    " cohort_fit.scale cohort_fit.filters cohort_fit.correlations hierarchical_fit.theta"
    " hierarchical_fit.rated hierarchical_fit.near hierarchical_fit.easy hierarchical_fit.expert"
    " hierarchical_fit.record"
)
_DRAWS = "headcount_draws.draws"
_SUMMARY = dict.fromkeys(("mean", "sd", "low", "median", "high"), _DRAWS)

#: By table and column: columns that it is made from, as ``table.column``, with spaces between.
COLUMN_SOURCES: Mapping[str, Mapping[str, str]] = {
    "profile_labels": _LABELLED,
    "pattern_counts": {
        "company": "profile_labels.company",
        "company_id": "profile_labels.company_id",
        "pattern": "profile_labels.annotator profile_labels.label annotators.annotator",
        "n_profiles": "profile_labels.profile_id",
    },
    "headcount_draws": _COMPANY
    | {
        "evidence": f"{_PATTERNS} {_COUNTED} annotator_use.left_out",
        "flags": f"{_PATTERNS} {_COUNTED} {_HEADCOUNT}",
        "n_profiles": _PATTERNS,
        "headcount": _HEADCOUNT,
        "draws": f"{_PATTERNS} {_RATED} {_COUNTED} {_HEADCOUNT} companies.cohort {_FITTED}"
        " annotator_use.left_out",
    },
    "headcount_intervals": {
        name: f"headcount_draws.{name}"
        for name in ("company", "company_id", "estimator", "evidence", "n_profiles", "headcount")
    }
    | _SUMMARY
    | {
        "share": f"{_DRAWS} headcount_draws.headcount",
        "confidence": _DRAWS,
        "flags": "headcount_draws.flags",
    },
    "portfolio_intervals": {
        "estimator": "headcount_draws.estimator",
        "group_name": "companies.cohort companies.size_band companies.country"
        " headcount_intervals.confidence",
        "companies": "companies.company headcount_draws.evidence",
        "companies_without_evidence": "companies.company headcount_draws.evidence",
    }
    | _SUMMARY,
}


def column_lineage(table: str) -> dg.TableColumnLineage | None:
    """Return what a table's columns are made from, as Dagster takes it; None if it is not told."""
    if table not in COLUMN_SOURCES:
        return None
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=source, column_name=name)
                for source, _, name in (each.partition(".") for each in sources.split())
            ]
            for column, sources in COLUMN_SOURCES[table].items()
        }
    )


def told_sources(table: str, column: str) -> str:
    """Return the same for people, to be read after what the column means; may be empty."""
    sources = COLUMN_SOURCES.get(table, {}).get(column, "").split()
    return f" From {', '.join(sources)}." if sources else ""

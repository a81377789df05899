"""Asset checks: what has to hold before the next stage may lean on a table.

What a schema can say is refused before it is stored. The checks here look across rows and
tables. Those that block stop the run, because what would follow from the table would mislead;
the others warn. They run inside DuckDB, so that no table has to be loaded for them.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd

from .assets.estimate import draws_recipe
from .recipes import compare_stored
from .resources import StudyResource, WarehouseResource

MOST_REJECTED = 0.05
MOST_MISSING_LABELS = 0.2
FEWEST_RATED = 30
LEAST_PREDICTED = 0.6
LARGEST_SCALE = 5.0
# Six annotators and two ends: with 3 a study in order gives an alarm once in sixty times.
STANDARD_ERRORS = 3.0
FEWEST_COMPANIES_WITH_BOTH = 5


def _check(
    asset: str, *, blocking: bool = False
) -> Callable[[Callable[..., dg.AssetCheckResult]], dg.AssetChecksDefinition]:
    return dg.asset_check(asset=asset, blocking=blocking)


def _verdict(
    problem: str | None, *, warn: bool = False, found: pd.DataFrame | None = None, **metadata: Any
) -> dg.AssetCheckResult:
    """Return the result of a check that found a problem, or none."""
    if found is not None and len(found):
        metadata["found"] = dg.MetadataValue.md(found.to_markdown(index=False))
    return dg.AssetCheckResult(
        passed=problem is None,
        severity=dg.AssetCheckSeverity.WARN if warn else dg.AssetCheckSeverity.ERROR,
        description=problem,
        metadata=metadata,
    )


@_check("companies")
def headcounts_are_known(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Few companies lack a headcount; without one, unseen employees cannot be counted."""
    counts = warehouse.store.query(
        "SELECT count(*) AS companies, count(*) - count(headcount) AS missing FROM companies"
    ).iloc[0]
    missing = int(counts["missing"])
    problem = (
        f"{missing} companies have no headcount: their estimates cover only the profiles that "
        "were seen, or there is none. Add the headcounts."
        if missing > MOST_REJECTED * counts["companies"]
        else None
    )
    return _verdict(problem, warn=True, companies_without_headcount=missing)


@_check("rated_cvs")
def both_classes_are_rated(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Enough experts and enough non-experts have been rated to know the error rates."""
    counts = warehouse.store.query(
        "SELECT sum(is_expert) AS experts, count(*) - sum(is_expert) AS others FROM rated_cvs"
    ).iloc[0]
    few = int(min(counts)) < FEWEST_RATED
    problem = (
        f"There are {int(counts['experts'])} rated experts and {int(counts['others'])} "
        f"non-experts. With fewer than {FEWEST_RATED} of a class the intervals are very wide: "
        "rate more CVs."
        if few
        else None
    )
    return _verdict(problem, warn=True, **{name: int(value) for name, value in counts.items()})


@_check("rejects")
def few_rows_are_rejected(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Nearly all of the files could be used."""
    found = warehouse.store.query(
        """
        WITH used AS (
            SELECT 'companies' AS reader, count(*) AS used FROM companies
            UNION ALL SELECT 'rated_cvs', count(*) FROM rated_cvs
            UNION ALL SELECT 'profiles', count(*) FROM profiles
            UNION ALL SELECT 'profile_labels', count(DISTINCT (company, profile_id))
                FROM profile_labels)
        SELECT reader, used,
               count(DISTINCT (source_file, line)) FILTER (line > 1) AS rejected  -- 1: header
        FROM used JOIN rejects USING (reader) GROUP BY ALL
        HAVING rejected > ? * (used + rejected) ORDER BY ALL
        """,
        [MOST_REJECTED],
    )
    problem = (
        f"More than {MOST_REJECTED:.0%} of the rows of {', '.join(found['reader'])} have something "
        "that could not be used. Table rejects has every line with the reason."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)


@_check("profile_labels", blocking=True)
def every_annotator_has_labels(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Each annotator has labelled at least some profiles; a column of nothing is a mistake."""
    found = warehouse.store.query(
        """
        SELECT annotator, count(label) AS labels
        FROM annotators LEFT JOIN profile_labels USING (annotator)
        GROUP BY ALL HAVING labels = 0 AND (SELECT count(*) FROM profile_labels) > 0
        ORDER BY ALL
        """
    )
    problem = (
        f"{', '.join(found['annotator'])} has not labelled a single profile. Supply the labels, or "
        "leave the annotator out of study.yaml."
        if len(found)
        else None
    )
    return _verdict(problem, found=found)


@_check("profile_labels")
def few_labels_are_missing(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Nearly all labels could be obtained."""
    found = warehouse.store.query(
        "SELECT annotator, round(1 - count(label) / count(*), 3) AS missing FROM profile_labels"
        " GROUP BY ALL HAVING missing > ? ORDER BY ALL",
        [MOST_MISSING_LABELS],
    )
    problem = (
        f"More than {MOST_MISSING_LABELS:.0%} of the labels of {', '.join(found['annotator'])} are "
        "missing. They are treated as missing at random; if they are not, label them again."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)


@_check("pattern_counts", blocking=True)
def every_profile_is_counted_once(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Patterns of a company add up to its profiles."""
    found = warehouse.store.query(
        """
        WITH profiles AS (SELECT company, count(DISTINCT profile_id) AS profiles
                          FROM profile_labels GROUP BY ALL),
             counts AS (SELECT company, sum(n_profiles) AS counted
                        FROM pattern_counts GROUP BY ALL)
        SELECT company, coalesce(profiles, 0) AS profiles, coalesce(counted, 0) AS counted
        FROM profiles FULL JOIN counts USING (company)
        WHERE counted IS DISTINCT FROM profiles ORDER BY ALL LIMIT 20
        """
    )
    problem = (
        "The pattern counts of some companies do not add up to their profiles. Run these companies "
        "again from profile_labels on."
        if len(found)
        else None
    )
    return _verdict(problem, found=found)


@_check("annotator_summary", blocking=True)
def annotators_beat_chance(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Each annotator says yes to experts more often than to others."""
    found = warehouse.store.query(
        "SELECT DISTINCT annotator, round(sensitivity_mean, 3) AS sensitivity,"
        " round(1 - specificity_mean, 3) AS false_positives FROM annotator_summary"
        " WHERE sensitivity_mean <= 1 - specificity_mean ORDER BY ALL"
    )
    problem = (
        f"{', '.join(found['annotator'].unique())} accepts rated experts no more often than other "
        "CVs. Its labels may be swapped; correct them, or leave the annotator out of study.yaml."
        if len(found)
        else None
    )
    return _verdict(problem, found=found)


@_check("predictive_checks")
def rated_patterns_are_predicted(
    study: StudyResource, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Patterns of held-out rated CVs lie within their predictions about as often as promised."""
    found = warehouse.store.query(
        "SELECT estimator, count(*) AS patterns, round(avg(within::INTEGER), 3) AS share_within"
        " FROM predictive_checks WHERE estimator = ? GROUP BY ALL HAVING share_within < ?",
        [study.load().headline, LEAST_PREDICTED],
    )
    problem = (
        f"Only {found['share_within'].iloc[0]:.0%} of the label patterns of rated CVs lie within "
        "the 80 % intervals of their predictions: the correlations of the annotators' errors are "
        "not well described. Table predictive_checks shows which."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)


@_check("cohort_fit")
def annotators_behave_as_on_rated_cvs(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Each annotator fires at a rate that some share of experts can explain."""
    found = warehouse.store.query(
        """
        WITH fired AS (
            SELECT annotator, avg(label) AS fires, count(label) AS labels
            FROM profile_labels GROUP BY ALL HAVING labels > 0),
        rated AS (
            SELECT annotator, avg(1 - specificity_mean) AS least, avg(sensitivity_mean) AS most,
                   -- half the width of an 80 % interval is 1.28 standard deviations
                   max(specificity_q90 - specificity_q10) / 2.56 AS least_sd,
                   max(sensitivity_q90 - sensitivity_q10) / 2.56 AS most_sd
            FROM annotator_summary GROUP BY ALL)
        SELECT annotator, round(fires, 4) AS fires, round(least, 4) AS at_least,
               round(most, 4) AS at_most
        FROM fired JOIN rated USING (annotator)
        WHERE least - fires > ? * sqrt(least_sd ** 2 + fires * (1 - fires) / labels)
           OR fires - most > ? * sqrt(most_sd ** 2 + fires * (1 - fires) / labels)
        ORDER BY ALL
        """,
        [STANDARD_ERRORS, STANDARD_ERRORS],
    )
    problem = (
        f"{', '.join(found['annotator'].unique())} labels the companies' profiles unlike the rated "
        "CVs: no share of experts explains how often it fires. Estimates that trust the rated CVs "
        "alone are off for it; check what text it was given."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)


@_check("cohort_fit")
def keyword_counts_can_be_scaled(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Companies with keyword counts only can be compared with others that have both."""
    found = warehouse.store.query(
        """
        SELECT estimator, any_value(companies_with_both) AS companies_with_both,
               round(median(scale), 3) AS scale
        FROM cohort_fit WHERE estimator <> 'log_debias' GROUP BY ALL
        HAVING (companies_with_both < ? OR scale NOT BETWEEN 1 / ?::DOUBLE AND ?)
            AND (SELECT count(DISTINCT company) FROM company_hits) > companies_with_both
        ORDER BY ALL
        """,
        [FEWEST_COMPANIES_WITH_BOTH, LARGEST_SCALE, LARGEST_SCALE],
    )
    problem = (
        "Some companies have keyword counts only, and the ratio between counts and profiles rests "
        f"on fewer than {FEWEST_COMPANIES_WITH_BOTH} companies or is beyond {LARGEST_SCALE:g}. "
        "Their estimates are rough."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)


@_check("headcount_draws", blocking=True)
def draws_are_possible(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """No draw is negative or beyond the headcount, unless there is no evidence at all."""
    found = warehouse.store.query(
        """
        SELECT estimator, count(*) AS companies FROM (
            SELECT estimator, evidence, greatest(coalesce(headcount, 0), n_profiles) AS most,
                   list_min(draws) AS low, list_max(draws) AS high
            FROM headcount_draws)
        WHERE CASE WHEN evidence = 'none' THEN (low, high) <> (-1, -1)
                   ELSE low < 0 OR high > most END
        GROUP BY ALL ORDER BY ALL
        """
    )
    problem = (
        "Draws of some companies lie outside 0 and the headcount. This is a defect of the "
        "estimator, not of the data: please report it."
        if len(found)
        else None
    )
    return _verdict(problem, found=found)


@_check("headcount_draws", blocking=True)
def draws_are_joint(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """All companies have equally many draws of every estimator, so that they can be added."""
    found = warehouse.store.query(
        "SELECT len(draws) AS draws, estimator, count(*) AS companies FROM headcount_draws"
        " GROUP BY ALL ORDER BY ALL"
    )
    alike = found["draws"].nunique() <= 1 and found["companies"].nunique() <= 1
    problem = (
        None
        if alike
        else "The companies' draws were made with different settings and cannot be added up. Run "
        "the whole study."
    )
    return _verdict(problem, found=None if alike else found)


@_check("headcount_intervals", blocking=True)
def intervals_are_ordered(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Quantiles rise, and a company without evidence has no number instead of a zero."""
    found = warehouse.store.query(
        """
        SELECT estimator, evidence, count(*) AS companies FROM headcount_intervals
        WHERE CASE WHEN evidence = 'none' THEN coalesce(mean, q10, q50, q90) IS NOT NULL
                   ELSE NOT coalesce(q10 <= q50 AND q50 <= q90, false) END
        GROUP BY ALL ORDER BY ALL
        """
    )
    problem = (
        "Intervals of some companies are out of order, or stand where there is no evidence. This "
        "is a defect, not of the data: please report it."
        if len(found)
        else None
    )
    return _verdict(problem, found=found)


@_check("headcount_intervals")
def most_companies_have_evidence(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Most companies have profiles or keyword counts; totals leave out those that have none."""
    counts = warehouse.store.query(
        "SELECT count(DISTINCT company) AS companies, count(DISTINCT company)"
        " FILTER (evidence = 'none') AS without_evidence FROM headcount_intervals"
    ).iloc[0]
    few = int(counts["without_evidence"]) * 2 > int(counts["companies"])
    problem = (
        f"{int(counts['without_evidence'])} of {int(counts['companies'])} companies have neither "
        "profiles nor keyword counts. Totals speak for the others only."
        if few
        else None
    )
    return _verdict(problem, warn=True, **{name: int(value) for name, value in counts.items()})


@_check("portfolio_intervals")
def totals_are_of_one_cast(
    study: StudyResource, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """No company in the totals has draws that would come out differently today."""
    store = warehouse.store
    companies = store.read("headcount_draws", columns=["company"])["company"].unique().tolist()
    with store.snapshot() as snapshot:
        outdated = len(
            compare_stored(snapshot, draws_recipe(store, study.load()), companies).misses
        )
    problem = (
        f"The draws of {outdated} companies are older than the labels, settings or cohort draws "
        "they come from, so that the totals mix old and new. Run the whole study."
        if outdated
        else None
    )
    return _verdict(problem, warn=True, companies_out_of_date=outdated)


@_check("portfolio_intervals")
def size_bands_cover_all_companies(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Size bands of a total hold every company exactly once."""
    found = warehouse.store.query(
        """
        SELECT estimator, sum(companies + companies_without_evidence)
                   FILTER (grouping = 'size_band') AS in_bands,
               (SELECT count(*) FROM companies) AS companies
        FROM portfolio_intervals GROUP BY ALL HAVING in_bands <> companies ORDER BY ALL
        """
    )
    problem = (
        "The totals do not cover all companies of the study: some have not been estimated yet. "
        "Run the whole study."
        if len(found)
        else None
    )
    return _verdict(problem, warn=True, found=found)

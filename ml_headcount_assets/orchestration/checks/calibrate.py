"""Checks of what the rated CVs tell of the annotators, and of whether it holds in deployment.

What single companies come out at does not belong here.
"""

import dagster as dg

from ml_headcount_assets.model import ESTIMATORS
from ml_headcount_assets.model.intervals import half_width
from ml_headcount_assets.study.annotators import STOP
from ml_headcount_assets.wording import percent, share

from ..resources import StudyResource, WarehouseResource
from .verdict import check, verdict

#: Share of what is promised that is too little: 60 % of the patterns in 80 % intervals.
LEAST_PREDICTED = 0.75
LARGEST_SCALE = 5.0
# Six annotators and two ends: with 3 a study in order gives an alarm once in sixty times.
STANDARD_ERRORS = 3.0
FEWEST_COMPANIES_WITH_BOTH = 5


@check("annotator_summary", blocking=True)
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
    return verdict(problem, found=found)


@check("predictive_checks")
def rated_patterns_are_predicted(
    study: StudyResource, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """Patterns of held-out rated CVs lie within their predictions about as often as promised."""
    found = warehouse.store.query(
        "SELECT estimator, level, count(*) AS patterns, round(avg(within::INTEGER), 3)"
        " AS share_within FROM predictive_checks WHERE estimator = ? GROUP BY ALL"
        " HAVING share_within < ? * level",
        [study.load().headline, LEAST_PREDICTED],
    )
    problem = (
        f"Only {share(found['share_within'].iloc[0])} of the label patterns of rated CVs lie "
        f"within the {percent(found['level'].iloc[0])} intervals of their predictions: the "
        "correlations of the annotators' errors are not well described. Table predictive_checks "
        "shows which."
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)


@check("cohort_fit")
def annotators_behave_as_on_rated_cvs(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Each annotator fires at a rate that some share of experts can explain."""
    levels = warehouse.store.query("SELECT DISTINCT level FROM annotator_summary")["level"].tolist()
    found = warehouse.store.query(
        """
        -- the width of an interval of each level, in standard deviations
        WITH widths AS (SELECT unnest(?::DOUBLE[]) AS level, unnest(?::DOUBLE[]) AS width),
        fired AS (
            SELECT annotator, avg(label) AS fires, count(label) AS labels
            FROM profile_labels GROUP BY ALL HAVING labels > 0),
        rated AS (
            SELECT annotator, avg(1 - specificity_mean) AS least, avg(sensitivity_mean) AS most,
                   max((specificity_high - specificity_low) / width) AS least_sd,
                   max((sensitivity_high - sensitivity_low) / width) AS most_sd
            FROM annotator_summary JOIN widths USING (level) GROUP BY ALL)
        SELECT annotator, round(fires, 4) AS fires, round(least, 4) AS at_least,
               round(most, 4) AS at_most
        FROM fired JOIN rated USING (annotator)
        WHERE least - fires > ? * sqrt(least_sd ** 2 + fires * (1 - fires) / labels)
           OR fires - most > ? * sqrt(most_sd ** 2 + fires * (1 - fires) / labels)
        ORDER BY ALL
        """,
        [levels, [2 * half_width(level) for level in levels], STANDARD_ERRORS, STANDARD_ERRORS],
    )
    problem = (
        f"{', '.join(found['annotator'].unique())} labels the companies' profiles unlike the rated "
        "CVs: no share of experts explains how often it fires. Estimates that trust the rated CVs "
        "alone are off for it; check what text it was given."
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)


@check("annotator_drift")
def annotators_do_not_drift(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Some share of experts, or easier people, explain what each annotator does to profiles."""
    found = warehouse.store.query(
        "SELECT annotator, fires, rated_others, rated_experts, partner, agreement,"
        " agreement_of_others, agreement_of_experts, when_drifting, left_out FROM annotator_drift"
        " JOIN annotator_use USING (annotator)"
        " WHERE drifts AND cohort = '' AND text = 'profiles' ORDER BY ALL"
    )
    kept = [row.annotator for row in found.itertuples() if not row.left_out]
    dropped = [row.annotator for row in found.itertuples() if row.left_out]
    parts = [
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} {done}"
        for names, done in ((kept, "kept in the estimates"), (dropped, "left out of them"))
        if names
    ]
    problem = (
        "No share of experts explains what these annotators do to the companies' profiles: "
        f"{'; '.join(parts)}. Check what text they were given, or label rated CVs and profiles in "
        "the same way; 'when_drifting' in study.yaml says what is to be done. Table "
        "prior_sensitivity (run --sensitivity) has the estimate with and without each."
        if parts
        else None
    )
    return verdict(problem, warn=True, found=found)


@check("annotator_use", blocking=True)
def no_annotator_stops_the_study(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """No annotator drifts that the study is to stop for."""
    found = warehouse.store.query(
        "SELECT annotator FROM annotator_use WHERE drifts AND when_drifting = ? ORDER BY ALL",
        [STOP],
    )
    problem = (
        f"{', '.join(found['annotator'])} drifts on the companies' profiles: no share of experts "
        "explains what it does there (table annotator_drift). Label rated CVs and profiles in the "
        "same way, or write 'when_drifting: keep' or 'drop' in study.yaml."
        if len(found)
        else None
    )
    return verdict(problem, found=found)


@check("diagnostics")
def estimate_can_be_trusted(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Nothing that was measured of a fit speaks against it."""
    found = warehouse.store.query(
        "SELECT estimator, measure, subject, round(value, 3) AS value, threshold, because"
        " FROM diagnostics WHERE verdict = 'doubtful' ORDER BY ALL"
    )
    problem = (
        f"{len(found)} of the measures speak against the estimate by "
        f"{' and '.join(found['estimator'].unique())}: " + " ".join(dict.fromkeys(found["because"]))
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)


@check("cohort_fit")
def keyword_counts_can_be_scaled(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Companies with keyword counts only can be compared with others that have both."""
    scaled = [name for name, estimator in ESTIMATORS.items() if estimator.copula]
    found = warehouse.store.query(
        """
        SELECT estimator, any_value(companies_with_both) AS companies_with_both,
               round(median(scale), 3) AS scale
        FROM cohort_fit WHERE estimator IN (SELECT unnest(?::VARCHAR[])) GROUP BY ALL
        HAVING (companies_with_both < ? OR scale NOT BETWEEN 1 / ?::DOUBLE AND ?)
            AND (SELECT count(DISTINCT company) FROM company_counts) > companies_with_both
        ORDER BY ALL
        """,
        [scaled, FEWEST_COMPANIES_WITH_BOTH, LARGEST_SCALE, LARGEST_SCALE],
    )
    problem = (
        "Some companies have keyword counts only, and the ratio between counts and profiles rests "
        f"on fewer than {FEWEST_COMPANIES_WITH_BOTH} companies or is beyond {LARGEST_SCALE:g}. "
        "Their estimates are rough."
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)

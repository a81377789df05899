"""Checks of the estimates.

Whether intervals are right does not belong here, which no single study can tell: see `validity`.
"""

import dagster as dg

from ml_headcount_assets.wording import how_many, percent

from ..assets.estimate import HEADCOUNT_DRAWS
from ..recipes import compare_stored
from ..resources import StudyResource, WarehouseResource
from .verdict import check, verdict


@check("headcount_draws", blocking=True)
def draws_are_possible(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """No draw is negative or beyond the headcount, unless there is no evidence at all."""
    found = warehouse.store.query(
        """
        WITH asked AS (  -- whoever was labelled is employed, whatever the company table says
            SELECT company, max(labelled) AS people FROM company_counts GROUP BY ALL)
        SELECT estimator, count(*) AS companies FROM (
            SELECT estimator, evidence,
                   greatest(coalesce(d.headcount, 0), coalesce(c.headcount_high, 0), n_profiles,
                            coalesce(people, 0)) AS most,
                   list_min(draws) AS low, list_max(draws) AS high
            FROM headcount_draws AS d LEFT JOIN asked USING (company)
                LEFT JOIN companies AS c USING (company))
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
    return verdict(problem, found=found)


@check("headcount_draws", blocking=True)
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
    return verdict(problem, found=None if alike else found)


@check("headcount_intervals", blocking=True)
def intervals_are_ordered(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Quantiles rise, and a company without evidence has no number instead of a zero."""
    found = warehouse.store.query(
        """
        SELECT estimator, evidence, count(*) AS companies FROM headcount_intervals
        WHERE CASE WHEN evidence = 'none' THEN coalesce(mean, low, median, high) IS NOT NULL
                   ELSE NOT coalesce(low <= median AND median <= high, false) END
        GROUP BY ALL ORDER BY ALL
        """
    )
    problem = (
        "Intervals of some companies are out of order, or stand where there is no evidence. This "
        "is a defect, not of the data: please report it."
        if len(found)
        else None
    )
    return verdict(problem, found=found)


@check("headcount_intervals", blocking=True)
def intervals_have_one_level(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """All intervals have the same probability content, so that they can stand side by side."""
    found = warehouse.store.query(
        "SELECT level, count(DISTINCT company) AS companies FROM headcount_intervals"
        " GROUP BY ALL ORDER BY ALL"
    )
    problem = (
        f"Intervals of {' and '.join(map(percent, found['level']))} stand in one table, since the "
        "level was changed for some companies only. Run the whole study."
        if len(found) > 1
        else None
    )
    return verdict(problem, found=found if problem else None)


@check("headcount_intervals")
def most_companies_have_evidence(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Most companies have profiles or keyword counts; totals leave out those that have none."""
    counts = warehouse.store.query(
        "SELECT count(DISTINCT company) AS companies, count(DISTINCT company)"
        " FILTER (evidence = 'none') AS without_evidence FROM headcount_intervals"
    ).iloc[0]
    few = int(counts["without_evidence"]) * 2 > int(counts["companies"])
    problem = (
        f"Neither profiles nor keyword counts: {int(counts['without_evidence'])} of "
        f"{how_many(counts['companies'], 'company')}. Totals speak for the others only."
        if few
        else None
    )
    return verdict(problem, warn=True, **{name: int(value) for name, value in counts.items()})


@check("portfolio_intervals")
def totals_are_of_one_cast(
    study: StudyResource, warehouse: WarehouseResource
) -> dg.AssetCheckResult:
    """No company in the totals has draws that would come out differently today."""
    store = warehouse.store
    companies = store.read("headcount_draws", columns=["company"])["company"].unique().tolist()
    with store.snapshot() as snapshot:
        compared = compare_stored(snapshot, HEADCOUNT_DRAWS, study.load(), companies)
    outdated = len(compared.misses)
    problem = (
        f"The draws of {how_many(outdated, 'company')} are older than the labels, settings or"
        " cohort draws "
        "they come from, so that the totals mix old and new. Run the whole study."
        if outdated
        else None
    )
    return verdict(problem, warn=True, companies_out_of_date=outdated)


@check("portfolio_intervals")
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
    return verdict(problem, warn=True, found=found)

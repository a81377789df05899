"""Checks of what was read."""

import dagster as dg

from ..resources import WarehouseResource
from .verdict import check, verdict

MOST_REJECTED = 0.05
FEWEST_RATED = 30


@check("companies")
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
    return verdict(problem, warn=True, companies_without_headcount=missing)


@check("rated_cvs")
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
    return verdict(problem, warn=True, **{name: int(value) for name, value in counts.items()})


@check("rejects")
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
    return verdict(problem, warn=True, found=found)

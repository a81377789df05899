"""Checks of what was read.

What is wrong with single rows does not belong here: they are in the rejects.
"""

import dagster as dg

from ml_headcount_assets.ingest import UNREAD_FILE
from ml_headcount_assets.model.rated import FEWEST_RATED
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_assets.wording import how_many

from ..resources import WarehouseResource
from .verdict import check, verdict

MOST_REJECTED = 0.05


@check("companies")
def headcounts_are_known(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Few companies lack a headcount; without one, unseen employees cannot be counted."""
    counts = warehouse.store.query(
        "SELECT count(*) AS companies, count(*) - count(headcount) AS missing FROM companies"
    ).iloc[0]
    missing = int(counts["missing"])
    problem = (
        f"{how_many(missing, 'company has', 'companies have')} no headcount: an estimate covers"
        " only the profiles that were seen, or there is none. Add the headcounts."
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
        f"Rated: {how_many(counts['experts'], 'expert')} and"
        f" {how_many(counts['others'], 'non-expert')}. With fewer than {FEWEST_RATED} of a class"
        " the intervals are very wide: rate more CVs."
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
    many = (
        f"More than {MOST_REJECTED:.0%} of the rows of {', '.join(found['reader'])} have something "
        "that could not be used. Table rejects has every line with the reason."
        if len(found)
        else ""
    )
    said = [_files_left_out(warehouse.store), _profiles_without_text(warehouse.store), many]
    return verdict(" ".join(filter(None, said)) or None, warn=True, found=found)


def _files_left_out(store: TableStore) -> str:
    """Say which files nothing could be read of."""
    left_out = store.query(
        "SELECT source_file, any_value(reason) AS reason FROM rejects"
        " WHERE line IS NULL AND starts_with(reason, ?) GROUP BY ALL ORDER BY ALL",
        [UNREAD_FILE],
    )
    return " ".join(f"{row.source_file}: {row.reason}" for row in left_out.itertuples(index=False))


def _profiles_without_text(store: TableStore) -> str:
    """Say how many profiles nothing can be labelled of, if they are many."""
    counts = store.query(
        "SELECT count(*) AS profiles, count(*) FILTER (text = '') AS empty FROM profiles"
    ).iloc[0]
    empty, profiles = int(counts["empty"]), int(counts["profiles"])
    if empty <= MOST_REJECTED * profiles:
        return ""
    return (
        f"{empty} of {how_many(profiles, 'profile')} hold no text of the person (nothing, or no"
        " more than the "
        "employer's name, asterisks or dashes): they have no labels, and the estimates rest on the "
        f"other {profiles - empty}. If the vendor delivers fuller records, take those."
    )

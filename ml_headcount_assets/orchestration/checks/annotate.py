"""Checks of labels and of the patterns they form.

What labels say of the annotators does not belong here.
"""

import dagster as dg

from ..resources import WarehouseResource
from .verdict import check, verdict

MOST_MISSING_LABELS = 0.2


@check("profile_labels", blocking=True)
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
    return verdict(problem, found=found)


@check("profile_labels")
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
    return verdict(problem, warn=True, found=found)


@check("pattern_counts", blocking=True)
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
    return verdict(problem, found=found)

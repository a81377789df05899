"""Checks of what people said of profiles: whether it stands, and whether they agree.

What the verdicts say of annotators or companies does not belong here.
"""

import dagster as dg

from ml_headcount_assets.wording import how_many

from ..resources import WarehouseResource
from .verdict import check, verdict

#: Below it Landis and Koch (1977) call agreement fair at best.
LEAST_KAPPA = 0.4


@check("rated_profiles")
def verdicts_stand(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Profiles that people rated are there, with the text that was rated."""
    found = warehouse.store.query(
        """
        SELECT standing, count(*) AS verdicts FROM rated_profiles
        WHERE standing IN ('text has changed', 'profile is gone') GROUP BY ALL ORDER BY ALL
        """
    )
    problem = (
        f"Set aside: {how_many(found['verdicts'].sum(), 'verdict')} of raters, since the profiles"
        " have"
        " another text now or are gone. Let people rate these profiles again, or others."
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)


@check("rater_agreement")
def raters_agree(warehouse: WarehouseResource) -> dg.AssetCheckResult:
    """Any two raters agree on the verdict clearly more than by chance."""
    found = warehouse.store.query(
        "SELECT raters, n_profiles, kappa, low, high FROM rater_agreement"
        " WHERE criterion = '' AND high < ? ORDER BY ALL",
        [LEAST_KAPPA],
    )
    problem = (
        f"Raters {', '.join(found['raters'])} hardly agree: all of the interval of their kappa is"
        f" below {LEAST_KAPPA}. Talk through what they differ on, make the criteria plainer, and"
        " rate again."
        if len(found)
        else None
    )
    return verdict(problem, warn=True, found=found)

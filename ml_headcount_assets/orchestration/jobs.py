"""What can be run: the whole study, parts of it, single companies, or keyword discovery.

When something is run does not belong here: see `schedules`, `sensors` and `session`.
"""

from collections.abc import Sequence

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from . import stages
from .housekeeping import tidy
from .partitions import WHOLE_STUDY
from .resources import WarehouseResource

#: Made of all companies together; refreshing one of them leaves these as they are, since draws
#: can be added up over companies only if all of them share the cohort's draws.
_CALIBRATE = dg.AssetSelection.groups(stages.CALIBRATE.group)
_FILES = dg.AssetSelection.groups(stages.STUDY.group)
_RATED = dg.AssetSelection.assets(
    "rated_cvs", "rated_labels", "batch_results", "rated_llm_labels", "annotators"
)

#: Verdicts of people on profiles teach how annotators err, which is of all companies together.
_RATINGS = dg.AssetSelection.assets("rated_profiles", "deployed_ratings", "rater_agreement")

#: Needs PyTorch and minutes, and no estimate depends on it: whoever wants it asks for it.
_KEYWORDS = dg.AssetSelection.groups(stages.KEYWORDS.group)

#: Fits everything several times over, and no estimate depends on it.
_SENSITIVITY = dg.AssetSelection.groups(stages.SENSITIVITY.group)

#: About the estimators and not about the study, and hours, unless little is chosen.
_VALIDITY = dg.AssetSelection.groups(stages.VALIDITY.group)

whole_study = dg.define_asset_job(
    WHOLE_STUDY,
    selection=dg.AssetSelection.all() - _FILES - _KEYWORDS - _SENSITIVITY - _VALIDITY,
    description="Everything but keywords, sensitivity and validity, for all companies in one run"
    " (or for the companies of a range).",
)

calibration = dg.define_asset_job(
    "calibration",
    selection=dg.AssetSelection.groups(
        stages.INGEST.group, stages.ANNOTATE.group, stages.CALIBRATE.group
    ),
    description="What all companies share, which a single company's estimate needs.",
)

refresh_company = dg.define_asset_job(
    "refresh_company",
    selection=dg.AssetSelection.all()
    - _FILES
    - _CALIBRATE
    - _RATED
    - _RATINGS
    - _KEYWORDS
    - _SENSITIVITY
    - _VALIDITY,
    description="One company (or a range) anew, on the cohort's draws as they are, and the totals.",
)

keyword_discovery = dg.define_asset_job(
    "keyword_discovery",
    selection=_KEYWORDS
    | _RATED
    | dg.AssetSelection.assets("companies", "company_counts", "profiles"),
    description="Keywords of the rated CVs, filters made of them, and what these would do.",
)

sensitivity = dg.define_asset_job(
    "sensitivity",
    selection=_SENSITIVITY | dg.AssetSelection.assets("results", "report"),
    description="What the estimates rest on: each source of uncertainty, other priors, and less"
    " evidence.",
)


validity = dg.define_asset_job(
    "validity",
    selection=_VALIDITY | dg.AssetSelection.assets("results", "report"),
    description="How estimators and other people's methods do on simulated worlds whose truth is"
    " known. Stopped, it goes on where it was.",
)


@dg.op(description="Removes old runs, and gives back free room.")
def keep_house(context: dg.OpExecutionContext, warehouse: WarehouseResource) -> None:
    """Keep the warehouse and Dagster's records small."""
    done = tidy(warehouse.store.path, context.instance)
    context.log.info(f"runs removed: {done.runs}, bytes freed: {done.freed}, in use: {done.in_use}")


@dg.job(description="Old runs go, and free room in the files is given back. No result is touched.")
def housekeeping() -> None:
    """Do the housekeeping by itself."""
    keep_house()


ALL_JOBS: Sequence[dg.JobDefinition | UnresolvedAssetJobDefinition] = [
    whole_study,
    calibration,
    refresh_company,
    keyword_discovery,
    sensitivity,
    validity,
    housekeeping,
]

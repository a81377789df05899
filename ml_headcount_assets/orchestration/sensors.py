"""Noticing that the study's files have changed.

How a change is told does not belong here (see `sources`), nor what it makes stale.
"""

import dagster as dg

from ml_headcount_assets.ingest import company_keys
from ml_headcount_assets.warehouse.cache import hash_of

from .jobs import whole_study
from .partitions import COMPANIES, COMPANY_PARTITIONS, partition_order, range_tags
from .resources import StudyResource
from .sources import observations
from .versions import source_versions


@dg.sensor(
    job=whole_study,
    minimum_interval_seconds=60,
    description="Registers the companies of a changed study and requests a run for all of them.",
)
def study_files(
    context: dg.SensorEvaluationContext, study: StudyResource
) -> dg.SensorResult | dg.SkipReason:
    """Compare the content of the study's files and settings with what was seen last."""
    loaded = study.load()
    version = hash_of(source_versions(loaded))
    if version == context.cursor:
        return dg.SkipReason("The study has not changed.")
    companies = company_keys(loaded)
    present = context.instance.get_dynamic_partitions(COMPANY_PARTITIONS)
    order = partition_order(present, companies)
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=version, tags=range_tags(order[0], order[-1]))],
        dynamic_partitions_requests=[
            COMPANIES.build_delete_request(sorted(set(present) - set(companies))),
            COMPANIES.build_add_request(order[len(set(present) & set(companies)) :]),
        ],
        asset_events=observations(loaded),
        cursor=version,
    )


ALL_SENSORS = [study_files]

"""When the study is brought up to date without being asked.

What follows from a change of its files does not belong here: see `sensors`.
"""

import dagster as dg

from ml_headcount_assets.ingest import company_keys

from .jobs import housekeeping, whole_study
from .partitions import COMPANY_PARTITIONS, range_tags, sync_companies
from .resources import StudyResource


@dg.schedule(
    job=whole_study,
    cron_schedule="0 5 * * 1",
    description="Every Monday morning. What has not changed is taken from the cache.",
)
def weekly_refresh(
    context: dg.ScheduleEvaluationContext, study: StudyResource
) -> dg.RunRequest | dg.SkipReason:
    """Request one run for all companies, as the study has them now."""
    if not context.instance.get_dynamic_partitions(COMPANY_PARTITIONS):
        return dg.SkipReason("No company is registered yet: run the study once.")
    # The range of a run would end at companies that have left the study, and miss new ones.
    companies = sync_companies(context.instance, company_keys(study.load()))
    return dg.RunRequest(tags=range_tags(companies[0], companies[-1]))


monthly_housekeeping = dg.ScheduleDefinition(
    name="monthly_housekeeping",
    job=housekeeping,
    cron_schedule="0 4 1 * *",
    description="Old runs go, and free room is given back, on the first of each month.",
)

ALL_SCHEDULES = [weekly_refresh, monthly_housekeeping]

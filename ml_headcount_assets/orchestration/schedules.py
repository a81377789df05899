"""When the study is brought up to date without being asked.

What follows from a change of its files does not belong here: see `sensors`.
"""

import dagster as dg

from .jobs import whole_study
from .partitions import COMPANY_PARTITIONS, range_tags


@dg.schedule(
    job=whole_study,
    cron_schedule="0 5 * * 1",
    description="Every Monday morning. What has not changed is taken from the cache.",
)
def weekly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request one run for all companies."""
    companies = context.instance.get_dynamic_partitions(COMPANY_PARTITIONS)
    if not companies:
        return dg.SkipReason("No company is registered yet: run the study once.")
    return dg.RunRequest(tags=range_tags(companies[0], companies[-1]))


ALL_SCHEDULES = [weekly_refresh]

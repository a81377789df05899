"""Noticing that the study's files have changed, and that a run of them has not come to its end.

How a change is told does not belong here (see `sources`), nor what it makes stale.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import dagster as dg

from ml_headcount_assets.ingest import company_keys
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse.cache import hash_of

from .jobs import whole_study
from .partitions import COMPANIES, COMPANY_PARTITIONS, WHOLE_STUDY, partition_order, range_tags
from .resources import StudyResource
from .sources import observations
from .versions import source_versions

#: How long after a run that failed or was cancelled it is tried again, each time it is.
PAUSES_SECONDS = (600.0, 3_600.0, 21_600.0)
_NOT_ENDED_WELL = (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dataclass(frozen=True)
class Seen:
    """What the sensor has seen and asked for.

    Attributes
    ----------
    version
        Of the study's files and settings.
    requests
        How many runs it has asked for. Dagster takes a request of a key it knows for done.
    retries
        How often it has asked again for a run of this version.
    """

    version: str = ""
    requests: int = 0
    retries: int = 0

    @classmethod
    def from_cursor(cls, cursor: str | None) -> Self:
        """Return what a cursor says; those of earlier versions are a version alone."""
        if not cursor:
            return cls()
        return cls(**json.loads(cursor)) if cursor.startswith("{") else cls(cursor)

    def cursor(self) -> str:
        """Return this as a cursor."""
        return json.dumps(vars(self))


@dg.sensor(
    job=whole_study,
    minimum_interval_seconds=60,
    description="Registers the companies of a changed study and requests a run for all of them;"
    " requests it again if it failed or was cancelled.",
)
def study_files(
    context: dg.SensorEvaluationContext, study: StudyResource
) -> dg.SensorResult | dg.SkipReason:
    """Compare the content of the study's files and settings with what was seen last."""
    loaded, seen = study.load(), Seen.from_cursor(context.cursor)
    version = hash_of(source_versions(loaded))
    companies = company_keys(loaded)
    present = context.instance.get_dynamic_partitions(COMPANY_PARTITIONS)
    if version != seen.version or set(present) != set(companies):
        return _requested(Seen(version, seen.requests), loaded, present, companies)
    last = _last_run(context.instance)
    if last is None or last.dagster_run.status not in _NOT_ENDED_WELL:
        return dg.SkipReason("The study has not changed.")
    if seen.retries >= len(PAUSES_SECONDS):
        return dg.SkipReason(
            f"The last run did not end well, nor did {seen.retries} before it. See what it says,"
            " then start it in the interface or with ml-headcount run, or change the study."
        )
    wait = (last.end_time or 0.0) + PAUSES_SECONDS[seen.retries] - time.time()
    if wait > 0:
        return dg.SkipReason(f"The last run did not end well; it is tried again in {wait:.0f} s.")
    return _requested(replace(seen, retries=seen.retries + 1), loaded, present, companies)


def _requested(
    seen: Seen, study: Study, present: Sequence[str], companies: Sequence[str]
) -> dg.SensorResult:
    """Ask for a run of all companies, and for the partitions to be these."""
    seen = replace(seen, requests=seen.requests + 1)
    order = partition_order(present, companies)
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=f"{seen.version}/{seen.requests}", tags=range_tags(order[0], order[-1])
            )
        ],
        dynamic_partitions_requests=[
            COMPANIES.build_delete_request(sorted(set(present) - set(companies))),
            COMPANIES.build_add_request(order[len(set(present) & set(companies)) :]),
        ],
        asset_events=observations(study),
        cursor=seen.cursor(),
    )


def _last_run(instance: dg.DagsterInstance) -> dg.RunRecord | None:
    records = instance.get_run_records(dg.RunsFilter(job_name=WHOLE_STUDY), limit=1)
    return records[0] if records else None


ALL_SENSORS = [study_files]

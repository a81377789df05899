"""Runs whose process is gone: closed, lest they be shown as running, and block the queue, for ever.

Who may hold a warehouse does not belong here: see `run_lock`. A run is at work only while it holds
its warehouse; so whoever holds it knows that no other run does, whatever the records say.
"""

from __future__ import annotations

import time

import dagster as dg

__all__ = ["close_abandoned", "note_holder"]

#: On runs that have held the warehouse. If another one holds it now, they are at an end.
_HOLDER_TAG = "ml_headcount/holder"
#: A run takes the warehouse within seconds of its start, or fails.
_STARTED_SECONDS = 600.0
_UNFINISHED = [
    *(dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING),
    *(dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING),
]


def note_holder(instance: dg.DagsterInstance, run_id: str) -> None:
    """Put on record that a run holds the warehouse."""
    instance.add_run_tags(run_id, {_HOLDER_TAG: "true"})


def close_abandoned(instance: dg.DagsterInstance, *, but: str | None = None) -> list[str]:
    """Close the runs that are on record as unfinished, and return their ids.

    Whoever calls this holds the warehouse. Runs that wait in the queue stay there.

    Parameters
    ----------
    instance
        Of the warehouse.
    but
        Id of the run that holds it.
    """
    closed = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run, since = record.dagster_run, time.time() - record.create_timestamp.timestamp()
        if run.run_id == but or (_HOLDER_TAG not in run.tags and since < _STARTED_SECONDS):
            continue
        if run.status == dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, "The process that ran this is gone.")
        else:
            instance.report_run_failed(run, "The process that ran this was interrupted.")
        closed.append(run.run_id)
    return closed

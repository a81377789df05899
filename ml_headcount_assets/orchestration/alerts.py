"""Telling somebody that a run has failed: the log, and a webhook that the environment names.

When a run counts as failed does not belong here.
"""

import json
import os
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import dagster as dg

from ml_headcount_assets import errors
from ml_headcount_assets.errors import HeadcountError

__all__ = [
    "ALL_ALERTS",
    "TOLD_TAG",
    "WEBHOOK_VARIABLE",
    "failed_runs",
    "send_alert",
    "tell_failure",
]

WEBHOOK_VARIABLE = "ML_HEADCOUNT_ALERT_WEBHOOK"
#: On runs whose failure has been told already, by the process that they were in.
TOLD_TAG = "ml_headcount/told"
_PATIENCE_SECONDS = 10.0
#: Their messages are written for people, and hold nothing of a person's text.
_OURS = {name for name in vars(errors) if name.endswith("Error")} | {"WarehouseHeldError"}


def send_alert(
    run: dg.DagsterRun, what: str, environment: Mapping[str, str] = os.environ
) -> str | None:
    """Post to the webhook, if there is one, that a run has failed.

    The body is JSON with ``text`` (which chat programs show), ``job``, ``run`` and ``error``. An
    address that cannot be reached is no reason to fail: what is wrong with it is returned.

    Parameters
    ----------
    run
        The run.
    what
        What went wrong, in words without anything personal.
    environment
        Where the variable `WEBHOOK_VARIABLE` is looked for.
    """
    address = environment.get(WEBHOOK_VARIABLE)
    if not address:
        return None
    parts = urlsplit(address)
    # The rest of an address can be as good as a password.
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{WEBHOOK_VARIABLE} is no address of a web server: nobody was told."
    text = f"ml-headcount: run {run.run_id[:8]} of {run.job_name} failed. {what}"
    body = {"text": text, "job": run.job_name, "run": run.run_id, "error": what}
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS):
            return None
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or type(error).__name__
        return f"The webhook at {parts.hostname} could not be told ({why})."


def tell_failure(instance: dg.DagsterInstance, run_id: str, error: Exception) -> None:
    """Tell of a run of this process that has failed with an error, once.

    What is wrong with the webhook is written into the run's log.
    """
    run = instance.get_run_by_id(run_id)
    if run is None:
        return  # it failed before it was on record, which whoever started it is told
    wrong = send_alert(run, str(error) if isinstance(error, HeadcountError) else _unsaid(error))
    if wrong:
        instance.report_engine_event(wrong, run)
    instance.add_run_tags(run_id, {TOLD_TAG: "true"})


@dg.run_failure_sensor(
    name="failed_runs",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Writes failed runs into the log, and posts them to {WEBHOOK_VARIABLE}.",
)
def failed_runs(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Tell of a run that has failed, unless its own process did."""
    run = context.dagster_run
    if TOLD_TAG in run.tags:
        return dg.SkipReason("Its own process has told of it.")
    found = [
        said
        for event in context.get_step_failure_events()
        for said in _said(event.step_failure_data.error)
    ]
    what = " ".join(dict.fromkeys(found)) or context.failure_event.message or "See its log."
    context.log.error(f"Run {run.run_id} of {run.job_name} failed. {what}")
    wrong = send_alert(run, what)
    if wrong:
        context.log.error(wrong)
    return None


def _said(error: Any) -> Iterator[str]:
    """Yield the last of a chain of errors: its message if it is ours, else its kind."""
    if error is None:
        return
    while error.cause is not None:
        error = error.cause
    name = (error.cls_name or "error").rpartition(".")[2]
    yield error.message.strip().partition(": ")[2] if name in _OURS else f"{name}: see its log."


def _unsaid(error: Exception) -> str:
    return f"{type(error).__name__}: see its log."


ALL_ALERTS = [failed_runs]

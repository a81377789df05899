"""Dagster's own files for one warehouse: they lie beside it, and are made when first needed.

What Dagster is to run does not belong here, nor what else lies beside a warehouse.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.warehouse.beside import home_of

from .event_log import BATCH_SIZE_VARIABLE, BatchedSqliteEventLogStorage
from .history import HISTORY, SCHEDULES, check_history
from .run_storage import OpenSqliteRunStorage

__all__ = [
    "CODE_LOCATION",
    "EVENT_BATCH_SIZE",
    "WORKSPACE_NAME",
    "instance_settings",
    "open_instance",
    "prepare_home",
]

EVENT_BATCH_SIZE = "500"

#: A run that goes on for longer is ended: the largest studies take hours.
MOST_RUN_SECONDS = 24 * 60 * 60

#: What Dagster loads, and what it is called wherever it is shown.
CODE_LOCATION = {
    "module_name": "ml_headcount_assets.definitions",
    "location_name": "ml_headcount_assets",
}
WORKSPACE_NAME = "workspace.yaml"


def instance_settings(home: str) -> dict[str, Any]:
    """Return the content of dagster.yaml for a local instance.

    Parameters
    ----------
    home
        Folder of Dagster's files.
    """
    history = f"{home}/{HISTORY}"
    return {
        "run_storage": {
            "module": OpenSqliteRunStorage.__module__,
            "class": OpenSqliteRunStorage.__name__,
            "config": {"base_dir": history},
        },
        "event_log_storage": {
            "module": BatchedSqliteEventLogStorage.__module__,
            "class": BatchedSqliteEventLogStorage.__name__,
            "config": {"base_dir": f"{history}/runs"},
        },
        "schedule_storage": {
            "module": "dagster._core.storage.schedules",
            "class": "SqliteScheduleStorage",
            "config": {"base_dir": f"{home}/{SCHEDULES}"},
        },
        # Capturing output would start two processes a step, and hide the progress bar.
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        # DuckDB has one writer at a time.
        "concurrency": {"runs": {"max_concurrent_runs": 1}},
        "freshness": {"enabled": True},
        "run_monitoring": {
            "enabled": True,
            "start_timeout_seconds": 300,
            "max_runtime_seconds": MOST_RUN_SECONDS,
        },
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 7, "failure": 30, "success": -1}},
        },
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }


def prepare_home(warehouse: Path) -> Path:
    """Make Dagster's folder for a warehouse and return it."""
    home = home_of(warehouse)
    home.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("dagster.yaml", instance_settings(str(home))),
        (WORKSPACE_NAME, {"load_from": [{"python_module": CODE_LOCATION}]}),
    ):
        with whole_file(home / name) as unfinished:
            text = yaml.safe_dump(content, sort_keys=False)
            unfinished.write_text(text, encoding="utf-8")
    return home


@contextmanager
def open_instance(warehouse: Path) -> Iterator[dg.DagsterInstance]:
    """Open the Dagster instance of a warehouse, with events stored in batches.

    Raises
    ------
    InputError
        Dagster's files are damaged.
    """
    home = prepare_home(warehouse)
    check_history(home)
    before = os.environ.get(BATCH_SIZE_VARIABLE)
    os.environ[BATCH_SIZE_VARIABLE] = EVENT_BATCH_SIZE
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance
    finally:
        if before is None:
            del os.environ[BATCH_SIZE_VARIABLE]
        else:
            os.environ[BATCH_SIZE_VARIABLE] = before

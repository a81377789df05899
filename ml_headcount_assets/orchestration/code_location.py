"""The code server, in which runs are started.

It is started as ``python -P -m ml_headcount_assets.orchestration.code_location``, with the options
of ``dagster code-server start``. What it serves does not belong here: that is the definitions'.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import dagster as dg
from dagster._cli.code_server import code_server_cli

from ml_headcount_assets.warehouse.beside import work_path

from .abandoned import close_abandoned
from .resources import WAREHOUSE_VARIABLE
from .run_lock import WarehouseHeldError, only_run

__all__ = ["close_former_runs"]


def close_former_runs(
    warehouse: Path,
    instance_of: Callable[[], AbstractContextManager[dg.DagsterInstance]] = dg.DagsterInstance.get,
) -> list[str]:
    """Close the runs of a code server that died, unless one of them goes on; return their ids.

    Parameters
    ----------
    warehouse
        The folder.
    instance_of
        Opens the warehouse's instance; without it, it is that of the environment.
    """
    if not work_path(warehouse).is_file():
        return []
    try:
        with only_run(warehouse), instance_of() as instance:
            return close_abandoned(instance)
    except WarehouseHeldError:
        return []  # whoever holds it closes them


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    if os.environ.get(WAREHOUSE_VARIABLE):
        close_former_runs(Path(os.environ[WAREHOUSE_VARIABLE]))
    code_server_cli(["start", *sys.argv[1:]])

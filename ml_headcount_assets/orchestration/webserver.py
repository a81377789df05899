"""Dagster's webserver behind a guard.

It is started as ``python -P -m ml_headcount_assets.orchestration.webserver``.
Who may talk to it is in `guard`; which servers run with it does not belong here, that is in `ui`.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import click
import dagster as dg
import uvicorn
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context
from dagster_webserver.version import __version__

from .code_server import wait_for_code
from .guard import RequestGuard

__all__ = ["main"]

_STATEMENT_TIMEOUT_MILLISECONDS = 15_000
_RECYCLE_SECONDS = 3_600
_MOST_CONNECTIONS = 20
_POLL_MILLISECONDS = 2_000
_LOCAL = ("127.0.0.1", "localhost")
HOSTS_VARIABLE = "ML_HEADCOUNT_UI_HOSTS"


@click.command()
@click.option("--workspace", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--host", default=_LOCAL[0], show_default=True, help="Where to listen.")
@click.option("--port", type=int, default=3000, show_default=True)
@click.option("--read-only", is_flag=True, help="Nothing can be started or changed.")
@click.option(
    "--name",
    "names",
    multiple=True,
    help="Name, with its port, under which a reverse proxy offers it. May be repeated; those in"
    f" {HOSTS_VARIABLE}, separated by spaces, count as well.",
)
def main(workspace: Path, host: str, port: int, read_only: bool, names: tuple[str, ...]) -> None:
    """Serve Dagster's web interface to this machine, or to those who come under a known name."""
    hosts = {f"{name}:{port}" for name in _LOCAL} | set(_LOCAL if port == 80 else ())
    hosts |= {*names, *os.environ.get(HOSTS_VARIABLE, "").split()}
    wait_for_code(workspace)
    with (
        dg.DagsterInstance.get() as instance,
        WorkspaceProcessContext(
            instance,
            version=__version__,
            read_only=read_only,
            workspace_load_target=WorkspaceFileTarget([str(workspace)]),
        ) as context,
    ):
        instance.optimize_for_webserver(
            _STATEMENT_TIMEOUT_MILLISECONDS, _RECYCLE_SECONDS, _MOST_CONNECTIONS
        )
        app = create_app_from_workspace_process_context(
            context, live_data_poll_rate=_POLL_MILLISECONDS
        )
        guarded = RequestGuard(app, hosts, read_only=read_only)
        uvicorn.run(guarded, host=host, port=port, log_level="warning")


if __name__ == "__main__":
    # Dagster tells each user of what it has not settled; whoever looks at the interface cannot act.
    warnings.simplefilter("ignore")
    main()

"""Dagster's web interface on one warehouse.

What it shows does not belong here: that is the definitions'.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.beside import home_of, study_place

from .event_log import BATCH_SIZE_VARIABLE
from .instance import EVENT_BATCH_SIZE, WORKSPACE_NAME, prepare_home
from .resources import CONFIG_VARIABLE, STUDY_VARIABLE, WAREHOUSE_VARIABLE

__all__ = ["serve_ui", "ui_command", "ui_environment"]

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 10.0


def ui_environment(
    warehouse: Path | str, study: Path | str | None = None, config: Path | str | None = None
) -> dict[str, str]:
    """Return the environment variables with which Dagster shows and runs this warehouse.

    Parameters
    ----------
    warehouse
        The folder.
    study, config
        The study's directory and configuration, as for `load_study`. None takes those that the
        warehouse was last brought up to date with, as they are now.

    Raises
    ------
    InputError
        That study is not where it was.
    """
    warehouse = Path(warehouse).resolve()
    home = prepare_home(warehouse)
    variables = {
        "DAGSTER_HOME": str(home),
        BATCH_SIZE_VARIABLE: EVENT_BATCH_SIZE,
        WAREHOUSE_VARIABLE: str(warehouse),
    }
    if study is not None:
        variables[STUDY_VARIABLE] = str(Path(study).resolve())
        if config is not None:
            variables[CONFIG_VARIABLE] = str(config)
    elif (place := study_place(warehouse)) is not None:
        variables[STUDY_VARIABLE] = str(place.directory)
        if place.config is not None:
            variables[CONFIG_VARIABLE] = place.config
    return variables


def ui_command(warehouse: Path, port: int) -> list[str]:
    """Return the command that starts the webserver and the daemon, for this machine only."""
    return [
        # The command is marked as superseded by one of a package that is not needed otherwise.
        *(sys.executable, "-W", "ignore:Function `dev_command` is superseded", "-m", "dagster"),
        *("dev", "--workspace", str(home_of(warehouse) / WORKSPACE_NAME)),
        *("--host", HOST, "--port", str(port), "--log-level", "warning"),
    ]


def serve_ui(
    warehouse: Path | str,
    study: Path | str | None = None,
    config: Path | str | None = None,
    *,
    port: int = 3000,
) -> int:
    """Run the web interface until it is interrupted; return its exit status.

    Parameters
    ----------
    warehouse, study, config
        As for `ui_environment`.
    port
        Where it listens on 127.0.0.1.

    Raises
    ------
    InputError
        The port is taken, or the study is not where it was.
    """
    _refuse_taken(port)
    environment = _merged(os.environ, ui_environment(warehouse, study, config))
    command = ui_command(Path(warehouse), port)
    # A session of its own: the webserver, the daemon and the code server can be ended together.
    with (
        _interrupted_by(signal.SIGINT, signal.SIGTERM),
        # What it writes into the warehouse is its owner's alone.
        subprocess.Popen(command, env=environment, start_new_session=True, umask=0o077) as server,
    ):
        try:
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(server)


@contextlib.contextmanager
def _interrupted_by(*signals: signal.Signals) -> Iterator[None]:
    """Turn signals into KeyboardInterrupt, so that the servers are ended before this process."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _merged(base: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the variables that the given ones are to decide."""
    ours = (STUDY_VARIABLE, CONFIG_VARIABLE, WAREHOUSE_VARIABLE)
    return {**{name: value for name, value in base.items() if name not in ours}, **variables}


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(
                f"Port {port} of {HOST} cannot be used ({error.strerror}). Give another port."
            ) from error


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server and all it has started; some of its processes do not heed an interrupt."""
    try:
        os.killpg(server.pid, signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(_PATIENCE_SECONDS)
        os.killpg(server.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # all of them have ended

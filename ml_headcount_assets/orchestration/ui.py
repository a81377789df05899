"""Dagster's web interface on one warehouse.

What it shows does not belong here: that is the definitions'.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import yaml

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.beside import home_of, study_place

from .code_server import wait_for_code
from .event_log import BATCH_SIZE_VARIABLE
from .history import check_history
from .instance import CODE_LOCATION, EVENT_BATCH_SIZE, WORKSPACE_NAME, prepare_home
from .resources import CONFIG_VARIABLE, STUDY_VARIABLE, WAREHOUSE_VARIABLE

__all__ = ["refuse_taken", "serve_ui", "ui_commands", "ui_environment"]

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.5
_SOCKET = "code.socket"


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


def ui_commands(folder: Path, port: int, *, read_only: bool = False) -> dict[str, list[str]]:
    """Return the commands of the servers, by name, in the order in which they are started.

    ``-P`` keeps files that lie in the current folder from being imported.

    Parameters
    ----------
    folder
        Folder of this user alone: the code server's socket and the workspace are in it.
    port
        Where the webserver listens.
    read_only
        Whether nothing can be started or changed; then nothing is started by schedules, either.
    """
    python = [sys.executable, "-P", "-W", "ignore", "-m"]
    workspace = ["--workspace", str(folder / WORKSPACE_NAME)]
    # Ours closes runs that have ended untold first, which readers are not to do.
    ours = ["ml_headcount_assets.orchestration.code_location"]
    code_server = ["dagster", "code-server", "start"] if read_only else ours
    commands = {
        "code server": [
            *(*python, *code_server, "--log-level", "warning"),
            *("--socket", str(folder / _SOCKET), "--working-directory", str(folder)),
            *("--module-name", CODE_LOCATION["module_name"]),
            *("--location-name", CODE_LOCATION["location_name"]),
        ],
        "webserver": [
            *(*python, "ml_headcount_assets.orchestration.webserver", *workspace),
            *("--host", HOST, "--port", str(port), *(["--read-only"] if read_only else [])),
        ],
    }
    if not read_only:
        commands["daemon"] = [
            *(*python, "dagster._daemon", "run", *workspace, "--log-level", "warning")
        ]
    return commands


def serve_ui(
    warehouse: Path | str,
    study: Path | str | None = None,
    config: Path | str | None = None,
    *,
    port: int = 3000,
    read_only: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Run the web interface until it is interrupted; return its exit status.

    Parameters
    ----------
    warehouse, study, config
        As for `ui_environment`.
    port
        Where it listens on 127.0.0.1.
    read_only
        Whether nothing can be started or changed.
    ready
        Called once, as soon as it answers.

    Raises
    ------
    InputError
        The port is taken, the study is not where it was, or Dagster's files are damaged.
    """
    refuse_taken(port)
    check_history(home_of(Path(warehouse)))
    environment = _merged(os.environ, ui_environment(warehouse, study, config))
    environment["PYTHONSAFEPATH"] = "1"  # for what the servers start
    with (
        tempfile.TemporaryDirectory(prefix="ml-headcount-ui-") as name,
        _interrupted_by(signal.SIGINT, signal.SIGTERM),
        contextlib.ExitStack() as servers,
    ):
        folder = Path(name)
        _write_workspace(folder)
        running: list[subprocess.Popen[bytes]] = []
        try:
            for what, command in ui_commands(folder, port, read_only=read_only).items():
                if what == "daemon":
                    _wait_for(folder, running)
                # A group of its own: a server is ended together with all it has started.
                running.append(
                    servers.enter_context(
                        subprocess.Popen(
                            command,
                            env=environment,
                            cwd=folder,
                            start_new_session=True,
                            umask=0o077,  # what is written into the warehouse is its owner's
                        )
                    )
                )
            return _first_status(running, port, ready)
        except KeyboardInterrupt:
            return 0
        finally:
            _end(running)


def _write_workspace(folder: Path) -> None:
    server = {"socket": str(folder / _SOCKET), "location_name": CODE_LOCATION["location_name"]}
    content = yaml.safe_dump({"load_from": [{"grpc_server": server}]})
    (folder / WORKSPACE_NAME).write_text(content, encoding="utf-8")


def _wait_for(folder: Path, running: list[subprocess.Popen[bytes]]) -> None:
    """Wait until the code server answers, or one of the servers has ended."""
    while not wait_for_code(folder / WORKSPACE_NAME, patience=_LOOK_SECONDS):
        if any(server.poll() is not None for server in running):
            return


def _first_status(
    running: list[subprocess.Popen[bytes]], port: int, ready: Callable[[], None]
) -> int:
    """Return the status of the server that ends first: none of them is to end by itself.

    Meanwhile tell, once, that the webserver answers.
    """
    told = False
    while True:
        if not told and _answers(port):
            ready()
            told = True
        for server in running:
            status = server.poll()
            if status is not None:
                return status or 1
        time.sleep(_LOOK_SECONDS)


def _answers(port: int) -> bool:
    """Whether the webserver does, which it does not before the code server has done."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", "/server_info")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


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


def refuse_taken(port: int) -> None:
    """Raise an `InputError` if nothing can listen on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise InputError(
                f"Port {port} of {HOST} cannot be used ({error.strerror}). Give another port."
            ) from error


def _end(running: list[subprocess.Popen[bytes]]) -> None:
    """End the servers and all they have started; some processes do not heed an interrupt."""
    for server in running:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGINT)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    for server in running:
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(max(deadline - time.monotonic(), 0.0))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGKILL)

"""Whether the code servers of a workspace answer yet.

What they serve does not belong here: that is the definitions'.
"""

from __future__ import annotations

import time
from pathlib import Path

import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._grpc.client import DagsterGrpcClient

__all__ = ["wait_for_code"]

_PATIENCE_SECONDS = 300.0
_PAUSE_SECONDS = 0.2


def wait_for_code(workspace: Path, patience: float = _PATIENCE_SECONDS) -> bool:
    """Wait until the code servers of a workspace answer; return whether they do."""
    deadline = time.monotonic() + patience
    content = yaml.safe_load(workspace.read_text(encoding="utf-8"))
    clients = [
        DagsterGrpcClient(
            port=each["grpc_server"].get("port"),
            socket=each["grpc_server"].get("socket"),
            host=each["grpc_server"].get("host", "localhost"),
        )
        for each in content["load_from"]
        if "grpc_server" in each
    ]
    while not all(map(_answers, clients)):
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True


def _answers(client: DagsterGrpcClient) -> bool:
    try:
        client.ping("")
    except DagsterUserCodeUnreachableError:
        return False
    return True

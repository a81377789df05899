"""An estimate through Modal's own client, which talks to a server on this machine.

Run as a module: the client reads its settings from the environment once, when it is imported. It
prints what happened as JSON.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.packages import CPU_ROOTS
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.model import HeadcountResult, estimate_headcount
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study

from .fresh_process import FreshProcess, link_packages
from .modal_server import Seen, WorkerDied, modal_server

SETTINGS = ModalSettings(
    tasks_per_range=20,
    in_flight=2,
    poll_seconds=0.05,
    least_seconds=0,
    retries=1,
    platform_retries=2,
    gpu="H100",
)


class Worker:
    """Runs what the client has defined, on the source that it has sent."""

    def __init__(self, folder: Path) -> None:
        self.packages = link_packages(folder / "packages", CPU_ROOTS)
        self.deaths, self.broken = 1, False

    def __call__(self, function: Any, payload: bytes, source: Path) -> bytes:
        if self.broken:
            return b"no answer at all"
        if self.deaths:
            self.deaths -= 1
            raise WorkerDied("gone")
        name = function.implementation_name or function.function_name
        # Modal mounts source below /root.
        process = FreshProcess(self.packages, source / "root")
        return process.run(payload, module=function.module_name, function=name)


def estimate(world: SimulatedWorld, compute: Any) -> HeadcountResult:
    return estimate_headcount(
        world.validation, world.profiles, world.companies, "five_layer", draws=50, compute=compute
    )


def described(seen: Seen) -> dict[str, Any]:
    """What the server was asked for."""
    functions = {}
    for name, function in seen.functions.items():
        functions[name] = {
            "module": function.module_name,
            "name": function.implementation_name or function.function_name,
            "milli_cpu": function.resources.milli_cpu,
            "memory_mb": function.resources.memory_mb,
            "gpu": function.resources.gpu_config.gpu_type,
            "timeout": function.timeout_secs,
            "retries": function.retry_policy.retries,
            "volumes": [mount.mount_path for mount in function.volume_mounts],
            "image": list(seen.images[function.image_id].dockerfile_commands)
            if function.image_id in seen.images
            else [],
        }
    return {
        "functions": functions,
        "images": [list(image.dockerfile_commands) for image in seen.images.values()],
        "cancelled": len(seen.cancelled),
        "disconnected": len(seen.disconnected),
    }


def _interrupt(done: int, total: int) -> None:
    """Stand in for a Ctrl-C while ranges are under way."""
    raise KeyboardInterrupt


def main() -> None:
    world = simulate_study(companies=20, profiles=2_000, seed=5)
    with tempfile.TemporaryDirectory() as work:
        worker = Worker(Path(work))
        with modal_server(worker, Path(work) / "mounts") as (address, seen):
            # Before the client is imported, which the first call does.
            os.environ.update(
                MODAL_SERVER_URL=address, MODAL_TOKEN_ID="ak-1", MODAL_TOKEN_SECRET="as-1"
            )
            lines: list[str] = []
            modal = ModalCompute(SETTINGS, announce=lines.append, kept=Path(work) / "kept")
            remote = estimate(world, modal)
            local = estimate(world, LocalCompute())
            report = {
                "same": bool((remote.draws.data == local.draws.data).all())
                and remote.intervals().equals(local.intervals()),
                "lines": lines,
                "pages": modal.pages,
                "spawned": seen.calls["FunctionMap"],
                **described(seen),
            }
            before = len(seen.disconnected)
            try:
                ModalCompute(SETTINGS).map(abs, range(40), _interrupt)
            except KeyboardInterrupt:
                report["interrupt_heard"] = True
            report["disconnected_after_interrupt"] = len(seen.disconnected) - before
            worker.broken = True
            try:
                ModalCompute(replace(SETTINGS, retries=0)).map(abs, range(40))
            except ComputeError as error:
                report["error"] = str(error)
            report["disconnected_after_error"] = len(seen.disconnected)
            report["cancelled_after_error"] = len(seen.cancelled)
    json.dump(report, sys.stdout)


if __name__ == "__main__":
    main()

"""Machines that have a worker's packages and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import ml_headcount_assets
from ml_headcount_assets.compute.modal.packages import CPU_ROOTS, GPU_ROOTS
from ml_headcount_assets.worlds.simulation import SimulatedWorld, simulate_study

from .fresh_process import FreshProcess, Killed, link_packages
from .stand_in import Dead, Machine

_SOURCE = Path(ml_headcount_assets.__file__).parent


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, FreshProcess]:
    """A machine of each kind, with the package's source beside its packages."""
    folder = tmp_path_factory.mktemp("workers")
    source = folder / "source"
    source.mkdir()
    (source / _SOURCE.name).symlink_to(_SOURCE)
    return {
        worker: FreshProcess(link_packages(folder / worker, roots), source)
        for worker, roots in (("cpu", CPU_ROOTS), ("gpu", GPU_ROOTS))
    }


@pytest.fixture(scope="session")
def machine(workers: Mapping[str, FreshProcess]) -> Machine:
    """Does each request in a fresh process of its worker."""

    def run(worker: str, payload: bytes, kill: bool) -> bytes:
        try:
            return workers[worker].run(
                payload,
                module="ml_headcount_assets.compute.modal.worker",
                function="run_range",
                kill=kill,
            )
        except Killed as death:
            raise Dead from death

    return run


@pytest.fixture(scope="session")
def world() -> SimulatedWorld:
    return simulate_study(companies=30, profiles=4_000, seed=5)

"""Where work is done, and with what, by name: as the command line and the environment say it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import InputError
from .engine import Engine
from .local import LocalCompute
from .protocol import Compute

__all__ = [
    "COMPUTES",
    "COMPUTE_VARIABLE",
    "ENGINES",
    "ENGINE_VARIABLE",
    "PROCESSES_VARIABLE",
    "choose_compute",
]

COMPUTES = ("local", "modal")
ENGINES: Mapping[str, Engine] = {
    "auto": Engine(),
    "numpy": Engine("numpy", "cpu"),
    "torch": Engine("torch", "cpu"),
    "cuda": Engine("torch", "cuda"),
}
COMPUTE_VARIABLE = "ML_HEADCOUNT_COMPUTE"
PROCESSES_VARIABLE = "ML_HEADCOUNT_PROCESSES"
ENGINE_VARIABLE = "ML_HEADCOUNT_ENGINE"


def choose_compute(
    name: str,
    *,
    processes: int = 0,
    engine: str = "auto",
    kept: Path | None = None,
    hold: bool = False,
    announce: Callable[[str], None] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Compute:
    """Return what goes by a name.

    Parameters
    ----------
    name
        ``"local"`` or ``"modal"``.
    processes
        As in `LocalCompute`.
    engine
        One of `ENGINES`: the library and device of the kernels.
    kept, hold, announce
        As in `ModalCompute`.
    environment
        Has the settings of `ModalSettings`.

    Raises
    ------
    InputError
        There is no such name or engine, or they do not go together.
    """
    if engine not in ENGINES:
        raise InputError(f"There is no engine {engine!r}; there are {', '.join(ENGINES)}.")
    if name == "local":
        return LocalCompute(processes=processes, engine=ENGINES[engine])
    if name != "modal":
        raise InputError(
            f"There is no way of computing {name!r}; there are {' and '.join(COMPUTES)}."
        )
    if processes:
        raise InputError("A number of processes is for --compute local; leave it out with modal.")
    if engine == "torch":
        raise InputError(
            "Modal's workers have torch beside a GPU only: take --engine cuda, or numpy."
        )
    from .modal.compute import ModalCompute
    from .modal.settings import ModalSettings

    settings = ModalSettings.from_environment(environment)
    chosen = ModalCompute(settings, kept=kept, hold=hold, engine=ENGINES[engine])
    return chosen if announce is None else chosen.telling(announce)

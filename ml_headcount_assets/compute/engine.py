"""Which library and device the kernels compute with, and whether these are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import ComputeError, InputError

__all__ = ["Engine"]


LIBRARIES = ("numpy", "torch", "auto")

DEVICES = ("cpu", "cuda", "auto")

# Below this many tables a GPU has no time to make up for its start. An H200 takes 25 µs a table of
# five annotators, NumPy 105 µs on one core beside it (docs/compute.md): 100,000 tables save eight
# seconds, and the start of torch and CUDA takes about as long.
_TABLES_WORTH_A_GPU = 100_000


@dataclass(frozen=True)
class Engine:
    """The library and the device that kernels are to use.

    Parameters
    ----------
    library
        ``"numpy"``, ``"torch"`` or ``"auto"``.
    device
        ``"cpu"``, ``"cuda"`` (torch only) or ``"auto"``.

    Notes
    -----
    The same engine gives the same bits, however work is cut; two engines agree within 1e-9 in
    probabilities, and in the distribution of what is drawn. What ``"auto"`` stands for must
    therefore be decided once for a run and not call by call, which is what `resolve` is for.
    """

    library: str = "auto"
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, value, known in (
            ("library", self.library, LIBRARIES),
            ("device", self.device, DEVICES),
        ):
            if value not in known:
                raise InputError(f"engine: {name} is one of {', '.join(known)}, not {value!r}.")
        if self.library == "numpy" and self.device == "cuda":
            raise InputError("engine: NumPy has no GPU; take torch for device cuda.")

    def resolve(self, tables: int | None = None) -> Engine:
        """Return the engine with nothing left on ``"auto"``.

        Parameters
        ----------
        tables
            Orthant tables that the whole run will ask for (draws times classes), if known. With
            both fields on ``"auto"`` a GPU is used from 100,000 of them; without a number, or
            without a GPU, it is NumPy.

        Raises
        ------
        ComputeError
            If torch or a GPU is asked for and not there.
        """
        library, device = self.library, self.device
        if library == "auto":
            wanted = device == "cuda" or (
                device == "auto"
                and tables is not None
                and tables >= _TABLES_WORTH_A_GPU
                and _torch_sees_a_gpu()
            )
            library = "torch" if wanted else "numpy"
            device = "cuda" if wanted else "cpu"
        elif device == "auto":
            device = "cuda" if library == "torch" and _cuda_is_there() else "cpu"
        if library == "torch":
            load_torch()
        if device == "cuda" and not _cuda_is_there():
            raise ComputeError("engine: torch finds no GPU here; take device cpu or auto.")
        return Engine(library, device)

    def settle(self, tables: int | None = None) -> Engine:
        """Return the engine for a whole run, whose work may be done on another machine.

        As `resolve`, but what is not on ``"auto"`` is taken at its word: whether it is there is
        found out where the work is done.
        """
        return self.resolve(tables) if "auto" in (self.library, self.device) else self

    @property
    def worker(self) -> str:
        """Kind of machine that the engine needs: ``"gpu"`` or ``"cpu"``; see `Compute.map`."""
        return "gpu" if self.device == "cuda" else "cpu"

    def __str__(self) -> str:
        return f"{self.library} on {self.device}"


def load_torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise ComputeError(
            "engine: torch cannot be imported; install ml-headcount-assets again, or take numpy."
        ) from error
    return torch


def _torch_sees_a_gpu() -> bool:
    """Whether torch is installed and finds a GPU; for ``"auto"``, where neither is an error."""
    try:
        return _cuda_is_there()
    except ComputeError:
        return False


def _cuda_is_there() -> bool:
    return bool(load_torch().cuda.is_available())

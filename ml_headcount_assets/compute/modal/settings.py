"""What is asked of Modal's machines, and what they cost."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from ...errors import InputError

__all__ = ["GPU_PRICES", "ModalSettings"]

_PREFIX = "ML_HEADCOUNT_MODAL_"

#: Dollars per GPU and second by type, from Modal's price list of June 2026.
GPU_PRICES: Mapping[str, float] = {
    "T4": 0.000164,
    "L4": 0.000222,
    "A10G": 0.000306,
    "L40S": 0.000542,
    "A100-40GB": 0.000583,
    "A100-80GB": 0.000694,
    "H100": 0.001097,
    "H200": 0.001261,
}


@dataclass(frozen=True)
class ModalSettings:
    """Choices of how work is done on Modal.

    Each can be set by an environment variable: ``ML_HEADCOUNT_MODAL_`` and the name in capitals.

    Attributes
    ----------
    cores, memory_gib
        Of a CPU worker (physical cores, as Modal counts them).
    gpu, gpu_cores, gpu_memory_gib
        Type of the GPU worker's GPU as Modal calls it, and what stands beside it.
    models_volume
        Name of the Modal volume in which the GPU worker keeps downloaded models.
    timeout_seconds
        After which Modal stops a worker at one range.
    overdue_seconds
        After which a range without an answer is given to another worker as well.
    retries
        How often a range is tried again after its worker was lost or overdue.
    platform_retries
        How often Modal itself starts a range again when a machine dies, before it tells us.
    in_flight
        Ranges under way at a time, hence the largest number of workers.
    tasks_per_range
        0 chooses: see `ranges.range_size`.
    least_seconds
        Work that takes one core less than this is done here: a worker would only start meanwhile.
    poll_seconds
        Pause between two looks at the ranges under way.
    startup_seconds
        Assumed for each worker in the estimate of the cost.
    price_core_second, price_gib_second, price_gpu_second
        Dollars; the last is that of the list `GPU_PRICES` if it is 0.
    prices_as_of
        When these prices held.
    """

    cores: int = 64
    memory_gib: int = 64
    gpu: str = "L4"
    gpu_cores: int = 8
    gpu_memory_gib: int = 32
    models_volume: str = "ml-headcount-models"
    timeout_seconds: int = 3600
    overdue_seconds: int = 7200
    retries: int = 3
    platform_retries: int = 1
    in_flight: int = 10
    tasks_per_range: int = 0
    least_seconds: float = 60.0
    poll_seconds: float = 0.5
    startup_seconds: float = 30.0
    price_core_second: float = 0.0000131
    price_gib_second: float = 0.00000222
    price_gpu_second: float = 0.0
    prices_as_of: str = "June 2026"

    def __post_init__(self) -> None:
        for name in ("cores", "memory_gib", "gpu_cores", "gpu_memory_gib", "in_flight"):
            if getattr(self, name) < 1:
                raise InputError(f"Modal's workers: {name} must be at least 1.")
        for name in (
            "retries",
            "platform_retries",
            "tasks_per_range",
            "least_seconds",
            "poll_seconds",
        ):
            if getattr(self, name) < 0:
                raise InputError(f"Modal's workers: {name} cannot be negative.")
        for name in ("timeout_seconds", "overdue_seconds"):
            if getattr(self, name) <= 0:
                raise InputError(f"Modal's workers: {name} must be more than 0.")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ModalSettings:
        """Return the default choices, replaced by those of the environment.

        Raises
        ------
        InputError
            A variable holds something else than a number where one is needed.
        """
        chosen: dict[str, Any] = {}
        for field in fields(cls):
            variable = _PREFIX + field.name.upper()
            text = environment.get(variable)
            if text:
                chosen[field.name] = _read(variable, text, type(field.default))
        return replace(cls(), **chosen)

    def cores_of(self, worker: str) -> int:
        """Return the number of cores of a worker of a kind."""
        return self.gpu_cores if worker == "gpu" else self.cores

    def price_per_second(self, worker: str) -> float:
        """Return what a worker costs per second, in dollars.

        Raises
        ------
        InputError
            The price of the GPU is not known.
        """
        memory = self.gpu_memory_gib if worker == "gpu" else self.memory_gib
        price = self.cores_of(worker) * self.price_core_second + memory * self.price_gib_second
        if worker != "gpu":
            return price
        kind, _, count = self.gpu.partition(":")
        each = self.price_gpu_second or GPU_PRICES.get(kind, 0.0)
        if not each:
            raise InputError(
                f"The price of a GPU of type {kind!r} is not known: give it in dollars per second "
                f"by {_PREFIX}PRICE_GPU_SECOND, or take one of {', '.join(GPU_PRICES)}."
            )
        return price + each * int(count or 1)


def _read(variable: str, text: str, kind: type) -> Any:
    try:
        return kind(text)
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise InputError(f"{variable} must be {wanted}, not {text!r}.") from error

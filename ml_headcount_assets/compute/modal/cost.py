"""What a map over tasks will cost on Modal, from the time that a few of them take here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .ranges import Range
from .settings import ModalSettings

__all__ = ["Timed", "cost_in_words", "time_tasks", "worker_seconds"]

_SAMPLE = 3
_LONGEST_SECONDS = 10.0


@dataclass(frozen=True)
class Timed:
    """How many tasks were timed here, and the mean time of one on one core."""

    tasks: int
    seconds: float


def time_tasks(function: Callable[[Any], Any], tasks: Sequence[Any]) -> Timed:
    """Do up to three tasks, spread over all of them; no further one after ten seconds."""
    places = sorted({0, len(tasks) // 2, len(tasks) - 1})[:_SAMPLE]
    # What is computed once in a process and used ever after is no part of a task's time.
    spent: list[float] = []
    for place in places:
        start = time.process_time()
        function(tasks[place])
        spent.append(time.process_time() - start)
        if sum(spent) > _LONGEST_SECONDS:
            break
    kept = spent[1:] or spent
    return Timed(len(kept), sum(kept) / len(kept))


def worker_seconds(ranges: Sequence[Range], seconds: float, cores: int) -> float:
    """Return the time that workers spend on some ranges, one after another on all cores."""
    return sum(-(-len(part) // cores) * seconds for part in ranges)


def cost_in_words(
    ranges: Sequence[Range], timed: Timed, settings: ModalSettings, worker: str
) -> str:
    """Say what some ranges will cost, and what that rests on."""
    cores = settings.cores_of(worker) if worker == "cpu" else 1
    workers = min(settings.in_flight, len(ranges))
    busy = worker_seconds(ranges, timed.seconds, cores)
    paid = busy + workers * settings.startup_seconds
    dollars = paid * settings.price_per_second(worker)
    machine = f"{settings.cores} cores" if worker == "cpu" else f"a GPU of type {settings.gpu}"
    tasks = sum(len(part) for part in ranges)
    return (
        f"Modal: {tasks:,} tasks in {len(ranges):,} ranges, on up to {workers} workers with "
        f"{machine}. Estimate: {_dollars(dollars)}, about {_duration(paid / workers)}. It rests "
        f"on {timed.tasks} tasks timed on this machine's processor ({timed.seconds:.3g} s each), "
        f"{settings.startup_seconds:g} s to start a worker, and prices of "
        f"{settings.prices_as_of}; the bill may differ."
    )


def _dollars(amount: float) -> str:
    return "less than $0.01" if amount < 0.01 else f"${amount:,.2f}"


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"

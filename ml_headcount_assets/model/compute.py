"""Where independent pieces of work run: here, in this process, on its cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, TypeVar

__all__ = ["Compute", "LocalCompute", "Progress"]

Task = TypeVar("Task")
Result = TypeVar("Result")
Progress = Callable[[int, int], None]


class Compute(Protocol):
    """Anything that maps a function over tasks and returns the results in the tasks' order."""

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
    ) -> list[Result]:
        """Return ``[function(task) for task in tasks]``, calling `progress(done, total)`."""
        ...


@dataclass(frozen=True)
class LocalCompute:
    """Threads in this process. NumPy and SciPy release the interpreter lock in the kernels.

    Parameters
    ----------
    workers
        Number of threads; None takes the number of cores this process may use.
    """

    workers: int | None = None

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
    ) -> list[Result]:
        """Return ``[function(task) for task in tasks]``, calling `progress(done, total)`."""
        workers = self.workers or len(os.sched_getaffinity(0))
        results: list[Result] = []
        with ThreadPoolExecutor(max_workers=min(workers, max(1, len(tasks)))) as pool:
            try:
                for result in pool.map(function, tasks):
                    results.append(result)
                    if progress is not None:
                        progress(len(results), len(tasks))
            except BaseException:
                # Without this, Ctrl-C would wait for every task still in the queue.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        return results

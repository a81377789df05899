"""Independent pieces of work on this machine: in threads of a process, or in a pool of others."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from types import ModuleType
from typing import Any

from threadpoolctl import ThreadpoolController

from ..errors import ComputeError, InputError
from .engine import Engine
from .protocol import WORKERS, Compute, Progress, Result, Task

__all__ = ["LocalCompute", "products_in_one_thread"]


# Chunks that each process gets on average: enough that none idles long at the end.
_CHUNKS_EACH = 8


@dataclass(frozen=True)
class LocalCompute(Compute):
    """Work on this machine: in threads of this process, or in a pool of processes.

    A script that starts processes need not keep its code from being run again in each of them
    (``if __name__ == "__main__"``): what is sent comes from modules, and theirs is not imported.

    Threads cost nothing to start, and NumPy and SciPy release the interpreter lock in the
    kernels. Processes take a second or two to start; with many cores, and work that is mostly
    Python between short kernels, they are faster.

    Parameters
    ----------
    workers
        Number of threads; None takes the number of cores this process may use.
    processes
        Number of processes, which are started anew for each call; 0 stays in this one.
    engine
        Which library and device the kernels are to use.
    """

    workers: int | None = None
    processes: int = 0
    engine: Engine = Engine()  # noqa: RUF009, frozen

    def __post_init__(self) -> None:
        if self.processes < 0 or (self.workers is not None and self.workers < 1):
            raise InputError(
                f"There cannot be {self.processes} processes with {self.workers} threads: give 0 "
                "processes or more, and 1 thread or more."
            )

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
        *,
        worker: str = "cpu",
    ) -> list[Result]:
        """Return ``[function(task) for task in tasks]``; see `Compute.map`.

        Tasks that wish for a GPU run one after another in this process, which can have one only
        once.

        Raises
        ------
        ComputeError
            A process of the pool was killed.
        """
        if worker not in WORKERS:
            raise InputError(f"Unknown worker {worker!r}; there are {', '.join(WORKERS)}.")
        if worker == "gpu":
            with ThreadPoolExecutor(max_workers=1) as pool:
                return _collect(pool, pool.map(function, tasks), len(tasks), progress)
        if self.processes and len(tasks) > 1:
            return self._map_in_processes(function, tasks, progress)
        threads = min(self.workers or len(os.sched_getaffinity(0)), max(1, len(tasks)))
        with products_in_one_thread(), ThreadPoolExecutor(max_workers=threads) as pool:
            return _collect(pool, pool.map(function, tasks), len(tasks), progress)

    def _map_in_processes(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None,
    ) -> list[Result]:
        processes = min(self.processes, len(tasks))
        packed = pickle.dumps(function)
        with ProcessPoolExecutor(
            max_workers=processes,
            # A fork of a process with threads may inherit locks that nobody will ever release.
            mp_context=get_context("forkserver"),
            initializer=_receive,
            initargs=(packed,),
        ) as pool:
            try:
                size = max(1, -(-len(tasks) // (processes * _CHUNKS_EACH)))
                # The processes are started here, where the tasks are handed in.
                with nullcontext() if b"__main__" in packed else _main_module_hidden():
                    coming = pool.map(_apply, tasks, chunksize=size)
                return _collect(pool, coming, len(tasks), progress)
            except BrokenProcessPool as error:
                raise ComputeError(
                    f"One of {processes} processes was killed at its work, most likely because "
                    "memory ran out. Try fewer of them (--processes), or fewer draws."
                ) from error


@contextmanager
def products_in_one_thread() -> Iterator[None]:
    """Let matrix products keep to one core, in a block or, as a decorator, in a function.

    Threads of small products would wait for each other: measured on two cores, drawing a company
    took seven times the processor time with them. And sums over another number of threads differ
    in their last digits, which chains of a sampler turn into other draws. What `LocalCompute` maps
    is done so without being asked.
    """
    with _limited():
        yield


def _limited() -> Any:
    return _libraries().limit(limits=1, user_api="blas")


@lru_cache(maxsize=1)
def _libraries() -> Any:
    """Find the libraries of matrix products, once: a signal that comes meanwhile is lost.

    SciPy brings one of its own beside NumPy's; it has to be there to be found.
    """
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()


_received: list[Callable[[Any], Any]] = []


def _receive(function: bytes) -> None:
    """Take the function that all tasks of this process are for; it comes once, not per task."""
    _received[:] = [pickle.loads(function)]
    # Libraries that are loaded by now, NumPy's among them.
    _limited()


def _apply(task: Any) -> Any:
    return _received[0](task)


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """Start processes that do not run the caller's script again before they begin."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _collect(
    pool: Executor, coming: Iterable[Result], total: int, progress: Progress | None
) -> list[Result]:
    results: list[Result] = []
    try:
        for result in coming:
            results.append(result)
            if progress is not None:
                progress(len(results), total)
    except BaseException:
        # Without this, Ctrl-C would wait for every task still in the queue.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    return results

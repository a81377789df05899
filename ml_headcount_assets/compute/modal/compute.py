"""Modal's workers as a `Compute`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ...errors import InputError
from ..engine import Engine
from ..local import LocalCompute
from ..protocol import WORKERS, Compute, Progress
from .app import ModalClient
from .client import Client
from .cost import Timed, cost_in_words, time_tasks
from .dispatch import Dispatch, Tally
from .kept import KeptRanges
from .messages import Answer
from .ranges import Range, Work, range_size
from .settings import ModalSettings

__all__ = ["ModalCompute"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def _nobody(line: str) -> None:
    """Tell nobody."""


@dataclass
class ModalCompute(Compute):
    """Maps functions over tasks on Modal's workers.

    Results are those of `LocalCompute`, to the last bit on the same kind of processor. Every
    call of `map` runs an app of its own, which is stopped when the call ends, however it ends.

    Parameters
    ----------
    settings
        Machines, limits, prices.
    kept
        Directory for finished ranges, so that work that breaks off is not lost; None keeps none.
    hold
        Keep them until `settle` is called, instead of until their map is complete: for work
        whose results are stored only later.
    announce
        Is told what it will cost before anything is sent, where the logs are, and what came of
        it.
    client
        The way to Modal; None is Modal's own client.
    engine
        Which library and device the kernels are to use on the workers.

    Attributes
    ----------
    pages
        Addresses of the pages of the apps that have been run, with their logs.
    """

    settings: ModalSettings = field(default_factory=ModalSettings)
    kept: Path | None = None
    hold: bool = False
    announce: Callable[[str], None] = _nobody
    client: Client | None = None
    engine: Engine = Engine()  # noqa: RUF009, frozen
    pages: list[str] = field(default_factory=list)
    _held: set[str] = field(default_factory=set)

    def telling(self, *others: Callable[[str], None]) -> ModalCompute:
        """Return one that tells others as well, and shares everything else."""

        def tell(line: str) -> None:
            for each in (self.announce, *others):
                each(line)

        return replace(self, announce=tell)

    def check(self) -> None:
        """Raise an `InputError` if something is missing that work on Modal needs."""
        self._service().check()

    def _service(self) -> Client:
        return self.client or ModalClient(self.settings)

    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
        *,
        worker: str = "cpu",
    ) -> list[Result]:
        """Return ``[function(task) for task in tasks]``; see `Compute.map`.

        Raises
        ------
        InputError
            There are no credentials, or no lock for the workers' images.
        ComputeError
            A range could not be done. What was finished is kept.
        """
        return self.map_counted(function, tasks, progress, worker=worker)[0]

    def map_counted(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
        *,
        worker: str = "cpu",
    ) -> tuple[list[Result], Tally]:
        """Return what `map` does, and what it took."""
        if worker not in WORKERS:
            raise InputError(f"Unknown worker {worker!r}; there are {', '.join(WORKERS)}.")
        if not len(tasks):
            return [], Tally()
        self.check()
        gathered = _Gathered(self, len(tasks), progress)
        work = Work(function, tasks, self._size(len(tasks), worker), worker)
        missing = [part for part in work.ranges if not gathered.find(part)]
        tally = Tally()
        if missing:
            timed = self._timed(function, tasks)
            if timed is not None and self._is_small(timed, missing):
                here = LocalCompute(engine=self.engine)
                for part in missing:
                    own = tasks[part.start : part.stop]
                    gathered.take(part, here.map(function, own, worker=worker))
                return gathered.results, tally
            if timed is not None:
                self.announce(cost_in_words(missing, timed, self.settings, worker))
            with self._service().open() as session:
                self.pages.append(session.url)
                self.announce(f"Modal: the workers' state and logs are at {session.url}")
                tally = Dispatch(session, work, self.settings, gathered.receive).run(missing)
        reused = len(work.ranges) - len(missing)
        tally = replace(tally, ranges=len(work.ranges), reused=reused)
        self.announce(tally.in_words())
        self._held.update(part.range_id for part in work.ranges)
        if not self.hold:
            self.settle()
        return gathered.results, tally

    def settle(self, *, everything: bool = False) -> None:
        """Forget the ranges of the maps that are complete: their results are in safety.

        Parameters
        ----------
        everything
            Also those that earlier runs have left behind.
        """
        if self.kept is not None:
            kept = KeptRanges(self.kept)
            kept.forget(*self._held)
            if everything:
                kept.clear()
        self._held.clear()

    def _size(self, tasks: int, worker: str) -> int:
        # A GPU does one task at a time.
        cores = self.settings.cores if worker == "cpu" else 1
        chosen = self.settings.tasks_per_range
        return chosen or range_size(tasks, cores=cores, workers=self.settings.in_flight)

    def _timed(self, function: Callable[[Any], Any], tasks: Sequence[Any]) -> Timed | None:
        try:
            return time_tasks(function, tasks)
        except ImportError as error:
            self.announce(
                f"Modal: what this will cost cannot be estimated, since {error.name} is not "
                "installed here to time a task with."
            )
            return None

    def _is_small(self, timed: Timed, missing: Sequence[Range]) -> bool:
        tasks = sum(len(part) for part in missing)
        small = tasks * timed.seconds < self.settings.least_seconds
        if small:
            self.announce(
                f"Modal: {tasks:,} tasks of {timed.seconds:.3g} s are done here; starting a "
                "worker would take longer."
            )
        return small


class _Gathered:
    """The results as they come, found on disk or received from workers."""

    def __init__(self, compute: ModalCompute, total: int, progress: Progress | None) -> None:
        self.kept = (
            None if compute.kept is None else KeptRanges(compute.kept, announce=compute.announce)
        )
        if self.kept is not None:
            self.kept.prepare()
        self.results: list[Any] = [None] * total
        self.done, self.progress = 0, progress

    def find(self, part: Range) -> bool:
        """Take a range's results from disk, if they are there."""
        answer = None if self.kept is None else self.kept.find(part.range_id)
        if answer is None or len(answer.values()) != len(part):
            return False
        self.take(part, answer.values())
        return True

    def receive(self, part: Range, answer: Answer) -> None:
        """Take a range's results from a worker: to disk first."""
        if self.kept is not None:
            self.kept.keep(answer)
        self.take(part, answer.values())

    def take(self, part: Range, values: Sequence[Any]) -> None:
        """Take the results of a range."""
        self.results[part.start : part.stop] = values
        self.done += len(part)
        if self.progress is not None:
            self.progress(self.done, len(self.results))

"""What a place has to offer where independent pieces of work are done.

A piece of work is a function of one task. Both can be pickled, and what they carry is compact
(pattern tables, not rows), so that the same pieces can be sent to other processes and machines.
What comes back is made of values (see `modal.plain`): numbers, texts, arrays, dataclasses of these.
Since every random stream belongs to what is drawn (see `model.streams`), results are the same to
the last bit wherever and in whatever groups the tasks are run.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TypeVar

from .engine import Engine

__all__ = ["WORKERS", "Compute", "Progress"]


Task = TypeVar("Task")

Result = TypeVar("Result")

Progress = Callable[[int, int], None]

#: Kinds of machine that a piece of work can wish for.
WORKERS = ("cpu", "gpu")


class Compute(ABC):
    """Maps a function over tasks and returns the results in the tasks' order.

    Where nothing is to be told, paid or kept, everything but `map` does nothing.

    Attributes
    ----------
    engine
        Which library and device the kernels are to use there.
    pages
        Addresses of the pages where the logs of all maps so far are.
    """

    engine: Engine
    pages: Sequence[str] = ()

    def telling(self, *others: Callable[[str], None]) -> Compute:
        """Return one that tells others, too, what it is about to do, and is else the same."""
        return self

    def check(self) -> None:  # noqa: B027, does nothing where nothing is missing
        """Raise an `InputError` if something is missing that the work needs."""

    def settle(self, *, everything: bool = False) -> None:  # noqa: B027, as above
        """Let go of what was kept in case the work breaks off: its results are in safety.

        Parameters
        ----------
        everything
            Also of what earlier runs have left behind.
        """

    @abstractmethod
    def map(
        self,
        function: Callable[[Task], Result],
        tasks: Sequence[Task],
        progress: Progress | None = None,
        *,
        worker: str = "cpu",
    ) -> list[Result]:
        """Return ``[function(task) for task in tasks]``.

        Parameters
        ----------
        function
            Can be pickled: a function of a module, a partial of one, or an instance of a class
            of a module. It is importable wherever it is sent.
        tasks
            Can be pickled, and are compact.
        progress
            Is told ``(done, total)``.
        worker
            ``"cpu"``, or ``"gpu"`` as a wish for a machine that has one.
        """

"""Cutting tasks into ranges, each under a name that says what is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from .messages import Request, canonical, digest, library_versions, source_hash

__all__ = ["Range", "Work", "range_size"]


@dataclass(frozen=True)
class Range:
    """Tasks from `start` up to, not including, `stop`."""

    start: int
    stop: int
    range_id: str

    def __len__(self) -> int:
        return self.stop - self.start


def range_size(tasks: int, *, cores: int, workers: int) -> int:
    """Return how many tasks a range has.

    At least one for each core of a worker, and few enough that each of `workers` workers gets
    four ranges where there are that many tasks. It depends on nothing that is measured: the same
    work is cut in the same way when it is started again.
    """
    return max(cores, -(-tasks // (4 * workers)), 1)


class Work:
    """A function over tasks, cut into ranges of `size`.

    The name of a range is a hash of the function, its tasks, the package's source and the
    releases of the libraries: it is the same whenever the result is. Anything else that the
    function leans on has to be in its own state.
    """

    def __init__(
        self, function: Callable[[Any], Any], tasks: Sequence[Any], size: int, worker: str
    ) -> None:
        self.tasks, self.size, self.worker = tasks, size, worker
        self.function = canonical(function)
        shared = [digest(self.function), source_hash(), library_versions(), worker]
        self._shared = json.dumps(shared, sort_keys=True).encode()
        self.ranges = tuple(
            self._range(start, min(start + size, len(tasks)))
            for start in range(0, len(tasks), size)
        )

    def _range(self, start: int, stop: int) -> Range:
        name = hashlib.sha256(self._shared)
        name.update(self._pickled(start, stop))
        return Range(start, stop, name.hexdigest())

    def _pickled(self, start: int, stop: int) -> bytes:
        return canonical(list(self.tasks[start:stop]))

    def request(self, part: Range, cores: int) -> Request:
        """Return what is sent to have a range done."""
        return Request(
            part.range_id,
            self.function,
            self._pickled(part.start, part.stop),
            self.worker,
            cores,
            source_hash(),
            dict(library_versions()),
        )

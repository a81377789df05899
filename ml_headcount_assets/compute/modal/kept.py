"""Finished ranges on disk, so that a run that breaks off does not lose them."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from ..whole_file import UNFINISHED, whole_file
from .messages import Answer

__all__ = ["KeptRanges"]

_SUFFIX = ".range"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class KeptRanges:
    """A directory of finished ranges, one file each, named by what is in them.

    Parameters
    ----------
    directory
        It is made when there is something to keep, and removed when there is nothing left.
    days
        What has been lying there longer, of runs that were never taken up again, is removed.
    """

    directory: Path
    days: float = 30.0

    def find(self, range_id: str) -> Answer | None:
        """Return the answer for a range; None if there is none, or the file is damaged."""
        path = self._path(range_id)
        if not path.is_file():
            return None
        try:
            answer = Answer.from_bytes(path.read_bytes())
        except ValueError:
            path.unlink()
            return None
        return answer if answer.range_id == range_id and answer.results else None

    def keep(self, answer: Answer) -> None:
        """Store an answer; whoever looks finds all of it or nothing."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with whole_file(self._path(answer.range_id)) as unfinished:
            unfinished.write_bytes(answer.to_bytes())

    def forget(self, *range_ids: str) -> None:
        """Remove what is no longer needed, and what has become too old."""
        for range_id in range_ids:
            self._path(range_id).unlink(missing_ok=True)
        self._remove_before(time.time() - self.days * _DAY_SECONDS)

    def clear(self) -> None:
        """Remove everything."""
        self._remove_before(math.inf)

    def _remove_before(self, moment: float) -> None:
        if not self.directory.is_dir():
            return
        for path in self.directory.iterdir():
            if path.suffix in (_SUFFIX, UNFINISHED) and path.stat().st_mtime < moment:
                path.unlink()
        if not any(self.directory.iterdir()):
            self.directory.rmdir()

    def _path(self, range_id: str) -> Path:
        return self.directory / f"{range_id}{_SUFFIX}"

"""Finished ranges on disk, so that a run that breaks off does not lose them.

The files lie in a warehouse, which may come from anybody. They hold values and nothing that is
executed when they are read (see `plain`), and what is read has been signed with a key that only
this user has (HMAC, RFC 2104): else planted numbers would pass for computed ones.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..user_files import is_of_others, secret_key
from ..whole_file import UNFINISHED, whole_file
from .messages import Answer

__all__ = ["KeptRanges"]

_SUFFIX = ".range"
_DAY_SECONDS = 86_400
_KEY_NAME = "ranges"
_SIGNATURE_BYTES = hashlib.sha256().digest_size
#: Is signed as well: what another version has written, as pickles once were, is not this one's.
_LAYOUT = b"values 1"


def _nobody(line: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class KeptRanges:
    """A directory of finished ranges, one file each, named by what is in them.

    Parameters
    ----------
    directory
        It is made when there is something to keep, and removed when there is nothing left.
    days
        What has been lying there longer, of runs that were never taken up again, is removed.
    announce
        Is told of files that are not used.
    """

    directory: Path
    days: float = 30.0
    announce: Callable[[str], None] = _nobody

    def prepare(self) -> None:
        """Raise an `InputError` if what is finished could not be signed: before it is paid for."""
        secret_key(_KEY_NAME)

    def find(self, range_id: str) -> Answer | None:
        """Return the answer for a range; None if there is none that can be trusted.

        A file that is damaged, or that this user has not written here, is told and removed
        without a look at what is in it.
        """
        path = self._path(range_id)
        if not path.is_file():
            return None
        if is_of_others(self.directory) or is_of_others(path):
            self.announce(
                f"{path} can be changed by others than you, and is not used. It is computed again;"
                f" to keep what is finished, run: chmod 700 {self.directory}"
            )
            return None
        content = path.read_bytes()
        signature, body = content[:_SIGNATURE_BYTES], content[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, _signature(range_id, body)):
            self.announce(
                f"{path} is damaged, of an earlier version, or was not written by you on this"
                " machine. It is removed unread, and computed again."
            )
            path.unlink()
            return None
        answer = Answer.from_bytes(body)
        return answer if answer.results else None

    def keep(self, answer: Answer) -> None:
        """Store an answer; whoever looks finds all of it or nothing."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        body = answer.to_bytes()
        with whole_file(self._path(answer.range_id)) as unfinished:
            unfinished.touch(mode=0o600)
            unfinished.write_bytes(_signature(answer.range_id, body) + body)

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


def _signature(range_id: str, body: bytes) -> bytes:
    """Sign what is kept together with its name: no answer passes for another one."""
    content = b"\0".join((_LAYOUT, range_id.encode(), body))
    return hmac.digest(secret_key(_KEY_NAME), content, "sha256")

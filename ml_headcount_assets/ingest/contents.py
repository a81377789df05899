"""What files hold: a digest of each, and where lines end in large ones, found in threads."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError

__all__ = ["Content", "contents_of", "stamp_of"]

_CHUNK = 1 << 20

#: Size, time of the last change, and number of a file.
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Content:
    """What a file holds.

    Attributes
    ----------
    digest
        Equal for equal files.
    stamp
        By which a change since then can be seen.
    line_ends
        How many lines end in each range of the file, of as many bytes as was asked for.
    """

    digest: str
    stamp: Stamp
    line_ends: tuple[int, ...]


def contents_of(paths: Iterable[Path], size: int) -> dict[Path, Content]:
    """Return what files hold, looked at in ranges of `size` bytes, several at once.

    Raises
    ------
    InputError
        A file cannot be read.
    """
    stamps = {path: stamp_of(path) for path in paths}
    places = [(path, at) for path, stamp in stamps.items() for at in range(0, stamp[0] or 1, size)]
    # Digests are made without the interpreter's lock.
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        looks = list(pool.map(lambda place: _look(place[0], place[1], size), places))
    found = {}
    for path, stamp in stamps.items():
        own = [look for (whose, _), look in zip(places, looks, strict=True) if whose == path]
        together = hashlib.blake2b(b"".join(digest for digest, _ in own)).hexdigest()
        found[path] = Content(together, stamp, tuple(ends for _, ends in own))
    return found


def stamp_of(path: Path) -> Stamp:
    """Return by what a change of a file can be seen."""
    try:
        status = path.stat()
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
    return status.st_size, status.st_mtime_ns, status.st_ino


def _look(path: Path, start: int, size: int) -> tuple[bytes, int]:
    """Return digest and number of line ends of the range that begins at a place."""
    digest, ends, left = hashlib.blake2b(), 0, size
    try:
        with path.open("rb") as file:
            file.seek(start)
            while left and (chunk := file.read(min(_CHUNK, left))):
                digest.update(chunk)
                ends += chunk.count(b"\n")
                left -= len(chunk)
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be read ({error.strerror}).") from error
    return digest.digest(), ends

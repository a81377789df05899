"""Packed files that unpack to far more than data do ("bombs"), told before memory is used up.

One that unpacks to not quite so much may be more than the memory holds: then it is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ComputeError, InputError
from ..wording import how_many

__all__ = ["named_if_too_large", "refuse_bomb", "refuse_row_bomb"]

# Tables and JSON of people unpack to some three to fifty times their size; the most that gzip can
# do is a thousand times, with one byte for ever.
_SUSPICIOUS_BYTES = 8 << 20
_SUSPICIOUS_RATIO = 250
_SUSPICIOUS_ROWS = 1_000_000


def refuse_bomb(path: Path, packed: int, unpacked: int) -> None:
    """Raise an `InputError` if so many bytes have come of so many packed ones."""
    if unpacked > max(_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO * packed):
        raise InputError(
            f"{path.name}: unpacks to more than {_SUSPICIOUS_RATIO} times its size, which no table"
            " of data does. If it is one after all, supply it unpacked."
        )


def refuse_row_bomb(path: Path, rows: int) -> None:
    """Raise an `InputError` if a file has more rows than bytes: none tells anything."""
    if rows > max(_SUSPICIOUS_ROWS, path.stat().st_size):
        raise InputError(
            f"{path.name}: has {how_many(rows, 'row')} and fewer bytes, so that they cannot differ."
            " Supply the right file."
        )


@contextmanager
def named_if_too_large(path: Path) -> Iterator[None]:
    """Raise a `ComputeError` that names the file, if reading it needs more memory than there is."""
    try:
        yield
    except MemoryError as error:
        raise ComputeError(
            f"{path.name}: what is in it does not go into the memory there is. See that it is the"
            " right file; close other programs, or raise the limit, and run again: what was stored"
            " before is as it was."
        ) from error

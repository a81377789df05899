"""Files that are there whole or not at all.

In this room because it is the lowest one that writes any.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["UNFINISHED", "whole_file"]

#: Ending of the name of a file that is being written.
UNFINISHED = ".unfinished"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a path beside a file's to write to; in the end what is there takes the file's place.

    Whoever looks meanwhile, or after the process or the machine has died, finds the former file
    or the new one. If the block fails, the former file stays. The folder has to be there.
    """
    unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}{UNFINISHED}")
    try:
        yield unfinished
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)

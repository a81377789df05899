"""What goes wrong with a DuckDB file that is open, in words: damage, a full disk, too little RAM.

A file that cannot even be opened is no matter of this module (see `store`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow

from ml_headcount_assets.errors import ComputeError, HeadcountError, InputError

__all__ = ["HISTORY", "DamagedFileError", "told_in_words"]

#: What nobody who deletes a file should lose unawares.
HISTORY = "the history of what was published is in results.duckdb alone"

# DuckDB has no class of its own for a block that is not as it was written.
_DAMAGE = re.compile(
    r"corrupt|checksum|could not read|could not seek|failed to (?:load|read|deserialize)"
    r"|database has been invalidated|internal error|serialization error",
    re.IGNORECASE,
)
_FULL = re.compile(r"no space left|disk quota|could not (?:write|flush|sync|truncate)", re.I)
_MEMORY = re.compile(r"out of memory|failed to allocate", re.IGNORECASE)
_TOO_MANY = "Too many open files"
_INTERRUPTED = "Query interrupted"
_FILE = re.compile(r'"(/[^"]+)"')


class DamagedFileError(InputError):
    """A part of a file is not as it was written."""


@contextmanager
def told_in_words(path: Path) -> Iterator[None]:
    """Raise what the file itself makes fail, in the block, as one of the package's errors.

    Mistakes in a statement are not of the file, and stay what they are.

    Parameters
    ----------
    path
        The file, for the message; an error that names another one is about that.

    Raises
    ------
    DamagedFileError
        The file is damaged.
    ComputeError
        The disk is full, or memory does not suffice.
    """
    try:
        yield
    except (duckdb.Error, pyarrow.ArrowException, OSError) as error:
        explained = _explained(error, path)
        if explained is None:
            raise
        raise explained from error
    except RuntimeError as error:
        if str(error) == _INTERRUPTED:  # how DuckDB puts a signal that comes within a query
            raise KeyboardInterrupt from error
        raise


def _explained(error: BaseException, path: Path) -> HeadcountError | None:
    text = str(error)
    found = _FILE.search(text)
    file = found[1] if found else path
    if _FULL.search(text):
        return ComputeError(
            f"{file} could not be written: the disk is full, or its folder cannot be written. Make"
            " room, then run again: what was stored before is as it was."
        )
    if _TOO_MANY in text:
        return ComputeError(
            f"{file} could not be opened, since this process may open no more files. Raise the"
            " limit (ulimit -n 1024), then run again: what was stored before is as it was."
        )
    if _MEMORY.search(text):
        return ComputeError(
            f"{path} could not be read in the memory there is. Close other programs, then run"
            " again: what was stored before is as it was."
        )
    if isinstance(error, duckdb.FatalException | duckdb.InternalException) or _DAMAGE.search(text):
        return DamagedFileError(
            f"{file} is damaged: a part of it is not as it was written. Restore it from a backup;"
            " or delete it, and run the study again: all tables are made anew from the study's"
            " files. Labels that LLMs were paid for are in another file, and stay;"
            f" {HISTORY}."
        )
    return None

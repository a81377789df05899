"""What the operating system refuses, told in a sentence: which file, why, and what to do.

Rooms that know more of a file tell it themselves; this is for all the others.
"""

from __future__ import annotations

import errno
import os

__all__ = ["refusal"]

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_TOO_MANY = (errno.EMFILE, errno.ENFILE)
_IN_THE_WAY = (
    *(errno.EEXIST, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.ELOOP, errno.ENAMETOOLONG),
)


def refusal(error: OSError) -> str | None:
    """Return what an error says of a file; None if it is none of the file system's."""
    code = error.errno
    file = os.fsdecode(error.filename2 or error.filename or "")
    why = f"{file + ': ' if file else ''}{os.strerror(code or 0)}."
    if code in _FULL:
        return (
            f"{why} Make room, or raise the limit on the size of files; then run again: what was"
            " stored before is as it was."
        )
    if code in _FORBIDDEN:
        return f"{why} See that you may read and write it and its folder, or give another path."
    if code in _TOO_MANY:
        return f"{why} Raise the limit (ulimit -n 1024), then run again."
    if code in _IN_THE_WAY:
        return f"{why} Something else has this name, or the name cannot be used: move it away."
    if code == errno.ENOENT:
        return f"{why} It was there a moment ago, or its folder is not: see who removes it."
    return None

"""The function that runs on another machine: bytes in, bytes out.

It needs the package's source and the libraries of its image, nothing else.
"""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...errors import HeadcountError
from ..local import LocalCompute
from .messages import Answer, Request, library_versions, source_hash

__all__ = ["run_range"]


def run_range(payload: bytes) -> bytes:
    """Do the tasks of a range on all cores of this machine.

    Parameters
    ----------
    payload
        A `Request`.

    Returns
    -------
    bytes
        An `Answer`. What a task raises is part of it, so that whoever runs workers does not
        repeat what would fail again.
    """
    request = Request.from_bytes(payload)
    refused = _refusal(request)
    if refused:
        return Answer(request.range_id, refused=refused).to_bytes()
    # A future keeps what is raised, of whatever kind.
    with ThreadPoolExecutor(max_workers=1) as pool:
        future = pool.submit(_answer, request)
        error = future.exception()
    if error is not None:
        return Answer(request.range_id, failed=_in_words(error)).to_bytes()
    return future.result().to_bytes()


def _refusal(request: Request) -> str:
    """Say why results would be others than those of the sender, or nothing."""
    if request.source != source_hash():
        return "its copy of ml_headcount_assets is not the one that sent the work"
    here = library_versions()
    different = [
        f"{name} {here.get(name)} instead of {wanted}"
        for name, wanted in sorted(request.versions.items())
        if here.get(name) != wanted
    ]
    return f"it has {', '.join(different)}" if different else ""


def _answer(request: Request) -> Answer:
    function: Callable[[Any], Any] = pickle.loads(request.function)
    tasks: Sequence[Any] = pickle.loads(request.tasks)
    cores = min(request.cores, len(os.sched_getaffinity(0)))
    compute = LocalCompute(processes=cores) if cores > 1 else LocalCompute(workers=1)
    return Answer.of(request.range_id, compute.map(function, tasks, worker=request.worker))


def _in_words(error: BaseException) -> str:
    """Return the message of an own error; of others, which may quote data, only the place."""
    if isinstance(error, HeadcountError):
        return str(error)
    frames = traceback.extract_tb(error.__traceback__)
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"

"""Extracts of all files of raw profiles: made side by side, kept, and made anew for what changed.

Each extract is kept under a name that is made of the file's content, of how it is to be read, and
of the versions of reader and recipe. So a file that is changed or added is read alone, one that is
renamed or moved is not, and an extract whose file is gone is removed with all it says of people.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

from ..compute.local import LocalCompute
from ..errors import ComputeError, InputError
from ..study import ProfilesSource
from ..text.recipe import RECIPE_VERSION
from .contents import contents_of, stamp_of
from .extraction import EXTRACT_VERSION, Extract, extract
from .profile_files import RecordFile
from .text_files import Part

__all__ = ["Extracts", "open_extracts"]

Progress = Callable[[int, int], None]

#: Starting processes takes a second or two, in which one process reads so much.
_WORTH_PROCESSES = 24 << 20
#: A large file is read in parts of so many bytes, whatever the machine.
_PART = 32 << 20
_HANDS_EACH = 8
_PACKED = 5  # a packed file holds about so many times its size
#: Names under which extracts are made, before they have their own.
_UNFINISHED = "unfinished-"


@dataclass(frozen=True)
class Extracts:
    """The extracts of some files, by their names in the study, in the order of those."""

    by_file: Mapping[str, Extract]
    made: int


@dataclass(frozen=True)
class _Task:
    """A file, or a part of one, of which an extract is to be made in a folder."""

    name: str
    path: Path
    source: ProfilesSource
    folder: Path
    number: int
    part: Part | None

    @property
    def size(self) -> int:
        """About how many bytes are to be read."""
        if self.part:
            return self.part.stop - self.part.start
        packed = self.path.name.lower().endswith((".gz", ".parquet", ".xlsx"))
        return self.path.stat().st_size * (_PACKED if packed else 1)


@contextmanager
def open_extracts(
    files: Mapping[str, Path],
    source: ProfilesSource,
    cache: Path | None,
    progress: Progress | None = None,
) -> Iterator[Extracts]:
    """Hand over the extracts of files, of which those that are not there are made first.

    Parameters
    ----------
    files
        The files by name, as `profile_files` returns them.
    source
        How the study wants them read.
    cache
        Folder where extracts are kept, which is made if need be; None to forget them afterwards.
        It holds the texts of everybody in the files, and only its owner can look into it.
    progress
        Is told how many bytes of the files are read, of how many.

    Raises
    ------
    ComputeError
        A file is changed while it is being read, or a process that reads was killed.
    """
    if cache is None:
        with tempfile.TemporaryDirectory(prefix="profiles-") as folder:
            yield _made(files, source, Path(folder), progress)
        return
    cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    extracts = _made(files, source, cache, progress)
    kept = {each.folder.name for each in extracts.by_file.values()}
    for old in cache.iterdir():
        if old.is_dir() and old.name not in kept:
            shutil.rmtree(old, ignore_errors=True)
    yield extracts


def _made(
    files: Mapping[str, Path], source: ProfilesSource, cache: Path, progress: Progress | None
) -> Extracts:
    contents = contents_of(files.values(), _PART)
    keys = {name: _key(name, contents[path].digest, source) for name, path in files.items()}
    missing = [name for name in files if not (cache / keys[name]).is_dir()]
    if missing:
        unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache))
        try:
            tasks = [
                _Task(name, files[name], source, unfinished / keys[name], number, part)
                for name in missing
                for number, part in enumerate(
                    RecordFile.parts(files[name], _PART, contents[files[name]].line_ends)
                )
            ]
            _side_by_side(tasks, progress)
            for name in missing:
                if stamp_of(files[name]) != contents[files[name]].stamp:
                    raise ComputeError(
                        f"{files[name].name}: the file was changed while it was being read."
                        " Run again."
                    )
                _keep(unfinished / keys[name], cache / keys[name])
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
    return Extracts({name: Extract(cache / key) for name, key in keys.items()}, len(missing))


def _keep(made: Path, kept: Path) -> None:
    """Give an extract its name, once all of it is there."""
    try:
        made.rename(kept)
    except OSError:
        if not kept.is_dir():  # else somebody has made it meanwhile
            raise


def _side_by_side(tasks: Sequence[_Task], progress: Progress | None) -> None:
    """Make extracts, with all cores if that is worth it."""
    sizes = [task.size for task in tasks]
    total = sum(sizes)
    cores = min(len(os.sched_getaffinity(0)), len(tasks))
    if cores < 2 or total < _WORTH_PROCESSES:
        _one_by_one(tasks, progress)
        return
    # The largest first and dealt out, so that none is left to one process when the others are done.
    falling = sorted(range(len(tasks)), key=lambda number: -sizes[number])
    hands = min(len(tasks), cores * _HANDS_EACH)
    order = [number for hand in range(hands) for number in falling[hand::hands]]
    told = list(accumulate(sizes[number] for number in order))
    try:
        LocalCompute(processes=cores).map(
            _make,
            [tasks[number] for number in order],
            (lambda done, _: progress(told[done - 1], total)) if progress else None,
        )
    except ComputeError:
        # One that is killed for its memory may find enough alone.
        for task in tasks:
            shutil.rmtree(task.folder, ignore_errors=True)
        _one_by_one(tasks, progress)


def _one_by_one(tasks: Sequence[_Task], progress: Progress | None) -> None:
    total, done = sum(task.size for task in tasks), 0
    for task in tasks:
        _make(task)
        done += task.size
        if progress:
            progress(done, total)


def _make(task: _Task) -> None:
    try:
        extract(task.path, task.name, task.source, task.folder, number=task.number, part=task.part)
    except OSError as error:
        raise InputError(
            f"{task.path.name}: what is read of it cannot be written ({error.strerror})."
        ) from error


def _key(name: str, content: str, source: ProfilesSource) -> str:
    read = source.model_dump(mode="json", exclude={"path"})
    told = json.dumps([content, name, read, EXTRACT_VERSION, RECIPE_VERSION], sort_keys=True)
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()

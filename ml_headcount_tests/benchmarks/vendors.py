"""Profiles in each vendor's form: how fast they are read, with one core, with all, and again.

Records are those of the tests, with a text of the length that profiles have. The yardstick is the
form in which the simulator writes profiles, in the same run and on the same cores.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ml_headcount_assets.ingest.extraction import extract
from ml_headcount_assets.ingest.extracts import open_extracts
from ml_headcount_assets.study import ProfilesSource
from ml_headcount_tests.ingest.vendors.records import MAKERS

from .measurements import Measurement

_ABOUT = "Worked with people on things that had to be done, and did them in time. " * 36
_YARDSTICK = "bright_data"


def vendors(work: Path, count: int = 250_000, files: int = 8) -> Iterator[Measurement]:
    """Yield the rate of each vendor's form, in processor time of one core, and what cores add."""
    source = ProfilesSource(path=work)
    sample = max(1, count // 25)
    rates = {}
    for maker in MAKERS:
        path = _written(work / f"{maker.replace('/', '-')}.jsonl", maker, sample)
        start = time.process_time()
        extract(path, path.name, source, work / f"extract-{path.stem}")
        rates[maker] = sample / (time.process_time() - start)
    for maker, rate in rates.items():
        times = rates[_YARDSTICK] / rate
        yield Measurement(f"profiles as of {maker}, one core", rate, "/s")
        if maker != _YARDSTICK:
            yield Measurement("... times as long as those of " + _YARDSTICK, times, "x", 1.3)
    yield from _growing(work, source, count, files)


def _growing(work: Path, source: ProfilesSource, count: int, files: int) -> Iterator[Measurement]:
    """Yield how long a delivery of several files takes, first, again, and with one more."""
    paths = {
        f"{n}.jsonl": _written(work / f"{n}.jsonl", _YARDSTICK, count // files, start=n * count)
        for n in range(files)
    }
    first = _seconds(paths, source, work / "kept")
    yield Measurement(f"{count:,} profiles in {files} files, all cores", first, "s")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    alone = _seconds(paths, source, work / "kept by one core")
    os.sched_setaffinity(0, cores)
    goal = 1.6 if len(cores) > 1 else None
    yield Measurement(f"... over one of {len(cores)} cores", alone / first, "x", goal, True)
    yield Measurement("... again", _seconds(paths, source, work / "kept"), "s")
    paths["new"] = _written(work / "new.jsonl", _YARDSTICK, count // files, start=-count)
    yield Measurement("... with a file more", _seconds(paths, source, work / "kept"), "s")


def _seconds(paths: dict[str, Path], source: ProfilesSource, cache: Path) -> float:
    start = time.perf_counter()
    with open_extracts(paths, source, cache) as extracts:
        pd.concat([each.people() for each in extracts.by_file.values()])
    return time.perf_counter() - start


def _written(path: Path, maker: str, count: int, start: int = 0) -> Path:
    make = MAKERS[maker]
    with path.open("w") as file:
        for number in range(count):
            about = f"{number} {_ABOUT}"
            file.write(json.dumps(make(f"person-{start + number}", "Clerk", about)) + "\n")
    return path

"""Whether any number of readers read on while a study is refreshed and published.

``python -m ml_headcount_tests.benchmarks.readers STUDY WAREHOUSE`` runs a study that has been run
once more, with ``--again``, and prints what 50 readers saw meanwhile.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

import ml_headcount_assets as mh
from ml_headcount_assets.export import read_results, write_tables
from ml_headcount_assets.warehouse.beside import results_path
from ml_headcount_assets.warehouse.publish import Published

READERS = 50
_TOTALS = (
    "SELECT (SELECT run FROM runs ORDER BY finished DESC LIMIT 1), median, companies"
    " FROM portfolio_intervals WHERE grouping = 'all'"
)


@dataclass
class Seen:
    """What readers saw: how many looks of each kind, of how many runs, and what failed."""

    looks: Counter[str] = field(default_factory=Counter)
    runs: set[str] = field(default_factory=set)
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0


@contextmanager
def readers(warehouse: Path, number: int = READERS) -> Iterator[Seen]:
    """Let so many readers look at published results again and again while the block lasts.

    A third each by SQL, by `open_study`, and by what an export reads; one of them writes it.
    """
    seen, ended, lock = Seen(), threading.Event(), threading.Lock()

    def look_on(kind: str, look: Callable[[], str | None]) -> None:
        while not ended.is_set():
            began = time.monotonic()
            try:
                run = look()
            except Exception as error:  # noqa: BLE001, failures of any kind are what is measured
                with lock:
                    seen.failures.append(f"{kind}: {type(error).__name__}: {error}")
                return
            with lock:
                seen.looks[kind] += 1
                seen.slowest = max(seen.slowest, time.monotonic() - began)
                seen.runs.update([run] if run else [])
            ended.wait(0.05)

    with tempfile.TemporaryDirectory() as folder:
        kinds = (
            ("sql", lambda: _by_sql(warehouse)),
            ("notebook", lambda: _by_notebook(warehouse)),
            ("export", lambda: _by_export(warehouse, None)),
        )
        looks = [kinds[index % len(kinds)] for index in range(number - 1)]
        looks.append(("export", lambda: _by_export(warehouse, Path(folder))))
        threads = [threading.Thread(target=look_on, args=each, daemon=True) for each in looks]
        for thread in threads:
            thread.start()
        try:
            yield seen
        finally:
            ended.set()
            for thread in threads:
                thread.join(120)


def _by_sql(warehouse: Path) -> str:
    with duckdb.connect(str(results_path(warehouse)), read_only=True) as connection:
        return str(connection.execute(_TOTALS).fetchall()[0][0])


def _by_notebook(warehouse: Path) -> None:
    study = mh.open_study(warehouse)
    assert len(study.intervals())


def _by_export(warehouse: Path, folder: Path | None) -> None:
    results = read_results(Published(warehouse))
    if folder is not None:
        write_tables(results, folder)


def main() -> None:
    """Refresh a study with readers at it."""
    study, warehouse = map(Path, sys.argv[1:3])
    began = time.monotonic()
    with readers(warehouse) as seen:
        command = [sys.executable, "-m", "ml_headcount_assets.cli", "run", "--again"]
        subprocess.run(
            [*command, "--study", str(study), "--warehouse", str(warehouse)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        time.sleep(1)
    print(f"{READERS} readers, {time.monotonic() - began:.0f} s: looks {dict(seen.looks)},")
    print(f"slowest {seen.slowest:.1f} s, runs seen {len(seen.runs)}, failed {len(seen.failures)}")
    print("\n".join(seen.failures[:5]))


if __name__ == "__main__":
    main()

"""Whether files, memory and open handles grow over many refreshes of a study that grows.

``python -m ml_headcount_tests.benchmarks.soak REFRESHES`` prints a line for each refresh.
"""

from __future__ import annotations

import gzip
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from ml_headcount_assets.orchestration.housekeeping import keep_house
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.beside import home_of, people_path, results_path, work_path

#: Columns of what is measured, and how each is printed.
_SHOWN = {
    "refresh": "{:.0f}",
    "seconds": "{:.1f}",
    "work_mb": "{:.2f}",
    "people_mb": "{:.2f}",
    "results_mb": "{:.2f}",
    "records_mb": "{:.2f}",
    "memory_mb": "{:.0f}",
    "peak_mb": "{:.0f}",
    "open_files": "{:.0f}",
    "runs": "{:.0f}",
}
_PAGE_BYTES = resource.getpagesize()

Measured = dict[str, float]


def soak(
    directory: Path,
    warehouse: Path,
    refreshes: int,
    *,
    changed: bool = True,
    days: float = 0,
    tell: Callable[[Measured], None] = lambda measured: None,
) -> pd.DataFrame:
    """Refresh a study many times in this process, and measure after each.

    Parameters
    ----------
    directory, warehouse
        A study with labels of profiles in ``profile_labels.csv.gz``, and its warehouse.
    refreshes
        How often.
    changed
        Whether each is of one profile more.
    days
        For how long housekeeping, which is done after each refresh, keeps runs.
    tell
        Is told what was measured after each refresh.

    Returns
    -------
    DataFrame
        ``refresh`` from 1; ``seconds`` of it and of the housekeeping; ``work_mb, people_mb,
        results_mb, records_mb`` of files; ``memory_mb`` of this process and the most so far,
        ``peak_mb``; ``open_files``; ``runs`` on record.
    """
    rows: list[Measured] = []
    for number in range(1, refreshes + 1):
        begun = time.monotonic()
        if changed:
            _one_profile_more(directory / "profile_labels.csv.gz", number)
        materialize_study(load_study(directory), warehouse)
        keep_house(warehouse, days)
        seconds = time.monotonic() - begun
        rows.append({"refresh": number, "seconds": seconds, **_measured(warehouse)})
        tell(rows[-1])
    return pd.DataFrame(rows)


def _one_profile_more(path: Path, number: int) -> None:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    more = frame.iloc[[number % len(frame)]].copy()
    ids = [name for name in ("profile_id", "id") if name in frame]
    more[ids] = f"soak-{number}"
    both = pd.concat([frame, more]).to_csv(index=False)
    path.write_bytes(gzip.compress(both.encode(), compresslevel=1))


def _measured(warehouse: Path) -> Measured:
    with open_instance(warehouse) as instance:
        runs = instance.get_runs_count()
    files = {"work": work_path, "people": people_path, "results": results_path}
    return {
        **{f"{name}_mb": path(warehouse).stat().st_size / 1e6 for name, path in files.items()},
        "records_mb": sum(p.stat().st_size for p in home_of(warehouse).rglob("*") if p.is_file())
        / 1e6,
        "memory_mb": int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / 1e6,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "runs": runs,
    }


def main() -> None:
    """Refresh a small study as often as the argument says, 200 times without one."""
    from ml_headcount_tests.orchestration.conftest import write_study

    refreshes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        directory = write_study(Path(folder) / "study")
        soak(directory, Path(folder) / "warehouse", refreshes, tell=_print)


def _print(measured: Measured) -> None:
    if measured["refresh"] == 1:
        print(*(f"{name:>10}" for name in _SHOWN))
    print(*(f"{form.format(measured[name]):>10}" for name, form in _SHOWN.items()), flush=True)


if __name__ == "__main__":
    main()

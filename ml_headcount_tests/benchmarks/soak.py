"""Whether files, memory and open handles grow over many refreshes of a study that grows.

``python -m ml_headcount_tests.benchmarks.soak REFRESHES`` prints a line for every tenth refresh.
"""

from __future__ import annotations

import gzip
import resource
import sys
import tempfile
import warnings
from pathlib import Path

import pandas as pd

from ml_headcount_assets.orchestration.housekeeping import keep_house
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.beside import home_of, people_path, results_path, work_path

_EVERY = 10


def soak(
    directory: Path,
    warehouse: Path,
    refreshes: int,
    *,
    changed: bool = True,
    days: float = 0,
    every: int = 1,
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
        For how long housekeeping, which is done after each `every` refreshes, keeps runs.

    Returns
    -------
    DataFrame
        ``refresh, work_mb, people_mb, results_mb, records_mb, peak_mb, open_files, runs``.
    """
    rows = []
    for number in range(refreshes):
        if changed:
            _one_profile_more(directory / "profile_labels.csv.gz", number)
        materialize_study(load_study(directory), warehouse)
        if number % every == 0:
            keep_house(warehouse, days)
        rows.append({"refresh": number, **_measured(warehouse)})
        if number % _EVERY == 0 and sys.stdout.isatty():
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def _one_profile_more(path: Path, number: int) -> None:
    frame = pd.read_csv(path, dtype="str", keep_default_na=False)
    more = frame.iloc[[number % len(frame)]].copy()
    ids = [name for name in ("profile_id", "id") if name in frame]
    more[ids] = f"soak-{number}"
    both = pd.concat([frame, more]).to_csv(index=False)
    path.write_bytes(gzip.compress(both.encode(), compresslevel=1))


def _measured(warehouse: Path) -> dict[str, float]:
    with open_instance(warehouse) as instance:
        runs = instance.get_runs_count()
    files = {"work": work_path, "people": people_path, "results": results_path}
    return {
        **{f"{name}_mb": path(warehouse).stat().st_size / 1e6 for name, path in files.items()},
        "records_mb": sum(p.stat().st_size for p in home_of(warehouse).rglob("*") if p.is_file())
        / 1e6,
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
        seen = soak(directory, Path(folder) / "warehouse", refreshes)
    shown = seen[seen["refresh"] % _EVERY == _EVERY - 1] if refreshes > _EVERY else seen
    print(shown.round(2).to_string(index=False))


if __name__ == "__main__":
    main()

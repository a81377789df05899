"""What workers' images are made of, what they cost, and what has to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_headcount_assets.compute.modal import packages
from ml_headcount_assets.compute.modal.app import ModalClient, has_credentials
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.cost import Timed, cost_in_words, time_tasks, worker_seconds
from ml_headcount_assets.compute.modal.messages import library_versions
from ml_headcount_assets.compute.modal.packages import (
    CPU_ROOTS,
    GPU_ROOTS,
    closure,
    pins,
    read_lock,
)
from ml_headcount_assets.compute.modal.ranges import Range, range_size
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.errors import InputError

LOCK = Path(packages.__file__).resolve().parents[3] / "docker" / "constraints.txt"


def lock_of(tmp_path: Path, **other: str | None) -> Path:
    """A lock with all roots, the decisive ones as they are installed here."""
    releases = {root: "1.0" for root in GPU_ROOTS} | dict(library_versions()) | other
    lines = [f"{name}=={release}" for name, release in releases.items() if release]
    path = tmp_path / "constraints.txt"
    path.write_text("# releases\n" + "\n".join(lines) + "\n")
    return path


def test_images_have_what_the_work_needs_in_the_releases_of_the_lock() -> None:
    locked = read_lock(LOCK)
    on_cpu, on_gpu = pins(CPU_ROOTS, LOCK), pins(GPU_ROOTS, LOCK)
    # pandas needs python-dateutil, which needs six.
    needed = {"array-api-compat", "numpy", "pandas", "python-dateutil", "scipy", "six"}
    needed |= {"threadpoolctl"}
    # torch differentiates the hierarchical model; the rest is what it imports itself.
    torch = {"torch", "filelock", "fsspec", "jinja2", "markupsafe", "mpmath", "networkx"}
    torch |= {"setuptools", "sympy", "typing-extensions"}
    on_cpu_names = {pin.partition("==")[0] for pin in on_cpu}
    assert needed | {"torch"} <= on_cpu_names <= needed | torch
    assert set(on_cpu) < set(on_gpu)
    names = {pin.partition("==")[0] for pin in on_gpu}
    assert {"torch", "tokenizers", "huggingface-hub", "joblib", "sympy"} <= names
    assert not names & {"dagster", "duckdb", "modal", "pyarrow"}
    for pin in on_gpu:
        name, release = pin.split("==")
        assert locked[name] == release


def test_markers_of_other_machines_and_extras_are_left_out() -> None:
    # tzdata is for Windows, numba and pyarrow are extras of pandas.
    assert not {"tzdata", "numba", "pyarrow"} & set(closure(["pandas"]))


def test_a_lock_that_is_not_there_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MODAL_TOKEN_ID", "ak-1")
    monkeypatch.setenv("MODAL_TOKEN_SECRET", "as-1")
    monkeypatch.setenv(packages.LOCK_VARIABLE, str(tmp_path / "none.txt"))
    with pytest.raises(InputError, match=r"no lock at .*none.txt.*--compute local"):
        ModalCompute().map(abs, [1])


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"numpy": "1.0"}, r"numpy .* is installed here, and .* pins 1.0"),
        ({"scipy": None}, "does not pin scipy"),
    ],
)
def test_a_lock_that_workers_could_not_follow_is_refused(
    tmp_path: Path, other: dict[str, str | None], reason: str
) -> None:
    assert pins(CPU_ROOTS, lock_of(tmp_path))
    with pytest.raises(InputError, match=reason):
        pins(CPU_ROOTS, lock_of(tmp_path, **other))


def test_a_lock_with_ranges_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "constraints.txt"
    path.write_text("numpy==2.0\nscipy>=1.0\n")
    with pytest.raises(InputError, match="line 2 is not a pin"):
        read_lock(path)


def test_without_credentials_nothing_is_done_and_a_message_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_CONFIG_PATH"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    done: list[int] = []
    with pytest.raises(InputError) as refused:
        ModalCompute(client=ModalClient()).map(done.append, [1, 2, 3])
    for part in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "modal token new", "--compute local"):
        assert part in str(refused.value)
    assert done == []
    (tmp_path / ".modal.toml").write_text("")
    assert has_credentials({})
    assert not has_credentials({"MODAL_TOKEN_ID": "ak-1", "MODAL_CONFIG_PATH": str(tmp_path / "n")})
    assert has_credentials({"MODAL_TOKEN_ID": "ak-1", "MODAL_TOKEN_SECRET": "as-1"})


def test_settings_come_from_the_environment() -> None:
    chosen = ModalSettings.from_environment(
        {
            "ML_HEADCOUNT_MODAL_CORES": "16",
            "ML_HEADCOUNT_MODAL_GPU": "H100:2",
            "ML_HEADCOUNT_MODAL_POLL_SECONDS": "1.5",
            "ML_HEADCOUNT_MODAL_RETRIES": "",
        }
    )
    assert chosen == ModalSettings(cores=16, gpu="H100:2", poll_seconds=1.5)
    for variable, text in (("CORES", "many"), ("CORES", "0"), ("RETRIES", "-1"), ("CORES", "1.5")):
        with pytest.raises(InputError, match=r"(?i)cores|retries"):
            ModalSettings.from_environment({f"ML_HEADCOUNT_MODAL_{variable}": text})


def test_prices_add_up() -> None:
    settings = ModalSettings(
        cores=10, memory_gib=20, price_core_second=0.1, price_gib_second=0.01, gpu_cores=2
    )
    assert settings.price_per_second("cpu") == pytest.approx(10 * 0.1 + 20 * 0.01)
    two = ModalSettings(gpu="X:2", gpu_cores=1, gpu_memory_gib=1, price_gpu_second=5.0)
    beside = two.price_core_second + two.price_gib_second
    assert two.price_per_second("gpu") == pytest.approx(10.0 + beside)
    with pytest.raises(InputError, match="PRICE_GPU_SECOND"):
        ModalSettings(gpu="X").price_per_second("gpu")


def test_the_estimate_is_time_times_price() -> None:
    ranges = [Range(0, 64, "a"), Range(64, 128, "b"), Range(128, 138, "c")]
    # 64 tasks on 64 cores take as long as one, and so do the last ten.
    assert worker_seconds(ranges, 2.0, cores=64) == pytest.approx(6.0)
    settings = ModalSettings(
        in_flight=2, startup_seconds=7.0, price_core_second=1 / 64, price_gib_second=0.0
    )
    words = cost_in_words(ranges, Timed(3, 2.0), settings, "cpu")
    assert "$20.00" in words  # 3 ranges of 2 s, 2 starts of 7 s, 1 dollar a second
    assert "138 tasks in 3 ranges, on up to 2 workers with 64 cores" in words
    assert "3 tasks timed on this machine" in words
    assert "June 2026" in words


def test_a_few_tasks_are_timed() -> None:
    seen: list[int] = []
    timed = time_tasks(seen.append, list(range(9)))
    assert seen == [0, 4, 8]
    assert timed.tasks == 2
    assert timed.seconds >= 0


def test_ranges_keep_cores_and_workers_busy() -> None:
    assert range_size(10, cores=64, workers=10) == 64
    assert range_size(6_400, cores=64, workers=10) == 160
    assert range_size(1_000_000, cores=64, workers=10) == 25_000
    assert range_size(3, cores=1, workers=10) == 1

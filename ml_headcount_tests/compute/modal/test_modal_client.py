"""Modal's own client, on a server that speaks its protocol, with workers in fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ml_headcount_assets.compute.modal.packages import CPU_ROOTS, GPU_ROOTS, pins

ROOT = Path(__file__).resolve().parents[3]
LOCK = ROOT / "docker" / "constraints.txt"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What came of an estimate in a process of its own."""
    home = tmp_path_factory.mktemp("home")
    done = subprocess.run(
        [sys.executable, "-m", "ml_headcount_tests.compute.modal.with_modal"],
        cwd=ROOT,
        env={**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_intervals_are_those_of_this_machine(report: dict[str, Any]) -> None:
    assert report["same"]
    # One worker died on the way.
    assert sum("1 calls repeated" in line for line in report["lines"]) == 1
    assert report["spawned"] > len(report["pages"]) >= 3
    for page in report["pages"]:
        assert any(page in line for line in report["lines"])


def test_the_machines_are_as_asked(report: dict[str, Any]) -> None:
    functions = {
        "gpu" if function["gpu"] else "cpu": function for function in report["functions"].values()
    }
    for function in functions.values():
        assert function["module"] == "ml_headcount_assets.compute.modal.worker"
        assert function["name"] == "run_range"
        assert function["timeout"] == 3600
        assert function["retries"] == 2
    assert functions["cpu"]["milli_cpu"] == 64_000
    assert functions["cpu"]["memory_mb"] == 64 * 1024
    assert functions["gpu"]["gpu"] == "H100"
    assert functions["gpu"]["volumes"] == ["/models"]
    assert functions["cpu"]["volumes"] == []


def test_images_install_the_pins_of_the_lock(report: dict[str, Any]) -> None:
    installing = [
        next(line for line in image if "pip install" in line)
        for image in report["images"]
        if any("numpy==" in line for line in image)
    ]
    # The last words of an installation are the packages.
    found = [{word for word in line.split() if "==" in word} for line in installing]
    assert set(pins(CPU_ROOTS, LOCK)) in found
    assert set(pins(GPU_ROOTS, LOCK)) in found


def test_an_error_stops_the_app(report: dict[str, Any]) -> None:
    assert "answer arrived damaged" in report["error"]
    assert report["pages"][-1] in report["error"]
    assert report["disconnected"] == len(report["pages"])
    interrupted = report["disconnected_after_interrupt"]
    assert report["disconnected_after_error"] == report["disconnected"] + interrupted + 1
    assert report["cancelled_after_error"] > report["cancelled"]


def test_an_interrupt_stops_the_app_and_whoever_waits_for_it(report: dict[str, Any]) -> None:
    # Modal's client keeps an interrupt to itself.
    assert report["interrupt_heard"]
    assert report["disconnected_after_interrupt"] == 1

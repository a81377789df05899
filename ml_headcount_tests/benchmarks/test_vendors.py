"""The benchmark of vendors' forms measures each of them."""

from __future__ import annotations

from pathlib import Path

from ml_headcount_tests.ingest.vendors.records import MAKERS

from .vendors import vendors


def test_every_form_is_measured(tmp_path: Path) -> None:
    lines = list(vendors(tmp_path, count=100, files=2))
    assert len(lines) == 2 * len(MAKERS) - 1 + 4
    assert all(line.value > 0 for line in lines)
    goals = [line.what for line in lines if line.goal and not line.at_least]
    assert goals == ["... times as long as those of bright_data"] * (len(MAKERS) - 1)

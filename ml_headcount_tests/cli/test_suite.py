"""The validity suite from the command line, on worlds of a second."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.validity.peers import PEERS
from ml_headcount_tests.browser import found_browser

SMALL = [
    "calibrate", "--suite", "--worlds", "1", "--companies", "20", "--profiles", "600",
    "--draws", "50", "--scenario", "matched", "--scenario", "2_rated",
    "--methods", "oracle,five_layer,rogan_gladen",
]  # fmt: skip


def run(*options: str) -> str:
    result = CliRunner().invoke(main, [*SMALL, *options], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    return result.output


def test_a_table_a_scenario_and_who_cannot_what(tmp_path: Path) -> None:
    kept = tmp_path / "scores.jsonl"
    output = run("--keep", str(kept))
    assert "matched: Prevalences follow the default priors" in output
    assert "2_rated: One rated CV a class" in output
    assert "to oracle" in output
    for name, peer in PEERS.items():
        assert name in output
        assert peer.is_installed or f"{name} (not installed)" in output
    lines = kept.read_text()
    assert len(lines.splitlines()) == 6
    again = run("--keep", str(kept), "--by", "evidence")
    assert kept.read_text() == lines
    assert "hits" in again
    if found_browser() is None:
        pytest.skip("what draws figures is a browser (Debian: chromium)")
    drawn = run("--keep", str(kept), "--figures", str(tmp_path / "drawn"))
    assert "Wrote 4 figures" in drawn
    assert len(list((tmp_path / "drawn").glob("*.svg"))) == 4

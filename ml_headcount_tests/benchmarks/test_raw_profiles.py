"""The benchmark of raw profiles compares like with like."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ml_headcount_assets.text.filters import published_filters
from ml_headcount_assets.worlds.simulation import simulate_study

from . import raw_profiles as module
from .raw_profiles import against_a_loop, raw_profiles


def test_every_line_is_measured(tmp_path: Path) -> None:
    lines = raw_profiles(tmp_path, simulate_study(companies=6, profiles=300))
    assert [line.goal for line in lines] == [None, None, None, 90.0, 2.0, None, None, 10.0]
    assert lines[3].value == pytest.approx(lines[1].value + lines[2].value)
    assert lines[-1].value == pytest.approx(lines[-3].value / lines[-2].value)
    assert 0.05 < lines[4].value < 2


def test_labels_that_differ_are_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = {name: np.array([True]) for name in published_filters().rules}
    monkeypatch.setattr(module, "keyword_labels", lambda *_: labels)
    with pytest.raises(AssertionError, match="do not agree"):
        against_a_loop(["nothing"], published_filters())

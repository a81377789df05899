"""Figures as files: each in the form that is asked for, all of them or none."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.export.pictures import write_pictures
from ml_headcount_assets.figures.catalogue import StudyFigure
from ml_headcount_tests.browser import found_browser

STARTS = {"svg": b"<svg", "png": b"\x89PNG", "pdf": b"%PDF"}


def figures() -> list[StudyFigure]:
    return [
        StudyFigure(name, "companies", "t", "a", pd.DataFrame(), go.Figure(go.Bar(y=[1, 2])))
        for name in ("one", "two")
    ]


@pytest.mark.skipif(found_browser() is None, reason="needs a browser (Debian: chromium)")
def test_each_figure_is_a_file(tmp_path) -> None:
    told = []
    files = write_pictures(figures(), tmp_path / "new", "svg", lambda *each: told.append(each))
    assert [path.name for path in files] == ["01-one.svg", "02-two.svg"]
    assert sorted((tmp_path / "new").iterdir()) == files
    assert all(path.read_bytes().startswith(STARTS["svg"]) for path in files)
    assert told[0] == (0, 2)
    assert told[-1] == (2, 2)


def test_without_a_browser_that_is_said_and_nothing_is_left(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "nowhere"))
    with pytest.raises(InputError, match="apt-get install chromium"):
        write_pictures(figures(), tmp_path / "new", "png", lambda *_: None)
    assert not list((tmp_path / "new").iterdir())

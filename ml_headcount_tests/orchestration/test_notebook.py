"""The notebook of the documentation, run on a small study."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import ml_headcount_assets as mh
from ml_headcount_tests.notebooks import run

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "notebook.ipynb"


@pytest.fixture(scope="module")
def seen(pristine, tmp_path_factory):
    """What the cells show, by their first lines, the names that are left, and the folder."""
    notebook, folder = json.loads(NOTEBOOK.read_text()), tmp_path_factory.mktemp("notebook")
    names = run(notebook, folder, warehouse=os.fspath(pristine[1]))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return {"".join(cell["source"]).split("\n")[0]: cell["shown"] for cell in cells}, names, folder


def test_what_the_notebook_shows_is_what_is_published(seen, pristine):
    shown, names, folder = seen
    study = mh.open_study(pristine[1])
    total = study.query(
        "SELECT low, median, high, level FROM portfolio_intervals"
        " WHERE grouping = 'all' AND estimator = 'five_layer'"
    ).iloc[0]
    headline = shown["study.total()"][1]
    assert {name: headline[name] for name in total.index} == total.to_dict()
    told = shown['steps = study.company_figures(seen["company_id"].iloc[0])["waterfall"]'][0]
    largest = study.intervals().query("evidence == 'profiles'")["median"].max()
    assert names["steps"].numbers["median"].iloc[-1] == largest
    assert f"{largest:,.0f} " in told
    written = pd.read_parquet(folder / "results" / "headcount_intervals.parquet")
    own = written[written["estimator"] == "five_layer"].set_index("company_id")["median"]
    stored = study.intervals().set_index("company_id")["median"]
    pd.testing.assert_series_equal(own.sort_index(), stored.sort_index())


def test_the_notebook_has_what_it_showed_of_another_study_and_no_path_of_it():
    text = NOTEBOOK.read_text()
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    shown = sum(bool(cell["outputs"]) for cell in cells)
    assert shown >= len(cells) - 1, "write it with ml_headcount_tests.notebooks"
    assert not [part for part in ("/home", "/tmp", "/root", "Traceback") if part in text]
    assert len(text) < 1_000_000


def test_draws_go_to_arviz(pristine):
    study = mh.open_study(pristine[1])
    data, result = study.to_arviz(), study.draws()
    experts = data["posterior"]["experts"]
    known = ~np.ma.getmaskarray(result.draws).any(axis=1)
    assert experts.dims == ("chain", "draw", "company")
    assert experts.shape == (1, 60, known.sum())
    assert experts["company"].values.tolist() == result.company_id[known].tolist()
    np.testing.assert_array_equal(experts.values[0].T, result.draws[known])
    total = data["posterior"]["total"].quantile(0.5, method="inverted_cdf")
    assert float(total) == study.total()["median"]
    assert data["posterior"].attrs["estimator"] == "five_layer"
    sizes = data["constant_data"]["headcount"].to_series()
    stored = study.intervals().set_index("company_id")["headcount"]
    assert sizes.notna().equals(stored[sizes.index].notna().rename("headcount"))
    assert sizes.dropna().tolist() == stored[sizes.dropna().index].tolist()


def test_without_arviz_that_is_said(pristine, monkeypatch):
    monkeypatch.setitem(sys.modules, "arviz_base", None)
    with pytest.raises(mh.errors.InputError, match=r"arviz_base.*\[arviz\]"):
        mh.open_study(pristine[1]).to_arviz()


def test_an_export_in_a_form_that_there_is_not_writes_nothing(pristine, tmp_path):
    with pytest.raises(mh.errors.InputError, match="'bmp'; choose svg"):
        mh.open_study(pristine[1]).export(tmp_path / "out", figures="bmp")
    assert not (tmp_path / "out").exists()

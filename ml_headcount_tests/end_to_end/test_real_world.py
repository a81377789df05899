"""Small studies in the forms of real files, run from the command line as their READMEs say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.warehouse.store import TableStore

RunInput = Callable[[str], tuple[TableStore, str]]

_INPUTS = Path(__file__).resolve().parents[2].parent / "shared" / "real-world"


@pytest.fixture
def run_input(tmp_path: Path) -> RunInput:
    """Run one of the inputs into a warehouse of its own, and return that and what was printed."""
    if not _INPUTS.is_dir():
        pytest.skip("needs the inputs at ../shared/real-world, which are not there")

    def run(name: str) -> tuple[TableStore, str]:
        warehouse = tmp_path / "warehouse"
        arguments = ["run", "--study", _INPUTS / name, "--warehouse", warehouse]
        result = CliRunner(env={"COLUMNS": "200"}).invoke(main, [str(each) for each in arguments])
        assert result.exit_code == 0, result.output
        return TableStore(warehouse), result.output

    return run


def _medians(store: TableStore) -> pd.Series:
    return store.read("headcount_intervals").set_index("company")["median"]


def test_results_of_an_openai_batch(run_input: RunInput) -> None:
    store, output = run_input("15-openai-batch-output")
    labels = store.read("llm_labels")
    labels = labels[labels["annotator"] == "llm_x"].set_index("profile_id")
    assert labels["label"].value_counts().to_dict() == {0: 8, 1: 6}
    assert labels.loc["q14", "missing"] == "the batch expired before the request was answered"
    assert "labels/llm_x/output.jsonl: JSON, OpenAI, 15 records" in output


def test_hits_with_a_point_between_thousands(run_input: RunInput) -> None:
    store, output = run_input("19-hits-thousands")
    hits = store.read("company_counts").pivot(index="company", columns="annotator", values="hits")
    assert hits.loc["beta"].tolist() == hits.loc["gamma"].tolist() == [1000, 1000]
    medians = _medians(store)
    assert 20 < medians["beta"] < 60
    assert 20 < medians["gamma"] < 60
    assert "'.' is read as a separator of thousands: 1.000 is 1000" in output


def test_python_literals_in_a_table(run_input: RunInput) -> None:
    store, output = run_input("21-python-literals-in-csv")
    profiles = store.read("profiles")
    assert profiles["company"].value_counts().to_dict() == {"acme": 20}
    labels = store.read("keyword_labels")
    fired = labels[labels["annotator"] == "filter_ml"]["label"].sum()
    assert fired == 6
    assert "is a Python literal and no JSON" in output


def test_labels_that_are_true_and_false(run_input: RunInput) -> None:
    store, _ = run_input("23-labels-true-false")
    labels = store.read("profile_labels")
    assert labels["label"].notna().mean() > 0.95
    assert {1, 0} == set(labels[labels["annotator"] == "llm_sonnet_4"]["label"].dropna())
    assert 18 <= _medians(store).sum() <= 34


def test_dates_of_snapshots(run_input: RunInput) -> None:
    store, _ = run_input("25-dates-of-snapshots")
    at = store.read("profiles").set_index("profile_id")["company"]
    # A day that could be a month is after 2019 either way; what cannot be read decides nothing.
    assert at.loc[["t1", "t2", "t3", "t4"]].tolist() == ["newco"] * 4


def test_all_files_of_a_delivery(run_input: RunInput) -> None:
    store, output = run_input("27-one-file-of-a-delivery-skipped")
    assert len(store.read("profiles")) == 30
    assert 15 < _medians(store)["acme"] < 45
    assert "profiles/a.jsonl and 1 more: JSON" in output

"""The history of what was published, on a terminal of 80 columns."""

import io

import pandas as pd
from rich.console import Console

from ml_headcount_assets.cli.history_tables import changes_table, runs_table
from ml_headcount_assets.warehouse.refreshes import moved_companies

NARROW = 80


def shown(table) -> str:
    """What a terminal shows, without the breaks of lines within its columns."""
    console = Console(width=NARROW, file=io.StringIO())
    console.print(table)
    text = console.file.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= NARROW
    return text


def test_runs_of_millions_with_all_that_had_changed_fit():
    run = {"finished": "2026-11-28T00:24:11", "median": 1_234_567.0, "low": 1_134_567.0}
    run |= {"high": 2_234_567.0, "level": 0.995, "companies": 5_000, "data": "companies_file"}
    run |= {"settings_changed": "ratings_are_random", "version_changed": "package 1.0.0"}
    text = shown(runs_table(pd.DataFrame([run])))
    for number in ("1,234,567", "1,134,567 to", "2,234,567", "99.5 %", "5,000"):
        assert number in text
    last = "".join(line[-15:].strip() for line in text.splitlines()[2:])
    assert "data:companies_file;settings:ratings_are_random;version:package1.0.0" in last.replace(
        " ", ""
    )


def test_companies_of_millions_with_long_names_fit():
    company = {"company_id": "x" * 60, "before": 1_234_567.0, "low_before": 1_134_567.0}
    company |= {"high_before": 1_334_567.0, "now": 7_234_567.0, "low": 6_134_567.0}
    text = shown(changes_table(pd.DataFrame([company | {"high": 8_334_567.0}]), of=100))
    assert text.count("x") == 60
    for number in ("1,134,567 to", "1,334,567", "7,234,567", "6,134,567 to", "8,334,567"):
        assert number in text


def test_companies_that_did_not_move_are_not_among_those_that_moved_most():
    rows = [
        ("stays", 4.0, 2.0, 6.0, 4.0, 2.0, 6.0),
        ("never had any", None, None, None, None, None, None),
        ("is less sure", 4.0, 2.0, 6.0, 4.0, 2.0, 7.0),
        ("came", None, None, None, 4.0, 2.0, 6.0),
    ]
    names = ["company_id", "before", "low_before", "high_before", "now", "low", "high"]
    moved = moved_companies(pd.DataFrame(rows, columns=names))
    assert moved["company_id"].tolist() == ["is less sure", "came"]

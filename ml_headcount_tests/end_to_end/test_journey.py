"""From nothing to a report: simulate, run, look, export, compare."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.warehouse.publish import Published
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_tests.little_effort import ask_for_little

from .conftest import FEW_DRAWS, Command, StudyFiles

STAGES = ("companies", "annotator_fit", "pattern_counts", "headcount_draws", "portfolio_intervals")


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """A simulated study, run and exported once; what each command printed."""
    home = tmp_path_factory.mktemp("journey")
    study, truth = home / "study", home / "study" / "truth" / "truth.csv"
    warehouse = home / "warehouse"
    stored = ["--warehouse", warehouse]
    commands = {
        "simulate": ["--out", study, "--companies", 30, "--profiles", 3_000, "--seed", 11],
        "run": ["--study", study, "--draws", 128, *stored],
        "export": ["--to", home / "out", "--truth", truth, *stored],
        "compare": ["--truth", truth, *stored],
    }
    seen: dict[str, object] = {"home": home, "warehouse": warehouse}
    for name, arguments in commands.items():
        environment = {"COLUMNS": "160"}
        result = CliRunner(env=environment).invoke(main, [name, *map(str, arguments)])
        assert result.exit_code == 0, result.output
        if name == "simulate":
            ask_for_little(study)
        seen[name] = result.output
    return seen


def test_each_command_says_what_it_did(journey: dict) -> None:
    assert "30 companies, 3,000 labelled profiles and 585 rated CVs" in journey["simulate"]
    for stage in STAGES:
        assert stage in journey["run"]
    assert "All companies together" in journey["run"]
    assert "warehouse" in journey["run"]
    said = " ".join(journey["run"].split())
    assert f"ml-headcount export --to DIR --warehouse {journey['warehouse']}," in said
    assert "report.html" in journey["export"]
    for estimator in ("hierarchical", "five_layer", "independent", "log_debias"):
        assert estimator in journey["compare"]


def test_the_table_shows_what_is_stored(journey: dict) -> None:
    stored = TableStore(journey["warehouse"]).read("headcount_intervals")
    rows = stored[(stored["estimator"] == "hierarchical") & (stored["evidence"] != "none")]
    largest = rows.sort_values(["median", "mean"], ascending=False).iloc[0]
    line = next(line for line in journey["run"].splitlines() if line.startswith("  Company"))
    number = largest["company_id"].removeprefix("company-")
    low, middle, high = (f"{largest[name]:,.0f}" for name in ("low", "median", "high"))
    assert line.split()[:2] == ["Company", number]
    assert line.split()[4:7] == [low, middle, high]


def test_the_query_in_the_docs_gives_the_stored_total(journey: dict) -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "data.md"
    query = re.search(r"```sql\n(.*?)```", page.read_text(), re.DOTALL)[1]
    store = TableStore(journey["warehouse"])
    totals = store.read("portfolio_intervals")
    countries = totals[(totals["grouping"] == "country") & (totals["estimator"] == "five_layer")]
    largest = countries.sort_values("companies").iloc[-1]
    assert "'Japan'" in query
    found = store.query(query.replace("'Japan'", f"'{largest['group_name']}'")).iloc[0, 0]
    assert list(found) == largest[["low", "median", "high"]].tolist()


def test_exported_tables_agree_in_every_format(journey: dict) -> None:
    out = journey["home"] / "out"
    csv = pd.read_csv(out / "headcount_intervals.csv")
    parquet = pd.read_parquet(out / "headcount_intervals.parquet")
    sheet = pd.read_excel(out / "results.xlsx", sheet_name="headcount_intervals")
    assert len(csv) == 30 * 4
    numbers = ["n_profiles", "headcount", "mean", "low", "median", "high"]
    for other in (parquet, sheet):
        assert list(other.columns) == list(csv.columns)
        pd.testing.assert_frame_equal(
            other[numbers].astype(float), csv[numbers].astype(float), check_dtype=False
        )
    stored = TableStore(journey["warehouse"]).read("headcount_intervals")
    assert csv["median"].sum() == stored["median"].sum()


def test_no_evidence_is_empty_in_every_format(journey: dict) -> None:
    out = journey["home"] / "out"
    stored = TableStore(journey["warehouse"]).read("headcount_intervals")
    unknown = set(stored.loc[stored["evidence"] == "none", "company_id"])
    assert unknown, "the simulated study is to have a company without evidence"
    numbers = ["mean", "sd", "low", "median", "high", "share"]
    for table in (
        pd.read_csv(out / "headcount_intervals.csv"),
        pd.read_parquet(out / "headcount_intervals.parquet"),
        pd.read_excel(out / "results.xlsx"),
    ):
        rows = table[table["company_id"].isin(unknown)]
        assert rows[numbers].isna().all(axis=None)
        assert (rows["confidence"] == "no evidence").all()


def test_report_needs_no_network_and_holds_every_company(journey: dict) -> None:
    page = (journey["home"] / "out" / "report.html").read_text()
    assert 'src="http' not in page
    assert "<link" not in page
    assert page.count('<figure id="figure-') > 40
    table = page[page.index('<table id="table">') : page.index("</table>")]
    assert table.count("<tr") == 31
    assert "no evidence" in table
    data = page[page.index('id="figure-companies"') :]
    assert "true number" in data[: data.index("</figure>")]


def test_comparison_ranks_the_estimators(journey: dict) -> None:
    covered = {
        line.split()[0]: int(line.split()[2])
        for line in journey["compare"].splitlines()
        if line.startswith(("  five_layer", "  log_debias"))
    }
    assert covered["five_layer"] > 70
    assert covered["log_debias"] < covered["five_layer"] - 20


def test_a_run_of_what_is_published_shows_that_and_begins_nothing(
    files: StudyFiles, command: Command, after_run: str
) -> None:
    again = ("run", "--study", files.directory, *FEW_DRAWS)
    # The whole of the command line is told where to look, since it is another process.
    warehouse = ("--warehouse", Path(".ml-headcount", "warehouse").resolve())
    assert "dagster" not in loaded_by(*again, *warehouse)
    told = command(*again).output
    assert "Nothing has changed since this was published" in told
    table = "Machine-learning experts by"
    assert told[told.index(table) :].startswith(after_run[after_run.index(table) :][:400])

    published = Path(".ml-headcount", "warehouse", "results.duckdb")
    before = published.read_bytes()
    assert "unchanged" not in command(*again, "--again").output
    assert published.read_bytes() != before  # made anew
    assert len(Published(published).read("runs")) == 1  # and the very same

    command(*again, "--company", "ACME")  # which tells nothing of the others
    assert "Unchanged and not computed again: 4 of 4 companies" in command(*again).output
    assert "Nothing has changed" in command(*again).output


def test_history_tells_what_changed_and_why(
    files: StudyFiles, command: Command, after_run: str
) -> None:
    files.companies.loc[0, "headcount"] = 31
    changed = command("run", "--study", files.write(), *FEW_DRAWS).output
    assert "Nothing has changed" not in changed
    history = command("history").output
    assert "data: companies_file" in history
    assert "acme" in history


def test_one_company_is_refreshed_with_the_same_numbers(
    files: StudyFiles, command: Command, after_run: str
) -> None:
    warehouse = Path(".ml-headcount") / "warehouse"
    before = TableStore(warehouse).read("headcount_draws")
    files.profiles = pd.concat([files.profiles, files.profiles.head(6)], ignore_index=True)
    study = files.write()
    output = command("run", "--study", study, *FEW_DRAWS, "--company", "ACME").output
    after = TableStore(warehouse).read("headcount_draws")
    same = before["company"] != "acme"
    pd.testing.assert_frame_equal(before[same], after[same])
    assert (before.loc[~same, "n_profiles"] + 6).tolist() == after.loc[~same, "n_profiles"].tolist()
    table = output[output.index("experts by") : output.index("All companies")]
    assert "Acme" in table
    assert "Bits" not in table
    assert "Rated CVs " not in output  # of what the doctor tells, which reads everything


def test_settings_on_the_command_line_replace_the_studys(
    files: StudyFiles, command: Command
) -> None:
    study = files.write()
    options = ["--estimator", "independent", "--draws", 96, "--seed", 5]
    command("run", "--study", study, *options, "--warehouse", "other")
    draws = TableStore("other").read("headcount_draws")
    assert set(draws["estimator"]) == {"independent"}
    assert set(draws["draws"].map(len)) == {96}
    command("run", "--study", study, *options[:-1], 6, "--warehouse", "other")
    again = TableStore("other").read("headcount_draws")
    assert any((a != b).any() for a, b in zip(draws["draws"], again["draws"], strict=True))


def test_a_warehouse_is_kept_from_other_studies(
    files: StudyFiles, command: Command, after_run: str
) -> None:
    files.directory = files.directory.with_name("unlike")
    refused = command("run", "--study", files.write(), "--draws", 64)
    assert refused.exit_code == 2
    assert "holds the study 'study', not 'unlike'" in refused.output
    assert len(TableStore(Path(".ml-headcount") / "warehouse").read("companies")) == 4


def test_calibrate_prints_coverage(command: Command) -> None:
    options = ["--worlds", 2, "--companies", 20, "--profiles", 1_000, "--draws", 64]
    output = command("calibrate", *options, "--estimator", "five_layer").output
    assert "2 worlds of 20 companies, scenario matched" in output
    for heading in ("covered", "ranks", "score", "aggregates", "Rank of the true count"):
        assert heading in output


def loaded_by(*arguments: object) -> set[str]:
    """Which libraries that take seconds a command has loaded, in a process of its own."""
    heavy = ("dagster", "pandas", "torch")
    probe = (
        "import json, sys; from click.testing import CliRunner;"
        "from ml_headcount_assets.cli.main import main;"
        "ended = CliRunner().invoke(main, sys.argv[1:]); assert ended.exit_code == 0, ended.output;"
        f"print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    )
    command = [sys.executable, "-c", probe, *map(str, arguments)]
    return set(json.loads(subprocess.run(command, capture_output=True, check=True).stdout))


def test_help_comes_quickly() -> None:
    assert loaded_by("--help") == set()


def test_exporting_needs_no_dagster(journey: dict, tmp_path: Path) -> None:
    arguments = ("export", "--to", tmp_path / "out", "--warehouse", journey["warehouse"])
    assert loaded_by(*arguments) == {"pandas"}


def test_reference_study_runs_as_it_is(command: Command, reference_directory: Path) -> None:
    result = command(
        *("run", "--study", reference_directory, "--config", "schons-2026.yaml"),
        *("--draws", 128, "--estimator", "five_layer", "--warehouse", "reference"),
    )
    assert result.exit_code == 0, result.output
    store = TableStore("reference")
    intervals = store.read("headcount_intervals")
    profiled = intervals[intervals["evidence"] == "profiles"]
    assert {"googledeepmind", "openai", "mistralai"} <= set(profiled["company_id"])
    assert store.read("pattern_counts")["n_profiles"].sum() == 11_205
    assert len(store.read("rated_cvs")) == 585
    unknown = intervals[intervals["evidence"] == "none"]
    assert unknown["median"].isna().all()
    assert f"no evidence {len(unknown)}" in result.output
    assert "Google DeepMind" in result.output
    assert command("export", "--to", "out", "--warehouse", "reference").exit_code == 0

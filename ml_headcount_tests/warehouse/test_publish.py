"""Published results: what is in the file, who may hold it, and what is told of its history."""

from __future__ import annotations

import stat
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.study import Study
from ml_headcount_assets.warehouse import publish as publishing
from ml_headcount_assets.warehouse.beside import people_path, results_path, work_path
from ml_headcount_assets.warehouse.meanings import ROWS
from ml_headcount_assets.warehouse.publish import (
    PUBLISHED_TABLES,
    Published,
    Run,
    last_run,
    publish,
    publish_keywords,
    published_study,
)
from ml_headcount_assets.warehouse.refreshes import changed_companies, refreshes
from ml_headcount_assets.warehouse.schemas import PEOPLE_TABLES, RUN_TABLES, TABLES
from ml_headcount_assets.warehouse.store import TableStore

MARK = "zz-somebody-zz"


@pytest.fixture
def study(tmp_path) -> Study:
    for name in ("companies", "validation", "profiles"):
        (tmp_path / f"{name}.csv").touch()
    files = {name: {"path": tmp_path / f"{name}.csv"} for name in ("companies", "validation")}
    files["profiles"] = {"path": tmp_path / "profiles.csv"}
    return Study.model_validate(
        {"directory": tmp_path, "name": "small", "files": files, "estimators": ["five_layer"]}
    )


@pytest.fixture
def warehouse(tmp_path) -> Path:
    folder = tmp_path / "warehouse"
    fill(folder, 5.0)
    return folder


def fill(folder: Path, median: float) -> None:
    interval = {"mean": median, "sd": 1.0, "low": median - 1, "median": median, "high": median + 1}
    interval |= {"level": 0.8, "estimator": "five_layer"}
    row = {"company": "a", "company_id": "A", "n_profiles": 3, "headcount": 9, "flags": ""}
    row |= {"evidence": "profiles", "share": 0.5, "confidence": "probable"}
    total = {"grouping": "all", "group_name": "all", "companies": 1}
    reject = {"reader": "profiles", "source_file": "p.csv", "line": 3, "field": "text"}
    reject |= {"reason": "empty", "value_digest": MARK}
    profile = {"company": "a", "company_id": "A", "profile_id": MARK, "snapshot": None}
    profile |= {"text": MARK, "text_hash": "h", "recipe": "1"}
    with TableStore(folder).transaction() as transaction:
        for name, content in {
            "headcount_intervals": row | interval,
            "portfolio_intervals": total | {"companies_without_evidence": 0} | interval,
            "rejects": reject,
            "profiles": profile,
        }.items():
            transaction.replace(name, pd.DataFrame([content]))


def run(number: int) -> Run:
    return Run(f"run-{number}", datetime(2026, 1, number, tzinfo=UTC), True)


def test_the_last_run_is_the_last_also_if_the_clock_was_set_back(warehouse, study, monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.ahead if median == 5.0 else datetime(2026, 1, 1, tzinfo=tz)

        ahead = datetime(2027, 6, 1, tzinfo=UTC)

    monkeypatch.setattr(publishing, "datetime", Clock)
    for number, median in enumerate((5.0, 6.0, 7.0), start=1):
        fill(warehouse, median)
        publish(warehouse, study, {}, run(number))
        assert last_run(Published(warehouse))["run"] == f"run-{number}"
    found = refreshes(Published(warehouse))
    assert found["median"].tolist() == [5.0, 6.0, 7.0]


def test_every_table_that_tells_of_a_person_is_kept_apart():
    # Where there is a text, there is its hash; other columns of the name "text" are of counts.
    telling = {"profile_id", "rated_id", "text_hash", "value_digest", "key"}
    assert {name for name, spec in TABLES.items() if telling & {*spec.columns}} == PEOPLE_TABLES
    assert set(PUBLISHED_TABLES) == set(TABLES) - PEOPLE_TABLES | {"rejects"}


def test_nobody_is_in_what_is_published_nor_in_the_work(warehouse, study):
    publish(warehouse, study, {}, run(1))
    assert MARK.encode() in people_path(warehouse).read_bytes()
    for path in (results_path(warehouse), work_path(warehouse)):
        assert MARK.encode() not in path.read_bytes()
    with Published(warehouse).snapshot() as snapshot:
        assert not any(map(snapshot.has, PEOPLE_TABLES - {"rejects"}))
        assert snapshot.read("rejects")["value_digest"].isna().all()
        assert snapshot.read("rejects")["reason"].tolist() == ["empty"]


def test_whoever_opens_the_file_reads_what_tables_and_columns_mean(warehouse, study):
    assert set(ROWS) == {*PUBLISHED_TABLES, *RUN_TABLES}
    publish(warehouse, study, {}, run(1))
    publish_keywords(warehouse)  # which writes all of the file again
    published = Published(warehouse)
    columns = published.query(
        "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal"
    )
    assert columns["comment"].str.len().gt(3).all()
    told = columns.set_index(["table_name", "column_name"])["comment"]
    assert told["headcount_intervals", "median"] == "Median of the draws (people)"
    assert told["headcount_intervals", "share"].startswith("Median share of the employees")
    tables = published.query("SELECT table_name, comment FROM duckdb_tables()")
    said = tables.set_index("table_name")["comment"]
    assert said["headcount_intervals"] == (
        "A row is: the experts of a company, by an estimator. Intervals (low to high) hold 80 %."
    )
    assert said["rejects"].endswith("could be read otherwise.")
    assert said.str.startswith("A row is: ").all()


def test_files_are_their_owners(warehouse, study):
    publish(warehouse, study, {}, run(1))
    assert stat.S_IMODE(warehouse.stat().st_mode) == 0o700
    for path in warehouse.glob("*.duckdb"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_a_reader_keeps_what_it_opened_and_holds_up_nobody(warehouse, study):
    publish(warehouse, study, {}, run(1))
    select = "SELECT median FROM portfolio_intervals"
    with duckdb.connect(str(results_path(warehouse)), read_only=True) as reader:
        fill(warehouse, 7.0)
        publish(warehouse, study, {}, run(2))
        assert reader.execute(select).fetchall() == [(5.0,)]
    assert Published(warehouse).query(select)["median"].tolist() == [7.0]


def test_settings_in_force_are_those_of_what_is_published(warehouse, study):
    publish(warehouse, study.model_copy(update={"level": 0.9, "seed": 4}), {}, run(1))
    stored = published_study(Published(warehouse))
    assert (stored.level, stored.seed, stored.name) == (0.9, 4, "small")
    assert str(study.directory) not in Published(warehouse).read("runs")["settings"].iloc[0]


def test_history_says_what_changed_and_why(warehouse, study):
    publish(warehouse, study, {"companies_file": "1", "study_settings": "1"}, run(1))
    fill(warehouse, 8.0)
    publish(warehouse, study, {"companies_file": "2", "study_settings": "1"}, run(2))
    fill(warehouse, 9.0)
    other = study.model_copy(update={"seed": 3})
    publish(warehouse, other, {"companies_file": "2", "study_settings": "2"}, run(3))
    told = refreshes(Published(warehouse))
    assert told["median"].tolist() == [5.0, 8.0, 9.0]
    assert told["data"].tolist() == ["", "companies_file", ""]
    assert told["settings_changed"].tolist() == ["", "", "seed"]
    assert set(told["version_changed"]) == {""}
    moved = changed_companies(Published(warehouse))
    assert moved[["company_id", "before", "now"]].to_numpy().tolist() == [["A", 8.0, 9.0]]


def test_a_run_that_finds_the_very_same_takes_the_place_of_the_last(warehouse, study):
    for number in (1, 2):
        publish(warehouse, study, {"companies_file": "1"}, run(number))
    assert Published(warehouse).read("runs")["run"].tolist() == ["run-2"]
    assert Published(warehouse).read("history")["run"].tolist() == ["run-2"]


def test_keywords_are_published_beside_the_rest(warehouse, study):
    publish_keywords(warehouse)
    with pytest.raises(InputError, match="no finished run"):
        published_study(Published(warehouse))
    publish(warehouse, study, {}, run(1))
    theme = {"theme": 0, "name": "it", "n_phrases": 1, "phrases": ["it"], "log_odds": 1.0}
    TableStore(warehouse).write("keyword_themes", pd.DataFrame([theme]))
    fill(warehouse, 7.0)
    publish_keywords(warehouse)
    results = Published(warehouse)
    assert results.read("keyword_themes")["name"].tolist() == ["it"]
    assert results.read("portfolio_intervals")["median"].tolist() == [5.0]
    assert results.read("runs")["run"].tolist() == ["run-1"]


def test_no_room_leaves_what_was_published(warehouse, study, monkeypatch):
    publish(warehouse, study, {}, run(1))
    before = results_path(warehouse).read_bytes()
    fill(warehouse, 7.0)

    def full(path, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ComputeError, match=r"No space left.*as it was.*Make room"):
        publish(warehouse, study, {}, run(2))
    assert results_path(warehouse).read_bytes() == before
    assert not list(warehouse.glob("*.unfinished*"))


def test_the_hash_of_the_code_is_that_of_its_text(monkeypatch):
    assert publishing.package_code() == publishing.package_code.__wrapped__()


def test_checks_are_those_of_what_is_published(warehouse, study):
    said = {"asset": "companies", "check": "known", "looks_for": "It is.", "passed": True}
    said |= {"severity": "WARN", "description": None, "numbers": "{}"}
    publish(warehouse, study, {}, run(1), pd.DataFrame([said]))
    failed = said | {"passed": False, "description": "It is not."}
    publish(warehouse, study, {}, run(2), pd.DataFrame([failed]))
    publish_keywords(warehouse)
    assert Published(warehouse).read("checks").to_dict("records") == [failed]


def test_where_files_lie_on_this_machine_is_not_published(warehouse, study):
    elsewhere = study.model_copy(update={"directory": Path("/another/place")})
    for number, given in enumerate((study, elsewhere), start=1):
        publish(warehouse, given, {}, run(number))
        (settings,) = Published(warehouse).read("runs", columns=["settings"])["settings"].tail(1)
        assert "profiles.csv" in settings
        assert str(study.directory) not in settings


def test_fifty_readers_read_on_while_results_are_swapped(warehouse, study):
    """Each look is at one run whole: its total and its company's interval are of one number."""
    publish(warehouse, study, {}, run(1))
    ended, seen, failed = threading.Event(), set(), []
    one = {"threads": 1}
    select = (
        "SELECT t.median, i.median, max(finished) FROM portfolio_intervals AS t,"
        " headcount_intervals AS i, runs GROUP BY ALL"
    )

    def read_on(path: Path) -> None:
        while not ended.wait(0.5):
            try:
                with duckdb.connect(str(path), read_only=True, config=one) as connection:
                    ((total, company, _),) = connection.execute(select).fetchall()
                seen.add((total, company))
            except duckdb.Error as error:
                failed.append(str(error))

    threads = [threading.Thread(target=read_on, args=[results_path(warehouse)]) for _ in range(50)]
    for thread in threads:
        thread.start()
    for number in range(2, 4):
        fill(warehouse, float(number))
        publish(warehouse, study, {"companies_file": str(number)}, run(number))
        deadline = time.monotonic() + 60  # fifty threads on few cores take their time
        while not failed and number not in {total for total, _ in set(seen)}:
            assert time.monotonic() < deadline, "nobody sees what was published"
            time.sleep(0.05)
    ended.set()
    for thread in threads:
        thread.join()
    assert not failed
    assert all(total == company for total, company in seen)

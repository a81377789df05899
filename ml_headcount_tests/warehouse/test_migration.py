"""A warehouse of an earlier version: refused with the command that takes it over, and taken."""

import sqlite3
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.warehouse.beside import answers_path, extracts_path, people_path
from ml_headcount_assets.warehouse.schemas import PEOPLE_TABLES
from ml_headcount_assets.warehouse.store import TableStore

from .test_cache import counts, plan, rated, remember


@pytest.fixture
def old(tmp_path) -> Path:
    """One file as it was, with the others that lay beside it."""
    made = TableStore(tmp_path / "made")
    made.write("pattern_counts", counts(a={"01": 2, "11": 1}, b={"00": 5}))
    made.write("rated_cvs", rated(0))
    remember(made, plan(made, ["a", "b"]), "v1")
    path = tmp_path / "old.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name in ("people", "work"):
            connection.execute(f"ATTACH '{tmp_path}/made/{name}.duckdb' AS {name} (READ_ONLY)")
        connection.execute("CREATE TABLE pattern_counts AS FROM work.pattern_counts")
        connection.execute("CREATE TABLE rated_cvs AS FROM people.rated_cvs")
        connection.execute("CREATE TABLE _cache AS FROM work._cache")
        connection.execute(
            "CREATE TABLE _digests AS FROM work._digests UNION ALL FROM people._digests"
        )
    with sqlite3.connect(tmp_path / "old.answers.sqlite") as answers:
        answers.execute("CREATE TABLE paid AS SELECT 1 AS yes")
    answers.close()
    (tmp_path / "old.duckdb.extracts").mkdir()
    (tmp_path / "old.duckdb.extracts" / "one").write_text("text")
    return path


def command(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_what_it_holds_is_taken_over_and_stays_in_the_cache(old, tmp_path):
    before = old.read_bytes()
    told = command("migrate", old, "--warehouse", tmp_path / "new")
    assert "Nothing is published yet" in told
    assert old.read_bytes() == before
    store, made = TableStore(tmp_path / "new"), TableStore(tmp_path / "made")
    for table in ("pattern_counts", "rated_cvs"):
        pd.testing.assert_frame_equal(store.read(table), made.read(table))
    assert plan(store, ["a", "b"]).misses == ()
    with duckdb.connect(str(people_path(tmp_path / "new"))) as connection:
        names = {
            name
            for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
    assert names == {"rated_cvs", "_digests"}
    assert "rated_cvs" in PEOPLE_TABLES
    with sqlite3.connect(answers_path(tmp_path / "new")) as answers:
        assert answers.execute("SELECT yes FROM paid").fetchall() == [(1,)]
    answers.close()
    assert (extracts_path(tmp_path / "new") / "one").read_text() == "text"


def test_a_folder_that_is_there_is_not_written_to(old, tmp_path):
    (tmp_path / "new").mkdir()
    assert "is there already" in command("migrate", old, "--warehouse", tmp_path / "new", code=2)


def test_what_is_no_warehouse_is_refused(tmp_path):
    (tmp_path / "text").write_text("nothing")
    told = command("migrate", tmp_path / "text", "--warehouse", tmp_path / "new", code=2)
    assert "cannot be read as a warehouse" in told
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "new.unfinished").exists()


@pytest.mark.parametrize("given", ["old.duckdb", "old"])
def test_the_old_file_is_refused_with_the_command_that_takes_it_over(old, given, tmp_path):
    """Also where only its name without the ending is given, as by default."""
    for arguments in (["export", "--to", tmp_path / "out"], ["history"]):
        told = command(*arguments, "--warehouse", tmp_path / given, code=2)
        assert f"ml-headcount migrate {old} --warehouse {tmp_path / 'old'}" in told

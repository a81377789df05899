"""Backups come back as they were, damaged ones do not, and nobody who was forgotten does."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.warehouse.beside import embeddings_path, extracts_path, people_path
from ml_headcount_assets.warehouse.forgetting import Forgotten, forget_person
from ml_headcount_assets.warehouse.store import TableStore

from .test_migration import old  # noqa: F401, a fixture
from .test_publish import MARK, fill


def command(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


@pytest.fixture
def warehouse(tmp_path) -> Path:
    folder = tmp_path / "warehouse"
    fill(folder, 5.0)
    with closing(sqlite3.connect(embeddings_path(folder))) as file:
        file.execute("PRAGMA journal_mode = WAL")
        file.execute("CREATE TABLE paid AS SELECT 1 AS yes")
        file.commit()
    extracts_path(folder).mkdir()
    (extracts_path(folder) / "one").write_text("text")
    return folder


def medians(folder: Path) -> list[float]:
    return TableStore(folder).read("portfolio_intervals")["median"].tolist()


def test_it_comes_back_as_it_was(warehouse, tmp_path):
    backup, new = tmp_path / "backup", tmp_path / "new"
    with closing(sqlite3.connect(embeddings_path(warehouse))) as other:
        other.execute("UPDATE paid SET yes = 2")
        other.commit()  # what is written last is in a file of its own, as while a run goes on
        assert embeddings_path(warehouse).with_name("embeddings.sqlite-wal").is_file()
        assert "holds 3 files" in command("backup", backup, "--warehouse", warehouse)
    assert backup.stat().st_mode & 0o777 == 0o700
    assert not any(path.stat().st_mode & 0o077 for path in backup.rglob("*.duckdb"))
    fill(warehouse, 7.0)
    command("restore", backup, "--warehouse", new)
    assert medians(new) == [5.0]
    with closing(sqlite3.connect(embeddings_path(new))) as file:
        assert file.execute("SELECT yes FROM paid").fetchall() == [(2,)]
    assert not extracts_path(new).exists()
    assert "is there already" in command("restore", backup, "--warehouse", warehouse, code=2)
    assert medians(warehouse) == [7.0]
    command("restore", backup, "--replace", "--warehouse", warehouse)
    assert medians(warehouse) == [5.0]
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"warehouse", "backup", "new"}


def test_nothing_is_overwritten_by_a_backup(warehouse, tmp_path):
    (tmp_path / "taken").mkdir()
    told = command("backup", tmp_path / "taken", "--warehouse", warehouse, code=2)
    assert "is there already" in told
    told = command("backup", tmp_path / "b", "--warehouse", tmp_path / "nowhere", code=2)
    assert "There is no warehouse" in told


@pytest.mark.parametrize("harm", ["changed", "missing", "no list", "outside"])
def test_a_damaged_backup_changes_nothing(warehouse, tmp_path, harm):
    backup = tmp_path / "backup"
    command("backup", backup, "--warehouse", warehouse)
    file = people_path(backup)
    if harm == "changed":
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    elif harm == "missing":
        file.unlink()
    elif harm == "no list":
        (backup / "backup.json").write_text("{")
    else:
        listed = (backup / "backup.json").read_text().replace("people.duckdb", "../people.duckdb")
        (backup / "backup.json").write_text(listed)
    fill(warehouse, 7.0)
    told = command("restore", backup, "--replace", "--warehouse", warehouse, code=2)
    words = {"no list": "is no backup", "outside": "outside the backup"}
    assert words.get(harm, "not as it was when the backup was made") in told
    assert medians(warehouse) == [7.0]
    assert not list(tmp_path.glob("*.unfinished"))


def test_a_person_forgotten_since_is_forgotten_in_what_comes_back(warehouse, tmp_path):
    backup = tmp_path / "backup"
    command("backup", backup, "--warehouse", warehouse)
    forget_person(warehouse, MARK)
    told = command("restore", backup, "--replace", "--warehouse", warehouse)
    assert "taken out again: 1" in told
    assert TableStore(warehouse).read("profiles").empty
    for path in warehouse.rglob("*.duckdb"):
        # The digest of the reject is of nobody who could be told by it.
        assert path != people_path(warehouse) or b"zzsomebodyzz" not in path.read_bytes()
    frame = pd.DataFrame({"profile_id": [MARK, "other"]})
    left = Forgotten.of(warehouse).left_out(frame, "profile_id")
    assert left["profile_id"].tolist() == ["other"]


def test_the_one_file_of_an_earlier_version_is_a_backup_too(old, tmp_path):  # noqa: F811
    copy = tmp_path / "elsewhere" / "old.duckdb"
    copy.parent.mkdir()
    shutil.copy(old, copy)
    command("restore", copy, "--warehouse", tmp_path / "new")
    made = TableStore(tmp_path / "made")
    for table in ("pattern_counts", "rated_cvs"):
        found = TableStore(tmp_path / "new").read(table)
        pd.testing.assert_frame_equal(found, made.read(table))

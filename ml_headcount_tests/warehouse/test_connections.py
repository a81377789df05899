"""Engines are kept, files are not: nothing of a file is open when its block has ended."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from ml_headcount_assets.warehouse import connections
from ml_headcount_assets.warehouse.connections import opened


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "one.duckdb"
    with opened({"one": path}, read_only=False) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(5)")
    return path


def count(path) -> int:
    with opened({"one": path}, read_only=True) as connection:
        return connection.execute("SELECT count(*) FROM numbers").fetchone()[0]


def open_files() -> set[str]:
    return {os.path.realpath(number) for number in Path("/proc/self/fd").iterdir()}


def test_a_file_is_whole_and_closed_after_its_block(file):
    assert count(file) == 5
    assert str(file) not in open_files()
    assert not file.with_name("one.duckdb.wal").exists()
    file.rename(file.with_name("elsewhere.duckdb"))
    assert duckdb.connect(str(file.with_name("elsewhere.duckdb"))).sql("FROM numbers").shape[0] == 5


def test_an_engine_is_used_again_and_keeps_nothing_of_the_last_block(file):
    with opened({"one": file}, read_only=True) as connection:
        connection.execute("CREATE TEMP VIEW numbers AS SELECT 1 AS n")
        connection.execute("CREATE TEMP TABLE mine AS SELECT 1 AS n")
    engine, blocks = connections._idle[-1]
    with opened({"one": file}, read_only=True) as connection:
        assert engine not in [idle for idle, _ in connections._idle]
        assert connection.execute("SELECT count(*) FROM numbers").fetchone() == (5,)
        assert "mine" not in str(connection.execute("SHOW ALL TABLES").fetchall())
    assert connections._idle[-1] == (engine, blocks + 1)


def test_an_engine_is_closed_after_many_blocks(file, monkeypatch):
    """Lest what each block leaves in it add up: memory grew by half a megabyte a refresh."""
    monkeypatch.setattr(connections, "_MOST_BLOCKS", 3)
    monkeypatch.setattr(connections, "_idle", [])
    for blocks in (1, 2):
        assert count(file) == 5
        ((engine, served),) = connections._idle
        assert served == blocks
    assert count(file) == 5
    assert connections._idle == []
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        engine.execute("SELECT 1")


def test_an_engine_is_closed_when_its_block_fails(file):
    def fail() -> None:
        with opened({"one": file}, read_only=False) as connection:
            connection.execute("BEGIN")
            connection.execute("DELETE FROM one.numbers")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert str(file) not in open_files()
    assert count(file) == 5


def test_who_writes_a_file_has_it_alone_in_this_process_too(file):
    with opened({"one": file}, read_only=False), pytest.raises(duckdb.Error, match="already"):
        count(file)
    with opened({"one": file}, read_only=True):
        assert count(file) == 5
        with pytest.raises(duckdb.Error, match="already"), opened({"one": file}, read_only=False):
            pass


def test_a_forked_process_has_engines_of_its_own(file):
    assert count(file) == 5  # so that an engine waits
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(count, (file,)).get(timeout=30) == 5
    assert count(file) == 5


def test_nothing_is_said_when_the_process_ends(file):
    code = (
        "from pathlib import Path; from ml_headcount_assets.warehouse.connections import opened\n"
        f"with opened({{'one': Path({str(file)!r})}}, read_only=True) as connection: pass"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")

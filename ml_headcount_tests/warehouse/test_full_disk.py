"""A file is written anew whole or stays as it was, wherever the room ends.

A limit on the size of files stands for a disk that is full: the same calls fail.
"""

from __future__ import annotations

import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.orchestration.history import history_told
from ml_headcount_assets.warehouse.connections import read_through
from ml_headcount_assets.warehouse.damage import told_in_words
from ml_headcount_assets.warehouse.store import rewrite


@contextmanager
def room_for(size: int) -> Iterator[None]:
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "people.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE t AS SELECT range n, md5(range::VARCHAR) h FROM range(9000)"
        )
    return path


def test_a_file_is_rewritten_whole_or_stays(file):
    before = file.read_bytes()
    outcomes: list[str] = []
    unchanged: list[bool] = []
    for size in range(0, len(before) + 100_000, 50_000):
        try:
            with room_for(size):
                rewrite(file)
            outcomes.append("written")
        except ComputeError as error:
            outcomes.append(str(error))
            unchanged.append(file.read_bytes() == before)
        assert list(file.parent.iterdir()) == [file]
        with duckdb.connect(str(file), read_only=True) as connection:
            assert connection.execute("SELECT count(*), count(h) FROM t").fetchone() == (9000, 9000)
        file.write_bytes(before)
    # The last megabyte fails when the engine is closed, which is silent about it.
    assert "Make room" in outcomes[0]
    assert outcomes[-1] == "written"
    assert len(unchanged) > 10
    assert all(unchanged)


def test_too_many_open_files_are_told(file):
    # As DuckDB puts it under `prlimit --nofile=20`.
    refused = duckdb.TransactionException(
        f'Failed to commit: Cannot open file "{file}.wal": Too many open files'
    )
    with (
        pytest.raises(ComputeError, match=r"people\.duckdb\.wal.*no more files.*ulimit -n"),
        told_in_words(file),
    ):
        raise refused


def test_records_that_cannot_be_written_are_not_called_damaged(tmp_path):
    # As SQLite puts it under `prlimit --fsize=1000000`.
    with (
        pytest.raises(ComputeError, match=r"could not be written \(disk I/O error\).*ulimit -f"),
        history_told(tmp_path),
    ):
        raise sqlite3.OperationalError("disk I/O error")


def test_reading_through_finds_damage_anywhere(file):
    read_through(file)
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50_000] = bytes(50_000)
    file.write_bytes(content)
    with pytest.raises(InputError, match="is damaged"):
        read_through(file)

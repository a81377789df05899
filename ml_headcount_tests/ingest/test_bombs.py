"""Files that unpack to far more than data do end in a sentence, and in little memory."""

import gzip
import json
import subprocess
import sys
import zipfile

import pyarrow
import pyarrow.parquet
import pytest

from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.ingest.tables import read_table

MEGABYTE = 1 << 20
READ = """
import resource, sys
from pathlib import Path
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.tables import read_table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    read_table(Path(sys.argv[1]))
except InputError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def read_apart(path):
    """Read a table in a process of its own; return what it said, and how many MB it took."""
    out = subprocess.run(
        [sys.executable, "-c", READ, str(path)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    *told, taken = out.splitlines()
    return " ".join(told), int(taken)


def write_packed(path, line, megabytes):
    with gzip.open(path, "wb", 9) as file:
        file.write(b"company_id,headcount\n")
        for _ in range(megabytes):
            file.write(line * (MEGABYTE // len(line)))
    return path


def test_forty_million_packed_rows_are_told_in_little_memory(tmp_path):
    path = write_packed(tmp_path / "t.csv.gz", b"a,1\n", 160)
    assert path.stat().st_size < MEGABYTE
    told, taken = read_apart(path)
    assert told.startswith("t.csv.gz: unpacks to more than 250 times its size")
    assert taken < 1000


def test_packed_json_is_no_exception(tmp_path):
    line = json.dumps({"company_id": "a", "headcount": 1}).encode() + b"\n"
    path = write_packed(tmp_path / "t.jsonl.gz", line, 32)
    with pytest.raises(InputError, match="unpacks to more than 250 times"):
        read_table(path)


def test_a_workbook_is_a_packed_file_too(tmp_path):
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 * MEGABYTE))
    with pytest.raises(InputError, match="unpacks to more than 250 times"):
        read_table(path)


def test_parquet_with_more_rows_than_bytes_is_told(tmp_path):
    path = tmp_path / "t.parquet"
    column = pyarrow.repeat("a", 2_000_000).dictionary_encode()
    table = pyarrow.table({"company_id": column})
    pyarrow.parquet.write_table(table, path)
    with pytest.raises(InputError, match="2,000,000 rows and fewer bytes"):
        read_table(path)


TIGHT = """
import resource, sys
from pathlib import Path
from ml_headcount_assets.errors import ComputeError
from ml_headcount_assets.ingest.tables import read_table
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + (150 << 20), resource.RLIM_INFINITY))
try:
    read_table(Path(sys.argv[1]))
except ComputeError as error:
    print(error)
"""


def test_what_the_memory_does_not_hold_is_named(tmp_path):
    path = tmp_path / "t.csv.gz"
    rows = b"".join(b"company-%d,100\n" % row for row in range(2_000_000))
    path.write_bytes(gzip.compress(b"company_id,headcount\n" + rows, 1))
    told = subprocess.run(
        [sys.executable, "-c", TIGHT, str(path)], capture_output=True, text=True, timeout=120
    ).stdout
    assert told.startswith("t.csv.gz: what is in it does not go into the memory there is.")


def test_parquet_that_the_memory_does_not_hold_is_not_called_damaged(tmp_path, monkeypatch):
    def too_large(path):
        raise pyarrow.ArrowMemoryError("malloc")

    path = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"company_id": ["a"]}), path)
    monkeypatch.setattr(pyarrow.parquet, "read_table", too_large)
    with pytest.raises(ComputeError, match=r"^t.parquet: what is in it"):
        read_table(path)


def test_data_that_packs_well_is_read(tmp_path):
    rows = b"".join(b"company-%d,100\n" % row for row in range(200_000))
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"company_id,headcount\n" + rows, 9))
    assert len(read_table(path).line) == 200_000

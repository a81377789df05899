"""Every format gives the same table, and damage costs only the damaged rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest.tables import RawTable, read_header, read_table

HEADER = ["company_id", "name", "label"]
ROWS = [["357", "A, Inc.", "1"], ["b-ü", 'The "B"', ""], ["c", "two\nlines", "0"]]


def _csv(delimiter: str = ",", end: str = "\n") -> bytes:
    quoted = [['"' + field.replace('"', '""') + '"' for field in row] for row in [HEADER, *ROWS]]
    return "".join(delimiter.join(row) + end for row in quoted).encode()


def _jsonl() -> bytes:
    objects = [dict(zip(HEADER, [int(i) if i == "357" else i, name, label or None], strict=True))
               for i, name, label in ROWS]  # fmt: skip
    return "".join(json.dumps(entry) + "\n" for entry in objects).encode()


def _packed(content: bytes) -> bytes:
    # Without the time of day, which would give the tests other names in every process.
    return gzip.compress(content, mtime=0)


def _write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def _rows(table: RawTable) -> list[list[str]]:
    return [list(row) for row in zip(*table.columns.values(), strict=True)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", _csv()),
        ("T.CSV", _csv()),
        ("t.csv", b"\xef\xbb\xbf" + _csv()),
        ("t.csv", _csv(end="\r\n")),
        ("t.csv", _csv().rstrip(b"\n")),
        ("t.csv", _csv().replace(b'"c"', b'\n\n"c"')),
        ("t.tsv", _csv("\t")),
        ("t.csv.gz", _packed(_csv())),
        ("t.jsonl", _jsonl()),
        ("t.json", _jsonl().replace(b"}\n{", b"},\n{").join([b"[", b"]"])),
        ("t.ndjson", _jsonl()),
        ("t.jsonl.gz", _packed(_jsonl())),
    ],
)
def test_text_formats(tmp_path: Path, name: str, content: bytes) -> None:
    path = _write(tmp_path, name, content)
    table = read_table(path)
    assert list(table.columns) == read_header(path)[0] == HEADER
    assert _rows(table) == ROWS
    assert table.rejects.frame().empty


@pytest.mark.parametrize("extension", ["parquet", "xlsx"])
def test_typed_formats(tmp_path: Path, extension: str) -> None:
    frame = pd.DataFrame({"company_id": [357, 46119], "label": [1.0, None], "flag": [True, False]})
    path = tmp_path / f"t.{extension}"
    frame.to_parquet(path) if extension == "parquet" else frame.to_excel(path, index=False)
    table = read_table(path)
    assert list(table.columns) == read_header(path)[0] == ["company_id", "label", "flag"]
    assert list(table.columns["company_id"]) == ["357", "46119"]
    assert [float(table.columns["label"][0]), table.columns["label"][1]] == [1.0, ""]
    assert list(table.columns["flag"]) == ["true", "false"]
    assert list(table.line) == [2, 3]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "t.csv", b'a,b\n\n1,"x\ny"\n2,z\n'))
    assert list(table.line) == [3, 5]


@pytest.mark.parametrize(
    ("bad_line", "reason"),
    [
        (b"2", "1 field where the header has 2"),
        (b"2,x,y", "3 fields where the header has 2"),
        (b'2,"x', "quotation marks"),
        (b'2,"x"y', "quotation marks"),
        (b"2,\xff", "not valid UTF-8"),
    ],
)
def test_a_bad_line_costs_only_itself(tmp_path: Path, bad_line: bytes, reason: str) -> None:
    table = read_table(_write(tmp_path, "t.csv", b"a,b\n1,x\n" + bad_line + b"\n3,z\n4,w\n"))
    assert list(table.columns["a"]) == ["1", "3", "4"]
    rejects = table.rejects.frame()
    assert list(rejects["line"]) == [3]
    assert reason in rejects["reason"][0]
    assert rejects["source_file"][0] == "t.csv"


def test_wide_fields_are_read_and_endless_lines_are_not(tmp_path: Path) -> None:
    wide, endless = b"x" * (10 << 20), b"x" * (33 << 20)
    content = b'a,b\n1,"' + wide + b'"\n2,' + endless + b"\n3,z\n4,w"
    table = read_table(_write(tmp_path, "t.csv", content))
    assert list(table.columns["a"]) == ["1", "3", "4"]
    assert len(table.columns["b"][0]) == len(wide)
    rejects = table.rejects.frame()
    assert list(rejects["line"]) == [3]
    assert "longer than 32 MB" in rejects["reason"][0]


def test_a_quotation_mark_that_is_never_closed_costs_one_line(tmp_path: Path) -> None:
    rows = b"".join(b"%d,%s\n" % (i, b"y" * 1000) for i in range(40_000))
    table = read_table(_write(tmp_path, "t.csv", b'a,b\n0,"x\n' + rows))
    assert list(table.columns["a"]) == [str(i) for i in range(40_000)]
    assert list(table.rejects.frame()["line"]) == [2]


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_line_ends_between_chunks(tmp_path: Path, end: bytes) -> None:
    for width in range(3):  # so that the first megabyte ends before, in and behind a line's end
        lines = [b"a", b"x" * ((1 << 20) - 3 - len(end) + width), b"y"]
        table = read_table(_write(tmp_path, "t.csv", end.join(lines) + end))
        assert list(table.line) == [2, 3]
        assert list(table.columns["a"]) == [line.decode() for line in lines[1:]]


@given(
    st.lists(
        st.sampled_from([b"1,x", b'2,"y"', b'3,"z', b'"', b"4", b"5,a,b", b'6,"q"r', b"\xff,1"]),
        max_size=12,
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_line_is_read_or_rejected(tmp_path: Path, lines: list[bytes]) -> None:
    """With good rows at both ends, no arrangement of damage between them costs a good row."""
    content = b"\n".join([b"a,b", b"first,1", *lines, b"last,2", b""])
    table = read_table(_write(tmp_path, "t.csv", content))
    read, rejected = set(table.line), set(table.rejects.frame()["line"])
    assert not read & rejected
    assert 2 in read
    for number, line in enumerate(lines, 3):
        # Two stray quotes may enclose lines; those belong to a record that was read as one.
        assert number in read | rejected or any(b'"' in earlier for earlier in lines)
        if not any(b'"' in other for other in lines):
            assert (number in read) == (line == b"1,x")


def test_bad_json_lines(tmp_path: Path) -> None:
    deep = b"[" * 100_000
    content = b'{"a": 1}\n[1]\n{"a": \n' + deep + b'\n\n{"a": "\\ud800"}\n{"b": {"c": 1}}\n{"a": 2'
    table = read_table(_write(tmp_path, "t.jsonl", content))
    assert list(table.columns["a"]) == ["1", "?", ""]
    assert list(table.columns["b"]) == ["", "", '{"c": 1}']
    assert list(table.rejects.frame()["line"]) == [2, 3, 4, 8]


def test_truncated_gzip_keeps_what_can_be_read(tmp_path: Path) -> None:
    rows = b"".join(b"%d,%d\n" % (i, i * i) for i in range(20_000))
    packed = gzip.compress(b"a,b\n" + rows)
    table = read_table(_write(tmp_path, "t.csv.gz", packed[: len(packed) // 2]))
    read = len(table)
    assert 1_000 < read < 19_000
    assert list(table.columns["a"]) == [str(i) for i in range(read)]
    rejects = table.rejects.frame()
    assert rejects["field"][0] == "(file)"
    assert "cut off" in rejects["reason"][0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "is empty"),
        ("t.csv", b"a,b\n", "only a header"),
        ("t.csv", b"\n\n", "no rows"),
        ("t.csv", b"a,a\n1,2\n", "'a' more than once"),
        ("t.csv", ("a,b\n" + "日本語テスト,1\n" * 9).encode("shift_jis"), "not UTF-8.*Save it"),
        ("t.csv", ("a,b\n" + "Специалист,1\n" * 9).encode("cp1251"), "not UTF-8.*Save it"),
        ("t.csv.gz", b"a,b\n1,2\n", "not a gzip file"),
        ("t.csv.gz", _packed(b"a,b\n1,2\n")[:8], "not a gzip file"),
        ("t.jsonl", b"[1]\n", "not a JSON object"),
        ("t.json", b"[]\n", "no rows"),
        ("t.parquet", b"PAR1 cut", "parquet"),
        ("t.xlsx", b"PK cut", "xlsx"),
        ("t.sas7bdat", b"x", "not read"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_table(_write(tmp_path, name, content))
    assert name in str(caught.value)


def test_truncated_binary_files(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(2_000)})
    frame.to_parquet(tmp_path / "whole.parquet")
    frame.to_excel(tmp_path / "whole.xlsx", index=False)
    for extension in ("parquet", "xlsx"):
        whole = (tmp_path / f"whole.{extension}").read_bytes()
        path = _write(tmp_path, f"cut.{extension}", whole[: len(whole) // 2])
        with pytest.raises(InputError, match="cut off"):
            read_table(path)


def test_missing_column_names_the_key_and_the_likely_column(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "t.csv", b"company,b\n1,2\n"))
    with pytest.raises(InputError, match=r"'company_id'. Is it 'company'.*some\.key"):
        table.require("company_id", "some.key")


def test_column_without_a_name_is_reported(tmp_path: Path) -> None:
    table = read_table(_write(tmp_path, "t.csv", b",a\n0,1\n"))
    assert list(table.columns) == ["a"]
    assert "without a name" in table.rejects.frame()["reason"][0]

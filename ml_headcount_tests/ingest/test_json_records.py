"""Records of JSON in every shape, and what damage costs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.ingest import json_records as module
from ml_headcount_assets.ingest import text_files
from ml_headcount_assets.ingest.json_records import json_records
from ml_headcount_assets.ingest.rejects import Rejects

RECORDS: list[dict[str, Any]] = [
    {"id": n, "experience": [{"title": 'a "b" }{ ]['}, {"title": "é\n"}]} for n in range(4)
]


def _read(path: Path, content: str | bytes) -> tuple[list[int], list[dict[str, Any]], list[int]]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rejects = Rejects(path.name)
    found = list(json_records(path, rejects))
    return [n for n, _ in found], [r for _, r in found], rejects.frame()["line"].tolist()


def _lines(records: list[dict[str, Any]]) -> str:
    return "\n".join(map(json.dumps, records))


SHAPES = {
    "lines": _lines(RECORDS),
    "lines with commas": ",\n".join(map(json.dumps, RECORDS)),
    "array": json.dumps(RECORDS),
    "array, indented": json.dumps(RECORDS, indent=2),
    "array, one a line": "[\n" + ",\n".join(map(json.dumps, RECORDS)) + "\n]\n",
    "objects, indented": "\n".join(json.dumps(record, indent=1) for record in RECORDS),
    "objects in one line": "".join(map(json.dumps, RECORDS)),
    "two arrays": json.dumps(RECORDS[:2]) + "\n" + json.dumps(RECORDS[2:]),
    "an array a line": "\n".join(json.dumps([record]) for record in RECORDS),
    "two objects a line": "\n".join(
        json.dumps(a) + json.dumps(b) for a, b in (RECORDS[:2], RECORDS[2:])
    ),
    "record separators": "".join(f"\x1e{json.dumps(record)}\n" for record in RECORDS),
    "byte order mark": "\ufeff" + json.dumps(RECORDS),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", ["p.json", "p.jsonl", "p.ndjson", "p.json.gz"])
def test_every_shape_in_every_file(tmp_path: Path, shape: str, name: str) -> None:
    content = SHAPES[shape].encode()
    packed = gzip.compress(content) if name.endswith(".gz") else content
    numbers, records, rejected = _read(tmp_path / name, packed)
    assert records == RECORDS
    assert rejected == []
    assert numbers == sorted(numbers)


def test_utf_16_is_read(tmp_path: Path) -> None:
    assert _read(tmp_path / "p.json", json.dumps(RECORDS).encode("utf-16"))[1] == RECORDS


def test_records_are_numbered_by_lines_or_in_arrays_one_by_one(tmp_path: Path) -> None:
    assert _read(tmp_path / "p.json", "\n" + _lines(RECORDS))[0] == [2, 3, 4, 5]
    assert _read(tmp_path / "p.json", json.dumps(RECORDS, indent=1))[0] == [1, 2, 3, 4]
    indented = _read(tmp_path / "p.json", SHAPES["objects, indented"])[0]
    lines = [json.dumps(record, indent=1).count("\n") + 1 for record in RECORDS]
    assert indented == [1, *(1 + sum(lines[:n]) for n in range(1, 4))]


@pytest.mark.parametrize("size", [1, 7, 64])
def test_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(text_files, "_CHUNK", size)
    for shape in ("array", "array, indented", "objects in one line", "two arrays"):
        assert _read(tmp_path / "p.json", SHAPES[shape])[1] == RECORDS


@pytest.mark.parametrize(
    "bad", ['{"id": 9, "x": ', '{"id": 9, "x": "y}', '{"id": 9, x}', '"text"', "7", "null"]
)
@pytest.mark.parametrize("shape", ["array", "array, one a line", "lines"])
def test_damage_costs_one_record(tmp_path: Path, bad: str, shape: str) -> None:
    written = [json.dumps(record) for record in RECORDS]
    written[2:2] = [bad]
    between = {"array": ", ", "array, one a line": ",\n", "lines": "\n"}[shape]
    around = "{}" if shape == "lines" else "[{}]"
    content = around.replace("{}", between.join(written))
    _, records, rejected = _read(tmp_path / "p.json", content)
    assert records == RECORDS
    assert rejected == [3]


def test_what_is_cut_off_is_told(tmp_path: Path) -> None:
    content = json.dumps(RECORDS)
    _, records, rejected = _read(tmp_path / "p.json", content[: len(content) - 30])
    assert records == RECORDS[:3]
    assert rejected == [4]


def test_text_that_is_no_utf_8_costs_its_record(tmp_path: Path) -> None:
    content = (
        json.dumps([{"id": 1}, {"id": 2, "x": "@"}, {"id": 3}]).encode().replace(b"@", b"\xff")
    )
    _, records, rejected = _read(tmp_path / "p.json", content)
    assert [record["id"] for record in records] == [1, 3]
    assert rejected == [2]


def test_memory_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_files, "_CHUNK", 1000)
    longest = 0
    more = module._Stream._more

    def watched(stream: Any) -> bool:
        nonlocal longest
        longest = max(longest, len(stream._text))
        return more(stream)

    monkeypatch.setattr(module._Stream, "_more", watched)
    records = [{"id": n, "about": "x" * 50} for n in range(2000)]
    assert len(_read(tmp_path / "p.json", json.dumps(records))[1]) == 2000
    assert longest < 2500


_PIECES = st.sampled_from(
    [
        '{"id": 1}',
        '{"id": 2, "a": [1, {"b": 2}]}',
        "[",
        "]",
        ",",
        "\n",
        " ",
        "{",
        "}",
        '"',
        "x",
        "1",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join), st.binary(max_size=5))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_bytes_are_too_much(tmp_path: Path, text: str, junk: bytes) -> None:
    try:
        numbers, records, _ = _read(tmp_path / "p.json", text.encode() + junk)
    except InputError:  # by its first bytes it is a file of another kind, which is said
        return
    assert numbers == sorted(numbers)
    assert all(isinstance(record, dict) for record in records)

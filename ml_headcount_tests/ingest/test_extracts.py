"""What was read of a file is kept, and only files that are new or changed are read again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from ml_headcount_assets.ingest import extracts as module
from ml_headcount_assets.ingest import read_profiles
from ml_headcount_assets.study import Study

from .conftest import PEOPLE_COMPANIES, study_of
from .vendors.records import MAKERS, Record

KNOWN = pd.DataFrame({"company_id": ["acme"], "name": ["Acme"]})

Grow = Callable[..., Study]


def _people(prefix: str, count: int = 3) -> list[Record]:
    return [MAKERS["bright_data"](f"{prefix}{n}", f"Clerk {n}") for n in range(count)]


@pytest.fixture
def grow(tmp_path: Path) -> Grow:
    """Write a study whose files have one person more than their number says."""

    def write(config: str = "", **counts: int) -> Study:
        files = {
            f"{name}.json": json.dumps(_people(name, count)).encode()
            for name, count in counts.items()
        }
        return study_of(tmp_path, config, files, PEOPLE_COMPANIES)

    return write


@pytest.fixture
def read_files(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that are read, as they are."""
    names: list[str] = []
    extract = module.extract

    def noted(path: Path, name: str, *rest: object, **part: object) -> object:
        names.append(name)
        return extract(path, name, *rest, **part)

    monkeypatch.setattr(module, "extract", noted)
    return names


def _read(study: Study, cache: Path | None, companies: pd.DataFrame = KNOWN) -> list[pd.DataFrame]:
    tables: dict[str, list[pd.DataFrame]] = {}
    for table, rows in read_profiles(study, companies, cache=cache):
        tables.setdefault(table, []).append(rows)
    return [pd.concat(tables[table], ignore_index=True) for table in ("profiles", "rejects")]


def test_only_what_changed_is_read_again(grow: Grow, read_files: list[str], tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    first, _ = _read(grow(a=3, b=3), cache)
    assert read_files == ["profiles/a.json", "profiles/b.json"]
    again, _ = _read(grow(a=3, b=3), cache)
    pd.testing.assert_frame_equal(first, again)
    assert len(read_files) == 2
    _read(grow(a=3, b=4), cache)
    assert read_files[2:] == ["profiles/b.json"]
    _read(grow(a=3, b=4, c=1), cache)
    assert read_files[3:] == ["profiles/c.json"]
    rows, rejects = _read(grow(a=3, c=1), cache)
    assert read_files[4:] == []
    assert set(rows["profile_id"]) == {"a0", "a1", "a2", "c0"}
    fresh_rows, fresh_rejects = _read(grow(a=3, c=1), None)
    pd.testing.assert_frame_equal(rows, fresh_rows)
    pd.testing.assert_frame_equal(rejects, fresh_rejects)


def test_a_company_more_is_no_reason_to_read_again(
    grow: Grow, read_files: list[str], tmp_path: Path
) -> None:
    study = grow(a=3)
    _read(study, tmp_path / "kept")
    more = pd.DataFrame({"company_id": ["acme", "old"], "name": ["Acme", "Old"]})
    rows, _ = _read(study, tmp_path / "kept", more)
    assert len(rows) == 3
    assert read_files == ["profiles/a.json"]


def test_reading_otherwise_is_reading_again(
    grow: Grow, read_files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "kept"
    _read(grow(a=3), cache)
    _read(grow("files: {profiles: {vendor: bright_data}}", a=3), cache)
    _read(grow("files: {profiles: {paths: {text: [position]}}}", a=3), cache)
    monkeypatch.setattr(module, "RECIPE_VERSION", "other")
    _read(grow(a=3), cache)
    assert len(read_files) == 4


def test_what_is_kept_is_no_more_than_the_files(grow: Grow, tmp_path: Path) -> None:
    cache = tmp_path / "kept"
    _read(grow(a=3, b=3), cache)
    _read(grow(a=3), cache)
    assert len(list(cache.iterdir())) == 1
    assert cache.stat().st_mode & 0o077 == 0
    assert not [
        path for path in cache.rglob("*") if b"b0" in (path.read_bytes() if path.is_file() else b"")
    ]


def test_a_reading_that_was_killed_leaves_nothing(
    grow: Grow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, name: str, source: object, folder: Path, **part: object) -> None:
        folder.mkdir()
        (folder / "people.parquet").write_bytes(b"half")
        raise KeyboardInterrupt

    cache = tmp_path / "kept"
    study = grow(a=3)
    with monkeypatch.context() as patch:
        patch.setattr(module, "extract", killed)
        with pytest.raises(KeyboardInterrupt):
            _read(study, cache)
    assert len(_read(study, cache)[0]) == 3


def test_the_same_rows_with_one_process_and_with_several(
    grow: Grow, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = grow(a=3, b=5, c=1, d=4)
    alone = _read(study, None)
    monkeypatch.setattr(module, "_WORTH_PROCESSES", 0)
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: {0, 1})
    told: list[tuple[int, int]] = []
    together: dict[str, list[pd.DataFrame]] = {}
    for table, rows in read_profiles(study, KNOWN, None, lambda *done: told.append(done)):
        together.setdefault(table, []).append(rows)
    for table, expected in zip(("profiles", "rejects"), alone, strict=True):
        pd.testing.assert_frame_equal(pd.concat(together[table], ignore_index=True), expected)
    assert told[-1] == (13, 13)


def test_a_large_file_is_read_in_parts(grow: Grow, monkeypatch: pytest.MonkeyPatch) -> None:
    study = grow(a=1)
    lines = [json.dumps(record) for record in _people("p", 40)]
    lines[17] = "{"
    path = study.files.profiles.path / "a.jsonl"  # type: ignore[union-attr]
    path.with_suffix(".json").unlink()
    path.write_text("\n".join(lines))
    whole = _read(study, None)
    assert whole[1]["line"].tolist() == [18]
    monkeypatch.setattr(module, "_PART", 5_000)
    told: list[tuple[int, int]] = []
    tables = list(read_profiles(study, KNOWN, None, lambda *done: told.append(done)))
    assert len(told) > 10
    rows = pd.concat([rows for table, rows in tables if table == "profiles"], ignore_index=True)
    pd.testing.assert_frame_equal(rows, whole[0])
    pd.testing.assert_frame_equal(tables[-1][1], whole[1])


def test_a_process_that_reads_starts_without_the_model() -> None:
    probe = (
        "import sys, ml_headcount_assets.ingest.extracts;"
        "print([n for n in ('scipy', 'ml_headcount_assets.model', 'torch') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

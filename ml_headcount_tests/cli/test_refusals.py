"""What stands in a command's way on disk is told in a sentence: which file, why, what to do."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.cli.refusals import refusal
from ml_headcount_assets.cli.terminal import take_any_character
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.beside import make_folder, study_place, work_path

ROOT = Path(__file__).resolve().parents[2]
#: Root may read and write everything; without these capabilities it may not.
_AS_ANYBODY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--"]


def told(*arguments: str) -> str:
    """Return what a command says that ends with status 2, on one line."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return " ".join(result.output.split())


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A study of three files, which no command here comes to read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "companies.csv").write_text("company_id,headcount\na,10\n")
    (tmp_path / "study" / "validation.csv").write_text("is_expert,llm\n1,1\n0,0\n")
    (tmp_path / "study" / "profile_labels.csv").write_text("company_id,llm\na,1\n")
    return tmp_path


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EMFILE, errno.ENOTDIR])
def test_every_refusal_names_the_file_and_what_to_do(code):
    line = refusal(OSError(code, os.strerror(code), "there/file"))
    assert line.startswith(f"there/file: {os.strerror(code)}.")
    assert any(verb in line for verb in ("Make room", "See that", "Raise", "move it away"))


def test_what_is_no_matter_of_files_is_no_refusal():
    assert refusal(OSError(errno.ECHILD, "No child processes")) is None


def test_a_file_that_moved_over_another_is_the_one_that_is_named():
    assert refusal(OSError(errno.EISDIR, "", "new", None, "old")).startswith("old: ")


@pytest.mark.parametrize("command", [["history"], ["backup", "b"], ["run", "--study", "study"]])
def test_a_warehouse_that_leads_nowhere(small, command):
    (small / "loop").symlink_to("loop")
    assert "it leads nowhere (Symlink loop" in told(*command, "--warehouse", "loop")
    assert "it is empty" in told(*command, "--warehouse", "")
    assert "File name too long" in told(*command, "--warehouse", "w" * 300)


@pytest.mark.parametrize("command", [["backup", "b"], ["run", "--study", "study"]])
def test_a_warehouse_that_is_some_file(small, command):
    (small / "notes.txt").write_text("hello, this is no warehouse")
    line = told(*command, "--warehouse", "notes.txt")
    assert "notes.txt is a file, and a warehouse is a folder" in line
    assert "migrate" not in line


def test_the_folder_one_is_in_is_a_warehouse_like_another(small):
    assert "There is no finished run in ." in told("history", "--warehouse", ".")


def test_a_file_where_a_folder_is_to_be(small):
    make_folder(small / "w")
    (small / "w" / "dagster").write_text("x")
    line = told("run", "--study", "study", "--warehouse", "w")
    assert f"{small / 'w' / 'dagster'}: File exists" in line
    assert "move it away" in line


@pytest.mark.parametrize("content", ["", "garbage", "[]", "{}", '{"relative":1,"directory":2}'])
def test_a_damaged_note_of_where_the_study_is(tmp_path, content):
    (tmp_path / "study.json").write_text(content)
    with pytest.raises(InputError, match=r"study\.json is damaged.* Delete it"):
        study_place(tmp_path)


def test_a_backup_does_not_lie_in_what_it_is_of(small):
    make_folder(small / "w")
    work_path(small / "w").touch()
    (small / "link").symlink_to("w")
    for target in ("w/backup", "link/backup"):
        assert "lies in the warehouse" in told("backup", target, "--warehouse", "w")


def test_a_terminal_without_a_character_shows_a_question_mark(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="ascii"))
    take_any_character()
    print("✓ Zürich", flush=True)
    assert written.getvalue() == b"? Z?rich\n"


def test_memory_that_does_not_suffice_is_told(small, monkeypatch):
    def exhausted(directory):
        raise MemoryError

    monkeypatch.setattr("ml_headcount_assets.warehouse.publish.last_run", exhausted)
    assert "The memory there is does not suffice" in told("history", "--warehouse", "w")


def as_anybody(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    if os.getuid() == 0 and shutil.which("setpriv") is None:
        pytest.skip("root may write everywhere, and there is no setpriv to take that away")
    return subprocess.run(
        [
            *(_AS_ANYBODY if os.getuid() == 0 else []),
            *(sys.executable, "-m", "ml_headcount_assets.cli"),
            *arguments,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def read_only(small):
    make_folder(small / "w")
    for name in ("work.duckdb", "lock"):
        (small / "w" / name).touch(mode=0o400)
    (small / "w").chmod(0o500)
    yield small
    (small / "w").chmod(0o700)


def test_a_warehouse_that_is_read_only(read_only):
    done = as_anybody(read_only, "housekeeping", "--warehouse", "w")
    assert done.returncode == 2, done.stderr
    assert f"The warehouse {read_only / 'w'} cannot be written (lock: Permission denied)" in (
        done.stderr
    )
    assert "Traceback" not in done.stderr

"""Damaged files of a warehouse: a sentence that names the file and what to do, never a traceback.

What the sentence advises is then done, and the run gives the numbers that were there before.
"""

import shutil

import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.warehouse.beside import (
    home_of,
    people_path,
    results_path,
    work_path,
)
from ml_headcount_assets.warehouse.store import TableStore


def call(command, place):
    arguments = ["--warehouse", str(place.warehouse)]
    if command == "export":
        arguments += ["--to", str(place.directory.parent / "out")]
    else:
        # Without --again, what is published and unchanged is shown as it is.
        arguments += ["--study", str(place.directory), "--again"]
    return CliRunner().invoke(main, [command, *arguments])


def told(result):
    assert result.exit_code == 2, result.output
    assert isinstance(result.exception, SystemExit)
    return result.output.splitlines()[-1]


def zero_middle(path, share=0.25):
    """Overwrite a part in the middle, as a disk that fails does."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(int(size * share))
        file.write(bytes(int(size * 0.6)))


def halve(path):
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


@pytest.mark.parametrize("command", ["export", "run"])
@pytest.mark.parametrize("damage", [zero_middle, halve])
def test_a_damaged_warehouse_is_told(place, damage, command):
    path = (results_path if command == "export" else work_path)(place.warehouse)
    damage(path)
    line = told(call(command, place))
    assert line.startswith(f"Error: {path} is damaged")
    assert "history of what was published is in results.duckdb alone" in line
    assert "Restore it from a backup; or delete it, and run the study again" in line


@pytest.mark.parametrize("damage", [zero_middle, halve])
def test_the_damaged_one_of_several_files_is_told_and_can_be_made_anew(place, damage):
    before = TableStore(place.warehouse).read("headcount_intervals")
    path = people_path(place.warehouse)
    damage(path)
    assert told(call("run", place)).startswith(f"Error: {path} is damaged")
    path.unlink()
    place.run()
    assert TableStore(place.warehouse).read("headcount_intervals").equals(before)


def test_a_warehouse_that_was_deleted_is_made_anew_with_the_same_numbers(place):
    before = TableStore(place.warehouse).read("headcount_intervals")
    zero_middle(work_path(place.warehouse))
    told(call("run", place))
    work_path(place.warehouse).unlink()
    place.run()
    assert TableStore(place.warehouse).read("headcount_intervals").equals(before)


@pytest.mark.parametrize(
    ("place_of", "damage"),
    [
        *((results_path, "garbage"), (results_path, "folder")),
        *((people_path, "empty"), (people_path, "garbage")),
        *((work_path, "folder"), (work_path, "link")),
    ],
)
def test_what_is_no_file_of_duckdb_is_told(place, place_of, damage):
    path = place_of(place.warehouse)
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "link":
        path.symlink_to("nowhere/at.all")
    else:
        path.write_bytes(b"no database" * 1000 if damage == "garbage" else b"")
    line = told(call("run", place))
    assert str(path) in line or "results could not be published (Is a directory)" in line
    assert any(advice in line for advice in ("makes a new one", "run again"))


@pytest.mark.parametrize("place_of", [results_path, people_path, work_path])
def test_a_damaged_file_is_not_backed_up_as_if_it_were_whole(place, place_of):
    halve(place_of(place.warehouse))
    target = place.directory.parent / "backup"
    result = CliRunner().invoke(main, ["backup", str(target), "--warehouse", str(place.warehouse)])
    line = told(result)
    assert line.startswith(f"Error: {place_of(place.warehouse)} is damaged")
    assert not target.exists()


@pytest.mark.parametrize(
    "name", ["history/runs.db", "history/runs/index.db", "schedules/schedules.db"]
)
@pytest.mark.parametrize("damage", ["garbage", "middle", "empty", "folder"])
def test_damaged_records_of_runs_are_told(place, name, damage):
    path = home_of(place.warehouse) / name
    if damage in ("garbage", "empty"):
        path.write_bytes(b"no database" * 1000 if damage == "garbage" else b"")
    elif damage == "middle":
        zero_middle(path)
    else:
        path.unlink()
        path.mkdir()
    line = told(call("run", place))
    assert line.startswith(f"Error: {path} is damaged")
    assert "Delete the folders" in line


@pytest.mark.parametrize("left", ["nothing", "configuration"])
def test_missing_records_of_runs_are_made_anew(place, left):
    home = home_of(place.warehouse)
    shutil.rmtree(home / "history")
    shutil.rmtree(home / "schedules")
    if left == "nothing":
        shutil.rmtree(home)
    before = TableStore(place.warehouse).read("headcount_intervals")
    place.run()
    assert TableStore(place.warehouse).read("headcount_intervals").equals(before)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"name: x\nunheard_of: 1\n"])
def test_an_empty_or_damaged_kept_configuration_is_told(place, content):
    kept = home_of(place.warehouse) / "study.yaml"
    kept.write_bytes(content)
    # Who exports goes by the settings that the published results were made with.
    assert call("export", place).exit_code == 0
    line = told(call("run", place))
    assert f"{kept}: the settings of the last run cannot be read" in line
    assert "Delete the file, and run the study again" in line
    kept.unlink()
    again = call("run", place)
    assert again.exit_code == 0, again.output

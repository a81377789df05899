"""What the pages name is there, and what is there they name."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.model.flags import FLAG_MEANINGS
from ml_headcount_tests.arrows import PACKAGE, arrows

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
TOPS = ("ml_headcount_assets", "ml_headcount_tests", "docs", "docker")
FILES = [path for top in TOPS for path in (ROOT / top).rglob("*")] + list(ROOT.glob("*.*"))

#: Of a study, or of what a run leaves beside it, and not of this repository.
OF_A_STUDY = {"study.yaml", "keywords/NAME.csv", "uv.lock", "profiles/part-3.jsonl.gz"}


def commands(group: click.Group = main, *above: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *above, name)
        else:
            yield " ".join([*above, name]), command


def options(command: click.Command) -> set[str]:
    return {
        name
        for option in command.params
        if isinstance(option, click.Option)
        for name in option.opts
        if name.startswith("--")
    }


def row_of(name: str) -> str:
    page = (ROOT / "docs" / "command-line.md").read_text()
    rows = [line for line in page.splitlines() if re.match(rf"\| `{name}[ `]", line)]
    assert len(rows) == 1, f"docs/command-line.md is to have one row of {name}"
    return rows[0]


@pytest.mark.parametrize(("name", "command"), tuple(commands()))
def test_every_option_is_in_the_table_of_commands(name, command):
    shared = {"--warehouse", "--help"}  # said once, for all commands that have it
    assert set(re.findall(r"--[a-z][a-z-]*", row_of(name))) - shared == options(command) - shared


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_pages_exist(page):
    known = dict(commands())
    text = page.read_text()
    assert set(re.findall(r"ml-headcount ([a-z][a-z-]*)", text)) <= main.commands.keys()
    for name, rest in re.findall(rf"ml-headcount ({'|'.join(known)})\b([^`#\n]*)", text):
        assert set(re.findall(r"--[a-z][a-z-]*", rest)) <= options(known[name]), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_modules_in_the_pages_exist(page):
    text = page.read_text()
    paths = set(re.findall(r"`(\w[\w./-]*(?:\.py|\.ya?ml|\.md|\.lock|\.gz|/))`", text)) - OF_A_STUDY
    ends = {f"/{path.relative_to(ROOT)}" for path in FILES}
    ends |= {f"{Path(end).parent}/" for end in ends}
    assert {path for path in paths if not any(end.endswith(f"/{path}") for end in ends)} == set()
    for name in set(re.findall(r"\b(ml_headcount_(?:assets|tests)(?:\.[a-z_]+)+)", text)):
        stem = ROOT / name.replace(".", "/")
        assert stem.is_dir() or stem.with_suffix(".py").is_file(), f"{page.name}: {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_the_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_imports_in_the_pages_work():
    for page in PAGES:
        for line in re.findall(r"^from ml_headcount_assets.* import .*$", page.read_text(), re.M):
            exec(line, {})


def test_every_room_and_page_is_named():
    readme = (ROOT / "README.md").read_text()
    house = (ROOT / "docs" / "architecture.md").read_text()
    for room in arrows():
        name = f"`{room}/`" if (PACKAGE / room).is_dir() else f"`{room}.py`"
        assert name in house
        assert name in readme or name.endswith(".py`")
    for page in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{page.name})" in readme


def test_every_flag_is_explained_as_in_the_report():
    page = (ROOT / "docs" / "data.md").read_text()
    table = page.partition("| flag | meaning |")[2].partition("\n\n")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.M))
    assert rows == dict(FLAG_MEANINGS)

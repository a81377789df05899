"""Who may import what: orchestration is a layer, and the model is pure."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml_headcount_tests.arrows import PACKAGE, PAGE, arrows, imports, room_of, table

MODULES = sorted(PACKAGE.rglob("*.py"))

# From the ground up; rooms of one line are neighbours.
LAYERS = (
    ("errors", "section", "wording"),
    ("compute",),
    ("model",),
    ("text",),
    ("study", "figures"),
    ("ingest", "warehouse", "worlds", "validity"),
    ("labelling", "export"),
    ("orchestration",),
    ("definitions", "cli"),
)
LAYER = {name: height for height, rooms in enumerate(LAYERS) for name in rooms}

# Seconds to import, and not needed by most of what the package does.
HEAVY = ("torch", "keybert", "sentence_transformers", "sklearn", "modal")
IMPORT_ALL = """
import importlib, json, pkgutil, sys
from click.testing import CliRunner

def report():
    print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))

from ml_headcount_assets.cli.main import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
report()
for name in ("ml_headcount_assets", "ml_headcount_tests"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        # What a fit climbs with needs torch; only a fit opens that room, and its own tests.
        room = ".hierarchical.differentiable." in module.name
        if not room and not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    report()
"""


def uses(path: Path, *packages: str) -> set[str]:
    return {
        name
        for name in imports(path)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


def inside(path: Path, *folders: str) -> bool:
    return any(path.is_relative_to(PACKAGE / folder) for folder in folders)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_keep_to_the_layers(path):
    """A room uses its own layer and those below it."""
    if path.parent == PACKAGE and path.name == "__init__.py":
        return  # doors for people: they are opened when somebody goes through one
    allowed = LAYER[room_of(path)]
    above = {
        name
        for name in uses(path, PACKAGE.name)
        if name != PACKAGE.name and LAYER[name.split(".")[1]] > allowed
    }
    assert not above


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_rooms(path):
    if not inside(path, "orchestration", "definitions.py"):
        assert not uses(path, "dagster", "dagster_webserver")
    if not inside(path, "orchestration", "warehouse"):
        assert not uses(path, "duckdb")
    if not inside(path, "compute"):
        assert not uses(path, "modal")
    if inside(path, "model"):
        files = ("pathlib", "io", "os.path", "shutil", "tempfile", "sqlite3", "pyarrow", "yaml")
        assert not uses(path, *files)
        assert "open" not in {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }


def test_the_map_of_the_house_is_that_of_the_code():
    """Whoever draws a new arrow sees it in docs/architecture.md, and says what it is for."""
    assert table(arrows()) in PAGE.read_text(), (
        "if it is meant: python -m ml_headcount_tests.arrows --renew"
    )


def test_the_hall_holds_doors_only():
    assert {path.name for path in PACKAGE.glob("*.py")} <= {
        *("__init__.py", "definitions.py", "errors.py", "section.py", "wording.py")
    }


def test_the_walk_sees_what_it_is_to_forbid(tmp_path):
    module = PACKAGE / "model" / "__init__.py"
    assert "ml_headcount_assets.model.annotators" in imports(module)
    assert uses(PACKAGE / "orchestration" / "session.py", "dagster") == {"dagster"}
    assert uses(PACKAGE / "cli" / "study.py", "ml_headcount_assets.orchestration")


READ_ONLY = """
import sys
from click.testing import CliRunner
from ml_headcount_assets.cli.main import main

for command in (
    ["export", "--to", "out"],
    ["keywords", "show"],
    ["compare", "--truth", sys.argv[1]],
):
    result = CliRunner().invoke(main, [*command, "--warehouse", "nowhere"])
    assert "no finished run" in " ".join(result.output.split()), result.output
assert not {"dagster", "torch", "modal"} & set(sys.modules)
"""


def test_who_only_reads_a_warehouse_loads_no_dagster(tmp_path):
    truth = tmp_path / "truth.csv"
    truth.write_text("company_id,true_experts\n")
    probe = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_ONLY, str(truth)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert probe.returncode == 0, probe.stderr


def test_heavy_libraries_are_imported_where_they_are_used():
    """Neither the command line, nor any module, nor collecting the tests loads one of them."""
    probe = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, *HEAVY],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert probe.returncode == 0, probe.stderr
    assert [json.loads(line) for line in probe.stdout.splitlines()] == [[], [], []]

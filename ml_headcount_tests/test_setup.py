"""Setting up: with uv where it can be had, else with pip, and always the same releases."""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PINS = (ROOT / "docker" / "constraints.txt").read_text().splitlines()


@pytest.fixture
def make(tmp_path: Path):
    """Run make in a copy of what it needs, with a Python that does nothing."""
    (tmp_path / "docker").mkdir()
    (tmp_path / ".venv").mkdir()
    for name in ("Makefile", "pyproject.toml", "docker/constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    ours = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PIP_FIND_LINKS", "UV_FIND_LINKS")
    environment = {name: value for name, value in os.environ.items() if name not in ours}

    def make(*arguments: str, **variables: str) -> str:
        done = subprocess.run(
            ["make", ".venv/installed", "PYTHON=true", *arguments],
            cwd=tmp_path,
            env={**environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )
        stamp = (tmp_path / ".venv" / "installed").exists()
        assert stamp == (done.returncode == 0 and "--dry-run" not in arguments)
        return done.stdout

    return make


def test_uv_installs_the_pinned_releases_and_compiles_them(make):
    told = make("--dry-run")
    uv = told[told.index("uv pip install") :].splitlines()[0]
    for part in ("--compile-bytecode", "--constraint docker/constraints.txt", "[dev,keywords]"):
        assert part in uv


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"PIP_FIND_LINKS": "/one  /two\n/three"}, "/one,/two,/three"),
        ({"PIP_FIND_LINKS": "/one", "UV_FIND_LINKS": "/mine"}, "/mine"),
    ],
)
def test_uv_looks_for_wheels_where_pip_does(make, variables, told):
    assert f'UV_FIND_LINKS="{told}"' in make("--dry-run", **variables)


def test_pip_takes_the_place_of_uv_and_says_so(make):
    printed = make("with_uv=false", "with_pip=echo by pip")
    assert "installing with pip" in printed
    assert printed.endswith("by pip\n")


def test_pip_is_not_asked_where_uv_has_installed(make):
    assert "pip" not in make("with_uv=true", "with_pip=echo by pip")


def test_what_neither_installs_is_not_taken_for_installed(make):
    make("with_uv=false", "with_pip=false")


def test_torch_is_pinned_to_one_release_everywhere():
    """A range would bring the newest one, with several GB of libraries for GPUs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    pinned = {
        str(Requirement(line).specifier)
        for line in [*project["dependencies"], *extras, *PINS]
        if Requirement(line).name == "torch"
    }
    assert len(pinned) == 1
    assert pinned.pop().startswith("==")


def test_pins_name_releases_and_no_places():
    for line in PINS:
        assert Requirement(line).url is None
        assert str(Requirement(line).specifier).startswith("==")
        assert "+" not in line


def test_exceptions_of_the_audit_have_a_date_and_a_reason():
    lines = (ROOT / "docker" / "audit-exceptions.txt").read_text().splitlines()
    for line in lines:
        if line and not line.startswith("#"):
            assert re.fullmatch(r"[A-Z][A-Za-z0-9-]+ \d{4}-\d{2}-\d{2} \S.+", line), line

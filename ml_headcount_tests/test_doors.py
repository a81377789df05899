"""The doors of the package, and the examples beside them."""

import doctest
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import ml_headcount_assets

PACKAGE = Path(ml_headcount_assets.__file__).parent
WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_the_package_is_imported_without_what_is_behind_its_doors():
    probe = (
        "import json, sys, ml_headcount_assets as mh;"
        "print(json.dumps([n for n in ('numpy', 'pandas', 'duckdb', 'dagster', 'torch')"
        " if n in sys.modules]), sorted(mh.__all__), set(mh.__all__) <= set(dir(mh)))"
    )
    told = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, check=True
    ).stdout
    loaded, rest = told[: told.index("]") + 1], told[told.index("]") + 1 :]
    assert json.loads(loaded) == []
    assert rest.split("]")[0].count("'") == 6
    assert rest.strip().endswith("True")


@pytest.mark.parametrize("name", ml_headcount_assets.__all__)
def test_each_door_leads_somewhere(name):
    found = getattr(ml_headcount_assets, name)
    assert callable(found)
    assert found.__name__ == name


def test_there_are_no_other_doors():
    with pytest.raises(AttributeError, match="'estimate_everything'"):
        _ = ml_headcount_assets.estimate_everything


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_examples_are_true(module):
    outcome = doctest.testmod(import_module(module))
    assert outcome.attempted
    assert not outcome.failed


def test_public_functions_have_examples():
    assert {
        "ml_headcount_assets.model.estimate",
        "ml_headcount_assets.model.result",
        "ml_headcount_assets.model.settings",
        "ml_headcount_assets.export.opened",
        "ml_headcount_assets.worlds.simulation",
    } <= set(WITH_EXAMPLES)

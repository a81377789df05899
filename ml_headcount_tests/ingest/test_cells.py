"""Cells of tables that hold objects and lists, or what is left of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ml_headcount_assets.ingest.cells import LONGEST_SPREADSHEET_CELL, nested, structured

POSTS = [{"title": "ML", "end_date": None}]


def _read(field: str, cell: str) -> tuple[Any, list[str]]:
    told: list[str] = []
    record = structured({field: cell}, lambda field, reason: told.append(f"{field} {reason}"))
    return record[field], told


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("experience", json.dumps(POSTS), POSTS),
        ("current_company", '{"name": "A"}', {"name": "A"}),
        ("anything", json.dumps(POSTS), POSTS),
        ("experience", "null", None),
        ("experience", "None", None),
        ("experience", "plain words", "plain words"),
        ("about", "[2019] I joined", "[2019] I joined"),
        ("about", "{braces} in prose", "{braces} in prose"),
        ("education", "[x] University", "[x] University"),
    ],
)
def test_cells_that_are_read(field: str, cell: str, value: object) -> None:
    assert _read(field, cell) == (value, [])


@pytest.mark.parametrize("cell", [repr(POSTS), repr(POSTS[0]), "[{'a': True, 'b': ('x', {1: 2})}]"])
def test_python_literals_are_read_and_named(cell: str) -> None:
    value, told = _read("experience", cell)
    assert isinstance(value, (list, dict))
    assert told == ["experience is a Python literal and no JSON; read as what it stands for"]


@pytest.mark.parametrize(
    ("field", "cell", "reason"),
    [
        ("experience", "[{'title': 'ML', 'end': nan}]", "is a Python object and cannot be read"),
        ("experience", "[{'title': array(['a'])}]", "is a Python object and cannot be read"),
        ("experience", '[{"title": "ML"', "is damaged JSON and cannot be read"),
        ("unknown", '{"title": "ML", "x"', "is damaged JSON and cannot be read"),
    ],
)
def test_what_cannot_be_read_is_no_text(field: str, cell: str, reason: str) -> None:
    value, told = _read(field, cell)
    assert value is None
    assert told[0].startswith(f"{field} {reason}")


def test_cells_that_a_spreadsheet_has_cut_off() -> None:
    cut = json.dumps([{"title": "ML" * 30_000}])[:LONGEST_SPREADSHEET_CELL]
    value, told = _read("experience", cut)
    assert value is None
    assert "cut off at 32,767 characters" in told[0]
    prose = "x" * LONGEST_SPREADSHEET_CELL
    value, told = _read("about", prose)
    assert value == prose
    assert "the rest is lost" in told[0]
    assert _read("about", prose[:-1]) == (prose[:-1], [])


def test_flattened_columns_are_what_they_were() -> None:
    row = {
        "id": "a",
        "current_company.name": "A",
        "current_company.company_id": "a",
        "experiences/0/title": "first",
        "experiences/1/title": "second",
        "experiences/10/title": "last",
        "education[0].title": "U",
    }
    assert nested(row) == {
        "id": "a",
        "current_company": {"name": "A", "company_id": "a"},
        "experiences": [{"title": "first"}, {"title": "second"}, {"title": "last"}],
        "education": [{"title": "U"}],
    }

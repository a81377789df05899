"""Formulas of a workbook of which it is not stored what they come to.

A spreadsheet program stores both. A library that only writes formulas stores no value, and whoever
reads the file sees an empty cell. A text and a link say themselves what they come to.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from xml.etree.ElementTree import Element, iterparse

import openpyxl
from openpyxl.utils.cell import coordinate_to_tuple

from .identifiers import without_formula
from .values import link_formula, without_text_formula

__all__ = ["UNCALCULATED", "Formulas", "told_by_itself", "uncalculated_cells"]

#: Formulas, each with its equals sign, by row and column, from 1.
Formulas = dict[tuple[int, int], str]

#: What is said of such a cell.
UNCALCULATED = (
    "is a formula whose value is not stored. Open the file in a spreadsheet program and save it"
)

_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CHUNK, _LONGEST_TAG = 1 << 20, 64


def told_by_itself(formula: str) -> str | None:
    """Return what a formula comes to that is a text or a link; None of any other.

    A link to somebody's page stays a formula: the id is in its address, and what else a cell may
    be asked for in what it shows.
    """
    link = link_formula(formula)
    if link and without_formula(formula) != link.shown:
        return formula
    said = without_text_formula(formula)
    return None if said == formula else said


def uncalculated_cells(path: Path) -> dict[int, Formulas]:
    """Return such formulas by the number of the sheet, from 1.

    That a formula comes to an empty text is a value. What the archive and the XML lack is raised
    as openpyxl and zipfile raise it.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [name for name in archive.namelist() if _SHEET_PART.fullmatch(name)]
        if not any(_has_formulas(archive, name) for name in parts):
            return {}
    book = openpyxl.load_workbook(path, read_only=True)
    try:
        found = {}
        for number, sheet in enumerate(book.worksheets, 1):
            with sheet._get_source() as xml:
                found[number] = dict(_uncalculated(xml))
        return found
    finally:
        book.close()


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        before = b""
        while chunk := part.read(_CHUNK):
            if _FORMULA.search(before + chunk):
                return True
            before = chunk[-_LONGEST_TAG:]
    return False


def _uncalculated(xml: IO[bytes]) -> Iterator[tuple[tuple[int, int], str]]:
    row = column = 0
    for event, element in iterparse(xml, ("start", "end")):
        tag = _local(element)
        if event == "start":
            if tag == "row":
                row, column = int(element.get("r", row + 1)), 0
        elif tag == "c":
            place = element.get("r")
            row, column = coordinate_to_tuple(place) if place else (row, column + 1)
            parts = {_local(part): part for part in element}
            if _lacks_value(element, parts):
                yield (row, column), f"={parts['f'].text or ''}"
        elif tag == "row":
            element.clear()


def _lacks_value(cell: Element, parts: Mapping[str, Element]) -> bool:
    if "f" not in parts:
        return False
    value = parts.get("v")
    return value is None or not (value.text or cell.get("t") == "str")


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]

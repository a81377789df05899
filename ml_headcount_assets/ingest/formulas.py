"""Formulas of a workbook of which it is not stored what they come to.

A spreadsheet program stores both. A library that only writes formulas stores no value, and whoever
reads the file sees an empty cell.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.etree.ElementTree import Element, iterparse

import openpyxl
from openpyxl.utils.cell import coordinate_to_tuple

__all__ = ["UNCALCULATED", "uncalculated_cells"]

#: What is said of such a cell.
UNCALCULATED = (
    "is a formula whose value is not stored. Open the file in a spreadsheet program and save it"
)

_SHEET_PART = re.compile(r"xl/worksheets/[^/]+\.xml")
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_CHUNK, _LONGEST_TAG = 1 << 20, 64


def uncalculated_cells(path: Path) -> dict[int, list[tuple[int, int]]]:
    """Return row and column of such cells, from 1, by the number of the sheet, from 1.

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
                found[number] = list(_uncalculated(xml))
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


def _uncalculated(xml: IO[bytes]) -> Iterator[tuple[int, int]]:
    row = column = 0
    for event, element in iterparse(xml, ("start", "end")):
        tag = _local(element)
        if event == "start":
            if tag == "row":
                row, column = int(element.get("r", row + 1)), 0
        elif tag == "c":
            place = element.get("r")
            row, column = coordinate_to_tuple(place) if place else (row, column + 1)
            if _lacks_value(element):
                yield row, column
        elif tag == "row":
            element.clear()


def _lacks_value(cell: Element) -> bool:
    parts: dict[str, Any] = {_local(part): part for part in cell}
    if "f" not in parts:
        return False
    value = parts.get("v")
    return value is None or not (value.text or cell.get("t") == "str")


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]

"""Rows of binary files, whose values have types: parquet and xlsx."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import ParseError

import openpyxl
import pyarrow
import pyarrow.parquet
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import InputError
from .rejects import WHOLE_ROW, Rejects
from .values import Rows, as_text

__all__ = ["parquet_rows", "xlsx_rows"]

# What openpyxl lets through: from the disk, the archive, and XML that lacks the expected parts.
_WORKBOOK_ERRORS = (
    OSError,
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ParseError,
    KeyError,
    IndexError,
    ValueError,
    TypeError,
)


def parquet_rows(path: Path) -> Rows:
    """Return the column names, the rows, and their numbers if the names were row 1.

    Raises
    ------
    InputError
        The file is not parquet.
    """
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"{path.name}: cannot be read as parquet (cut off?). Supply it again."
        ) from error
    columns = [[as_text(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True))
    return table.column_names, rows, list(range(2, len(rows) + 2))


def xlsx_rows(path: Path, rejects: Rejects) -> Rows:
    """Return header, rows and row numbers of the first sheet.

    Of a formula, the value counts that the spreadsheet program stored when it last saved.

    Raises
    ------
    InputError
        The file is no workbook, or its first sheet is empty.
    """
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            cells = [[as_text(value) for value in row] for row in book.worksheets[0].values]
        finally:
            book.close()
    except _WORKBOOK_ERRORS as error:
        raise InputError(
            f"{path.name}: cannot be read as an xlsx workbook (cut off?). Supply it again."
        ) from error
    if not cells:
        raise InputError(f"{path.name}: the first sheet is empty. Supply it again.")
    header = [name.strip() for name in cells[0]]
    while header and not header[-1]:
        header.pop()
    width = len(header)
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    for number, row in enumerate(cells[1:], 2):
        if any(row[width:]):
            rejects.add(number, WHOLE_ROW, "the row has more cells than the header")
        elif any(row):
            rows.append([*row, *[""] * width][:width])
            lines.append(number)
    return header, rows, lines

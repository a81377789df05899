"""Rows of binary files, whose values have types: parquet and xlsx."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
import pyarrow
import pyarrow.parquet
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import InputError
from .bombs import refuse_bomb, refuse_row_bomb
from .layouts import header_position
from .rejects import WHOLE_ROW, Rejects
from .values import Rows, as_text

__all__ = ["parquet_records", "parquet_rows", "xlsx_rows"]

_BATCH_ROWS = 2_000
#: Rows among which a sheet's header is looked for.
_LOOKED_AT_ROWS = 200

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
        refuse_row_bomb(path, pyarrow.parquet.read_metadata(path).num_rows)
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"{path.name}: cannot be read as parquet (cut off?). Supply it again."
        ) from error
    columns = [[as_text(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True))
    return table.column_names, rows, list(range(2, len(rows) + 2))


def parquet_records(
    path: Path, fields: Collection[str] | None, rejects: Rejects
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row, record) with nested values, a few thousand rows in memory at a time.

    Parameters
    ----------
    fields
        Names of the columns that are wanted, of which the file may lack some; None for all.

    Raises
    ------
    InputError
        The file is not parquet.
    """
    line = 1
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            columns = [name for name in names if fields is None or name in fields]
            for batch in file.iter_batches(_BATCH_ROWS, columns=columns):
                for record in _records(batch):
                    line += 1
                    if record is not None:
                        yield line, record
                    else:
                        rejects.add(line, WHOLE_ROW, "a value of the row cannot be read")
    except (pyarrow.ArrowException, OSError) as error:
        if line == 1:
            raise InputError(
                f"{path.name}: cannot be read as parquet (cut off?). Supply it again."
            ) from error
        rejects.add_file(f"the file is damaged behind row {line}: supply it again")


def _records(batch: pyarrow.RecordBatch) -> list[dict[str, Any] | None]:
    """Return the rows as objects; None for those with text that is no UTF-8 or such a date."""
    try:
        return batch.to_pylist()
    except (ValueError, OverflowError):
        rows = [batch.slice(row, 1) for row in range(len(batch))]
        if len(rows) == 1:
            return [None]
        return [record for row in rows for record in _records(row)]


def xlsx_rows(path: Path, rejects: Rejects) -> tuple[*Rows, int]:
    """Return header, rows, row numbers and the header's row number, of the first sheet.

    Rows of titles above the header are left out. Of a formula, the value counts that the
    spreadsheet program stored when it last saved.

    Raises
    ------
    InputError
        The file is no workbook, or its first sheet is empty.
    """
    cells = [(number, row) for number, row in enumerate(_sheet(path, rejects), 1) if any(row)]
    if not cells:
        raise InputError(f"{path.name}: the first sheet is empty. Supply it again.")
    position = header_position([row for _, row in cells[:_LOOKED_AT_ROWS]])
    header_row, names = cells[position]
    if position:
        rejects.add_note(f"the header is row {header_row}; what is above it is not read")
    header = [name.strip() for name in names]
    width = len(header)
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    for number, row in cells[position + 1 :]:
        if any(row[width:]):
            rejects.add(number, WHOLE_ROW, "the row has more cells than the header")
        else:
            rows.append([*row, *[""] * width][:width])
            lines.append(number)
    return header, rows, lines, header_row


def _sheet(path: Path, rejects: Rejects) -> list[list[str]]:
    """Return the rows of the first sheet as text, without the empty cells at their ends."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        refuse_bomb(path, sum(p.compress_size for p in parts), sum(p.file_size for p in parts))
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            cells = [[as_text(value) for value in row] for row in book.worksheets[0].values]
            if len(book.worksheets) > 1:
                rejects.add_note("only the first sheet is read")
        finally:
            book.close()
    except _WORKBOOK_ERRORS as error:
        raise InputError(
            f"{path.name}: cannot be read as an xlsx workbook (cut off?). Supply it again."
        ) from error
    for row in cells:
        while row and not row[-1]:
            row.pop()
    return cells

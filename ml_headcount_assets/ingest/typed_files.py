"""Rows of binary files, whose values have types: parquet and xlsx."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

import openpyxl
import pyarrow
import pyarrow.parquet
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import InputError
from ..wording import how_many
from .bombs import refuse_bomb, refuse_row_bomb
from .delimited import without_headers
from .file_kinds import OLD_WORKBOOK_BEGINNING
from .formulas import Formulas, told_by_itself, uncalculated_cells
from .layouts import header_position
from .rejects import WHOLE_ROW, Rejects
from .values import Rows, as_text

__all__ = ["SheetFound", "parquet_records", "parquet_rows", "xlsx_rows"]

_BATCH_ROWS = 2_000
#: Rows among which a sheet's header is looked for.
_LOOKED_AT_ROWS = 200
#: Of a workbook that unpacks to more bytes it is not asked which cells are merged.
_LARGEST_WHOLE = 16 << 20
#: Of many sheets not all are named.
_MOST_SHEETS = 8

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
    AttributeError,
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
    except MemoryError:  # pyarrow's is one of its other errors, too
        raise
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
    except MemoryError:
        raise
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


class SheetFound(NamedTuple):
    """Where in a workbook the table was found.

    Attributes
    ----------
    header_row
        Number of the header's row.
    said
        Which sheet of which ones it is, in words; "" if there is only one.
    uncalculated
        Row and column's name of each cell below the header with a formula of which it is not known
        what it comes to.
    """

    header_row: int
    said: str
    uncalculated: list[tuple[int, str]]


def xlsx_rows(
    path: Path,
    rejects: Rejects,
    fit: Callable[[Sequence[str]], int],
) -> tuple[*Rows, SheetFound]:
    """Return header, rows, row numbers and where they were found, of the table that is meant.

    That is, of the sheets that are not hidden, the one that fits best; of equals the first that has
    a header of several names with rows below, or, if there are none, the first with anything at
    all. Rows of titles above the header are left out. Of a formula, the value counts that the
    spreadsheet program stored when it last saved, or what the formula says itself; a name that is
    another formula is that formula. Of cells that are merged over several rows, the value counts
    for each row. Hidden rows are rows.

    Parameters
    ----------
    path
        The file.
    rejects
        Takes cells without a value, and notes on what is not read.
    fit
        How many names of a header are those that are looked for.

    Raises
    ------
    InputError
        The file is no workbook, or it has no rows.
    """
    sheets = _sheets(path)
    tables = [table for sheet in sheets if (table := _table(sheet))]
    if not tables:
        raise InputError(f"{path.name}: the sheets are empty. Supply it again.")
    table = max(tables, key=lambda each: (fit(each.header), each.is_regular))
    if len(sheets) > 1:
        rejects.add_note(f"of {len(sheets)} sheets only {table.sheet.name!r} is read")
    if table.header_row > table.sheet.first_row:
        rejects.add_note(f"the header is row {table.header_row}; what is above it is not read")
    found = SheetFound(table.header_row, _said(table.sheet, sheets), table.uncalculated())
    return *_below(table, rejects), found


def _said(sheet: _Sheet, sheets: Sequence[_Sheet]) -> str:
    if len(sheets) == 1:
        return ""
    names = ", ".join(repr(each.name) for each in sheets[:_MOST_SHEETS])
    more = ", ..." if len(sheets) > _MOST_SHEETS else ""
    return f"sheet {sheet.name!r} (there are {names}{more})"


class _Sheet(NamedTuple):
    """The cells of a sheet as text, and which cells are merged.

    Attributes
    ----------
    number, name
        Its place in the workbook, from 1, and what it is called.
    rows
        Without the empty cells at their ends.
    merged
        Ranges of merged cells: first row, last row, first column, last column, from 1.
    errors
        Row and column of each cell with an error of the spreadsheet program, from 1.
    uncalculated
        Formulas of which it is not known what they come to.
    """

    number: int
    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int, int]]
    errors: list[tuple[int, int]]
    uncalculated: Formulas

    @property
    def first_row(self) -> int:
        """Number of the first row that is not empty."""
        return next((number for number, row in enumerate(self.rows, 1) if any(row)), 0)


class _Table(NamedTuple):
    """A sheet, and where its table begins."""

    sheet: _Sheet
    header_row: int
    is_regular: bool

    @property
    def header(self) -> list[str]:
        """The names of the columns."""
        names = enumerate(self.sheet.rows[self.header_row - 1], 1)
        formulas = self.sheet.uncalculated
        return [
            " ".join(name.split()) or formulas.get((self.header_row, column), "")
            for column, name in names
        ]

    def uncalculated(self) -> list[tuple[int, str]]:
        """Return row and column's name of each cell of which it is not known what it comes to."""
        header = self.header
        return [
            (row, header[column - 1])
            for row, column in self.sheet.uncalculated
            if row > self.header_row and column <= len(header)
        ]


def _table(sheet: _Sheet) -> _Table | None:
    """Return where the table of a sheet begins; None if the sheet is empty."""
    cells = [(number, row) for number, row in enumerate(sheet.rows, 1) if any(row)]
    if not cells:
        return None
    looked_at = [row for _, row in cells[:_LOOKED_AT_ROWS]]
    position = header_position(looked_at)
    below = looked_at[position + 1 :]
    is_regular = sum(map(bool, looked_at[position])) > 1 and any(
        sum(map(bool, r)) > 1 for r in below
    )
    return _Table(sheet, cells[position][0], is_regular)


def _below(table: _Table, rejects: Rejects) -> Rows:
    """Return the header, and the rows below it, each as wide as the header."""
    sheet = table.sheet
    header = table.header
    width = len(header)
    _spread_merged(sheet, table.header_row)
    for row, column in sheet.errors:
        if row > table.header_row and column <= width:
            reason = "is an error of the spreadsheet (#N/A and the like); taken as missing"
            rejects.add(row, header[column - 1], reason)
    filled = [
        (number, row)
        for number, row in enumerate(sheet.rows[table.header_row :], table.header_row + 1)
        if any(row)
    ]
    if beyond := sum(any(row[width:]) for _, row in filled):
        rejects.add_note(
            f"{how_many(beyond, 'row has', 'rows have')} cells beside the table; these are not read"
        )
    whole = ((number, [*row, *[""] * width][:width]) for number, row in filled)
    kept = list(without_headers((each for each in whole if any(each[1])), header, rejects))
    return header, [row for _, row in kept], [number for number, _ in kept]


def _spread_merged(sheet: _Sheet, header_row: int) -> None:
    """Write the value of cells that are merged over several rows into each of these rows."""
    for first, last, column, _ in sheet.merged:
        if first <= header_row or first == last or len(sheet.rows[first - 1]) < column:
            continue
        value = sheet.rows[first - 1][column - 1]
        for row in sheet.rows[first:last]:
            row += [""] * (column - len(row))
            row[column - 1] = value


def _sheets(path: Path) -> list[_Sheet]:
    """Return the sheets of a workbook that are not hidden; all of them, if all are."""
    try:
        with path.open("rb") as file:
            if file.read(4) == OLD_WORKBOOK_BEGINNING:
                raise InputError(
                    f"{path.name}: is a workbook of the old kind (.xls), or locked by a password."
                    " Save it as .xlsx, without a password."
                )
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
        unpacked = sum(part.file_size for part in parts)
        refuse_bomb(path, sum(part.compress_size for part in parts), unpacked)
        return _read_sheets(path, whole=unpacked <= _LARGEST_WHOLE)
    except _WORKBOOK_ERRORS as error:
        raise InputError(
            f"{path.name}: cannot be read as an xlsx workbook (cut off?). Supply it again."
        ) from error


def _read_sheets(path: Path, *, whole: bool) -> list[_Sheet]:
    """Read the sheets, as a whole or row by row.

    Only what is read as a whole tells which cells are merged. It takes fifty times the memory, and
    pictures and charts that are damaged, or merely unknown, prevent it.
    """
    try:
        book = openpyxl.load_workbook(path, read_only=not whole, data_only=True)
    except _WORKBOOK_ERRORS:
        if not whole:
            raise
        return _read_sheets(path, whole=False)
    try:
        visible = [each for each in book.worksheets if each.sheet_state == "visible"]
        uncalculated = uncalculated_cells(path)
        return [
            _read_sheet(number, sheet, uncalculated.get(number, {}))
            for number, sheet in enumerate(book.worksheets, 1)
            if sheet in visible or not visible
        ]
    finally:
        book.close()


def _read_sheet(number: int, sheet: Any, formulas: Formulas) -> _Sheet:
    rows = [[as_text(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    uncalculated = _write_told(rows, formulas)
    errors = []
    for place, row in enumerate(rows, 1):
        for column, text in enumerate(row, 1):
            if text.startswith("#") and text in ERROR_CODES:
                row[column - 1] = ""
                errors.append((place, column))
        while row and not row[-1]:
            row.pop()
    ranges = getattr(getattr(sheet, "merged_cells", None), "ranges", ())
    merged = [(each.min_row, each.max_row, each.min_col, each.max_col) for each in ranges]
    return _Sheet(number, sheet.title, rows, merged, errors, uncalculated)


def _write_told(rows: list[list[str]], formulas: Formulas) -> Formulas:
    """Write what formulas come to that say it themselves into their cells; return the others."""
    others: Formulas = {}
    for (row, column), formula in formulas.items():
        told = told_by_itself(formula)
        is_read = row <= len(rows) and column <= len(rows[row - 1])
        if told is not None and is_read:
            rows[row - 1][column - 1] = told
        else:
            others[row, column] = formula
    return others

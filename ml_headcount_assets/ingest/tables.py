"""Tables from files of any format that a study may come in, as text with line numbers.

Whatever the format, a `RawTable` holds text, so that every later rule (what is a label, what is
a headcount) exists once. Rows that cannot be read are put aside with line and reason and do not
take the others with them.
"""

from __future__ import annotations

import csv
import gzip
import json
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
import openpyxl
import pyarrow
import pyarrow.parquet
from numpy.typing import NDArray
from openpyxl.utils.exceptions import InvalidFileException

from ..errors import InputError
from ..study import EXTENSIONS
from .rejects import WHOLE_ROW, Rejects

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 1 << 20


@dataclass(frozen=True)
class RawTable:
    """A file's readable rows as text.

    Attributes
    ----------
    source
        The file's name, for messages.
    columns
        Text of every column, by name; "" where there is no value.
    line
        Line (text formats) or row (spreadsheet, parquet) of each row in the file; the header is
        line 1, also in formats that have none, save for jsonl.
    rejects
        What could not be read so far; the later rules add to it.
    """

    source: str
    columns: dict[str, NDArray[np.object_]]
    line: NDArray[np.int64]
    rejects: Rejects

    def __len__(self) -> int:
        return len(self.line)

    def require(self, column: str, key: str) -> NDArray[np.object_]:
        """Return a column, or tell which configuration key would map it."""
        if column in self.columns:
            return self.columns[column]
        near = get_close_matches(column, self.columns, n=1)
        hint = f"; is it {near[0]!r}?" if near else ""
        raise InputError(
            f"{self.source}: there is no column {column!r}{hint} The columns are"
            f" {', '.join(map(repr, self.columns))}. Name the right one under {key} in the"
            " study's configuration, or correct the header"
        )

    def keep(self, rows: NDArray[np.bool_]) -> RawTable:
        """Return the table with only the rows for which `rows` is true."""
        if rows.all():
            return self
        kept = {name: values[rows] for name, values in self.columns.items()}
        return RawTable(self.source, kept, self.line[rows], self.rejects)

    def refuse_if_unusable(self, rows: int) -> None:
        """Raise an `InputError` if none of the file's `rows` rows are left."""
        if len(self) == 0:
            first = self.rejects.first_reason()
            raise InputError(
                f"{self.source}: none of its {rows} rows can be used"
                + (f"; the first is rejected in {first}" if first else "")
            )


def read_table(path: Path) -> RawTable:
    """Read a file by its extension.

    Raises
    ------
    InputError
        The file is missing, empty, of an unknown format, without a usable header, or not what
        its extension says.
    """
    name = path.name.lower()
    if not name.endswith(EXTENSIONS):
        raise InputError(
            f"{path.name}: files of this kind are not read; use one of {', '.join(EXTENSIONS)}"
        )
    rejects = Rejects(path.name)
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty; supply it again")
    if name.endswith(".parquet"):
        header, rows, lines = _parquet_rows(path)
    elif name.endswith(".xlsx"):
        header, rows, lines = _xlsx_rows(path, rejects)
    else:
        text = _text_lines(path, rejects)
        extension = Path(name.removesuffix(".gz")).suffix
        if extension == ".jsonl":
            header, rows, lines = _jsonl_rows(text, rejects)
        else:
            header, rows, lines = _delimited_rows(text, _DELIMITERS[extension], rejects)
    _check_header(header, path.name)
    if not rows:
        first = rejects.first_reason()
        raise InputError(
            f"{path.name}: the file has no rows that can be read"
            + (f"; {first}" if first else " beside its header")
        )
    values = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    columns = dict(zip(header, values, strict=True))
    return RawTable(path.name, columns, np.array(lines, dtype=np.int64), rejects)


_Rows = tuple[Sequence[str], list[Sequence[str]], list[int]]


def _check_header(header: Sequence[str], source: str) -> None:
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{source}: the header names {', '.join(map(repr, repeated))} more than once;"
            " rename or remove the columns that are not meant"
        )


def _text_lines(path: Path, rejects: Rejects) -> list[str]:
    """Return the physical lines with their ends; lines that are not UTF-8 become empty."""
    content = _decompress(path, rejects) if path.name.lower().endswith(".gz") else path.read_bytes()
    if content.startswith(_UTF16_MARKS):
        raise InputError(f"{path.name}: the text is UTF-16; save it as UTF-8")
    texts: list[str] = []
    for number, line in enumerate(content.removeprefix(_BYTE_ORDER_MARK).splitlines(True), 1):
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            rejects.add(number, WHOLE_ROW, "the line is not valid UTF-8 text")
            texts.append("\n")
    return texts


def _decompress(path: Path, rejects: Rejects) -> bytes:
    """Unpack a gzip file; of one that is cut off, all that can be had."""
    chunks: list[bytes] = []
    try:
        with gzip.open(path) as file:
            while chunk := file.read(_CHUNK):
                chunks.append(chunk)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not chunks:
            raise InputError(
                f"{path.name}: is not a gzip file, or nothing of it is readable; supply it again"
            ) from error
        rejects.add_file(
            "the compressed file is cut off or damaged: rows after the last readable one are"
            " lost; supply it again"
        )
    return b"".join(chunks)


def _delimited_rows(text: list[str], delimiter: str, rejects: Rejects) -> _Rows:
    header: list[str] | None = None
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    for line, fields in _records(text, delimiter, rejects):
        if header is None:
            header = [field.strip() for field in fields]
        elif len(fields) == len(header):
            rows.append(fields)
            lines.append(line)
        else:
            rejects.add(
                line,
                WHOLE_ROW,
                f"the row has {len(fields)} fields where the header has {len(header)}"
                " (cut off, or wrongly quoted)",
            )
    return header or [], rows, lines


def _records(text: list[str], delimiter: str, rejects: Rejects) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of every record, starting afresh behind a line that cannot be read.

    A quotation mark that is never closed makes the rest of a file one field. So a record that
    fails, or that spans lines and does not have as many fields as the first one, costs only its
    first line.
    """
    start, width = 0, None
    while start < len(text):
        reader = csv.reader(
            (text[i] for i in range(start, len(text))), delimiter=delimiter, strict=True
        )
        taken, restart = 0, len(text)
        try:
            for fields in reader:
                first, taken = start + taken, reader.line_num
                width = width or len(fields)
                if start + taken - first > 1 and len(fields) != width:
                    restart = first + 1
                    break
                if fields:
                    yield first + 1, fields
        except csv.Error:
            restart = start + taken + 1
        if restart < len(text) or taken < len(text) - start:
            rejects.add(restart, WHOLE_ROW, "the quotation marks of the row do not match")
        start = restart


def _jsonl_rows(text: list[str], rejects: Rejects) -> _Rows:
    records: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            records.append(record)
            lines.append(number)
        else:
            rejects.add(number, WHOLE_ROW, "the line is not a JSON object (cut off?)")
    header = list(dict.fromkeys(key for record in records for key in record))
    rows = [[_as_text(record.get(key)) for key in header] for record in records]
    return header, rows, lines


def _parquet_rows(path: Path) -> _Rows:
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise InputError(
            f"{path.name}: cannot be read as parquet (cut off?); supply it again"
        ) from error
    columns = [[_as_text(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(zip(*columns, strict=True))
    return table.column_names, rows, list(range(2, len(rows) + 2))


def _xlsx_rows(path: Path, rejects: Rejects) -> _Rows:
    """Rows of the first sheet; of a formula, the value that the spreadsheet last stored."""
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        try:
            cells = [[_as_text(v) for v in row] for row in book.worksheets[0].values]
        finally:
            book.close()
    except (
        InvalidFileException,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        ParseError,
        KeyError,
        ValueError,
        IndexError,
        TypeError,
    ) as error:
        raise InputError(
            f"{path.name}: cannot be read as an xlsx workbook (cut off?); supply it again"
        ) from error
    if not cells:
        raise InputError(f"{path.name}: the first sheet is empty; supply it again")
    header = [name.strip() for name in cells[0]]
    while header and not header[-1]:
        header.pop()
    rows: list[Sequence[str]] = []
    lines: list[int] = []
    for number, row in enumerate(cells[1:], 2):
        if not any(row):
            continue
        if any(row[len(header) :]):
            rejects.add(number, WHOLE_ROW, "the row has more cells than the header")
            continue
        rows.append([*row, *[""] * len(header)][: len(header)])
        lines.append(number)
    return header, rows, lines


def _as_text(value: Any) -> str:
    """Text of a value of a format that has types; a missing one becomes ""."""
    if value is None or value != value:  # noqa: PLR0124 (NaN)
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value)

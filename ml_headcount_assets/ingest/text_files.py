"""Rows of text files: csv, tsv and jsonl, plain or gzipped."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from .rejects import WHOLE_ROW, Rejects
from .values import Rows, as_text

__all__ = ["delimited_rows", "jsonl_rows", "records", "text_lines"]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CHUNK = 1 << 20


def text_lines(path: Path, rejects: Rejects, *, only_start: bool = False) -> list[str]:
    """Return the physical lines with their ends; lines that are not UTF-8 become empty.

    With `only_start`, the first megabyte is read, whose last line may be cut.

    Raises
    ------
    InputError
        The file cannot be opened, or nothing of it is readable.
    """
    content = _content(path, rejects, only_start)
    if content.startswith(_UTF16_MARKS):
        raise InputError(f"{path.name}: the text is UTF-16. Save it as UTF-8.")
    texts: list[str] = []
    for number, line in enumerate(content.removeprefix(_BYTE_ORDER_MARK).splitlines(True), 1):
        try:
            texts.append(line.decode())
        except UnicodeDecodeError:
            rejects.add(number, WHOLE_ROW, "the line is not valid UTF-8 text")
            texts.append("\n")
    return texts


def _content(path: Path, rejects: Rejects, only_start: bool) -> bytes:
    """Read and unpack a file; of a gzip file that is cut off, all that can be had."""
    content = bytearray()
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            # read1 hands over what is unpacked so far before it meets the damage.
            while chunk := file.read1(_CHUNK):
                content += chunk
                if only_start and len(content) >= _CHUNK:
                    break
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not content:
            raise InputError(
                f"{path.name}: is not a gzip file, or nothing of it is readable. Supply it again."
            ) from error
        rejects.add_file(
            "the compressed file is cut off or damaged: rows after the last readable one are"
            " lost; supply it again"
        )
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror}.") from error
    return bytes(content)


def delimited_rows(text: list[str], delimiter: str, rejects: Rejects) -> Rows:
    """Return header, rows as wide as the header, and the line of each row."""
    header: list[str] | None = None
    rows: list[list[str]] = []
    lines: list[int] = []
    for line, fields in records(text, delimiter, rejects):
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


def records(text: list[str], delimiter: str, rejects: Rejects) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of every record, starting afresh behind a line that cannot be read.

    A quotation mark that is never closed makes the rest of a file one field. So a record that
    fails, or that spans lines and does not have as many fields as the header, costs only its
    first line.
    """
    start, width = 0, 0
    while start < len(text):
        rest = (text[i] for i in range(start, len(text)))
        reader = csv.reader(rest, delimiter=delimiter, strict=True)
        taken = 0
        try:
            for fields in reader:
                first, taken = start + taken, reader.line_num
                width = width or len(fields)
                if len(fields) != width and start + taken - first > 1:
                    break
                if fields:
                    yield first + 1, fields
            else:
                return
        except csv.Error:
            first = start + taken
        rejects.add(
            first + 1,
            WHOLE_ROW,
            "the quotation marks of the row do not match, or a field is far too long",
        )
        start = first + 1


def jsonl_rows(text: list[str], rejects: Rejects) -> Rows:
    """Return all keys in the order they come up, the rows with "" for absent keys, the lines."""
    objects: list[dict[str, Any]] = []
    lines: list[int] = []
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError):
            parsed = None
        if isinstance(parsed, dict):
            objects.append({as_text(key): value for key, value in parsed.items()})
            lines.append(number)
        else:
            rejects.add(number, WHOLE_ROW, "the line is not a JSON object (cut off?)")
    header = list(dict.fromkeys(key for parsed in objects for key in parsed))
    rows = [[as_text(parsed.get(key)) for key in header] for parsed in objects]
    return header, rows, lines

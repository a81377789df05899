"""Records of raw profiles from files of any format, one by one, with their values as parsed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..study import Study
from ..text.recipe import STRUCTURED_FIELDS
from .delimited import DELIMITERS, read_delimited
from .rejects import Rejects
from .tables import file_extension, refuse_repeats
from .text_files import TextLines, json_objects
from .typed_files import parquet_records, xlsx_rows
from .values import NOTHING

__all__ = ["profile_files", "stream_records", "structured"]

Record = dict[str, Any]


def profile_files(study: Study) -> dict[str, Path]:
    """Return the files of a study's raw profiles by their names in it, in the order of those.

    Raises
    ------
    InputError
        The folder has no files.
    """
    if study.files.profiles is None:
        return {}
    source = study.files.profiles.path
    if source.is_file():
        return {source.name: source}
    found = {path.relative_to(source.parent).as_posix(): path for path in source.rglob("*")}
    files = {
        name: path
        for name, path in sorted(found.items())
        if path.is_file() and not path.name.startswith(".")
    }
    if not files:
        raise InputError(f"{source.name}: the folder has no files. Add the profiles.")
    return files


def stream_records(
    path: Path, fields: Collection[str], rejects: Rejects
) -> Iterator[tuple[int, Record]]:
    """Yield (line, record) of every record that can be read; the others go to `rejects`.

    Empty cells of tables are left out of the record.

    Parameters
    ----------
    fields
        The fields that are wanted. Which of the others are in the records as well depends on
        the format.

    Raises
    ------
    InputError
        Nothing of the file can be read.
    """
    extension = file_extension(path)
    if extension == ".jsonl":
        yield from json_objects(TextLines(path, rejects), rejects)
    elif extension == ".parquet":
        yield from parquet_records(path, fields, rejects)
    elif extension == ".xlsx":
        header, rows, lines, _ = xlsx_rows(path, rejects)
        yield from _named(header, zip(lines, rows, strict=True), path.name)
    else:
        found = read_delimited(path, DELIMITERS[extension], rejects)
        yield from _named(found.header, found.rows, path.name)


def _named(
    header: list[str], rows: Iterator[tuple[int, Any]], source: str
) -> Iterator[tuple[int, Record]]:
    names = [name.strip() for name in header]
    refuse_repeats([name for name in names if name], source)
    for line, cells in rows:
        pairs = zip(names, cells, strict=True)
        yield line, {name: cell for name, cell in pairs if name and cell}


def structured(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the record with parsed objects and lists where a table has them as JSON text."""
    parsed = {
        field: _parsed(record[field])
        for field in STRUCTURED_FIELDS
        if isinstance(record.get(field), str)
    }
    return {**record, **parsed} if parsed else record


def _parsed(cell: str) -> Any:
    if cell.strip().casefold() in NOTHING:
        return None
    if cell.lstrip()[:1] not in ("{", "["):
        return cell
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell  # text that begins like JSON is text

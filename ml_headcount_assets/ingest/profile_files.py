"""Records of raw profiles from files of any format, one by one, with their values as parsed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..study import JSON_EXTENSIONS, PROFILE_EXTENSIONS
from .cells import nested
from .delimited import read_delimited
from .formulas import UNCALCULATED
from .json_records import can_be_divided, json_records
from .rejects import Rejects
from .tables import DELIMITERS, file_extension, refuse_repeats
from .text_files import Part, parts_of, spread_parts
from .typed_files import parquet_records, xlsx_rows
from .vendors import known_fields

if TYPE_CHECKING:  # it brings the model, which a process that reads does not need
    from ..study import Study

__all__ = ["RecordFile", "profile_files"]

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


@dataclass(frozen=True)
class RecordFile:
    """A file of raw profiles.

    Attributes
    ----------
    path
        The file.
    format
        What it is read as, in words.
    read
        Yields (line, record) of every record that can be read; the others go to the rejects.
        Empty cells of tables are left out of the record. Raises `InputError` if nothing of the
        file can be read.
    """

    path: Path
    format: str
    read: Callable[[Rejects], Iterator[tuple[int, Record]]]

    @staticmethod
    def parts(path: Path, size: int, line_ends: Sequence[int]) -> list[Part | None]:
        """Divide a file into parts that can be read beside each other, if that is possible.

        Parts are of about `size` bytes; None alone stands for the whole file. How many lines end
        in each range of so many bytes, `contents_of` tells.
        """
        whole: list[Part | None] = [None]
        if not path.name.lower().endswith(JSON_EXTENSIONS) or path.stat().st_size < 2 * size:
            return whole
        return [*parts_of(path, size, line_ends)] if can_be_divided(path) else whole

    @staticmethod
    def looks(path: Path, count: int) -> list[Part | None]:
        """Return parts that begin at places spread over a file, or None alone for its beginning."""
        divided = path.name.lower().endswith(JSON_EXTENSIONS) and can_be_divided(path)
        return [*spread_parts(path, count)] if divided else [None]

    @classmethod
    def of(cls, path: Path, part: Part | None = None) -> RecordFile:
        """Return how a file, or a part of it, is read, by its extension.

        Raises
        ------
        InputError
            Files of this kind are not read, or the file is empty.
        """
        extension = file_extension(path, PROFILE_EXTENSIONS)
        if extension in JSON_EXTENSIONS:
            return cls(path, "JSON", lambda rejects: json_records(path, rejects, part))
        if extension == ".parquet":
            return cls(path, "Parquet", lambda rejects: parquet_records(path, None, rejects))
        if extension == ".xlsx":
            return cls(path, "Excel", lambda rejects: _xlsx_records(path, rejects))
        name = extension.removeprefix(".").upper()
        return cls(path, name, lambda rejects: _delimited_records(path, extension, rejects))


def _xlsx_records(path: Path, rejects: Rejects) -> Iterator[tuple[int, Record]]:
    header, rows, lines, found = xlsx_rows(path, rejects, known_fields)
    for row, name in found.uncalculated:  # no reason to stop: texts may begin like formulas
        rejects.add(row, name, f"{UNCALCULATED}; taken as missing")
    yield from _named(header, zip(lines, rows, strict=True), path.name)


def _delimited_records(
    path: Path, extension: str, rejects: Rejects
) -> Iterator[tuple[int, Record]]:
    found = read_delimited(path, DELIMITERS[extension], rejects)
    yield from _named(found.header, found.rows, path.name)


def _named(
    header: Collection[str], rows: Iterator[tuple[int, Any]], source: str
) -> Iterator[tuple[int, Record]]:
    names = [name.strip() for name in header]
    refuse_repeats([name for name in names if name], source)
    for line, cells in rows:
        pairs = zip(names, cells, strict=True)
        yield line, dict(nested({name: cell for name, cell in pairs if name and cell}))

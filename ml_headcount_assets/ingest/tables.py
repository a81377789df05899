"""Tables from files of any format that a study may come in, as text with line numbers.

Whatever the format, a `RawTable` holds text, so that every later rule (what is a label, what is
a headcount) exists once. Rows that cannot be read are put aside with line and reason and do not
take the others with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..study import EXTENSIONS, CompaniesFile, ProfileLabelsFile, ValidationFile
from ..text.fields import squashed
from ..wording import how_many
from .bombs import named_if_too_large
from .delimited import DELIMITERS, read_delimited
from .file_forms import FileForm
from .formulas import UNCALCULATED
from .json_records import json_records
from .rejects import Rejects
from .typed_files import parquet_rows, xlsx_rows
from .values import Rows, as_text

__all__ = [
    "Columns",
    "RawTable",
    "TableFile",
    "file_extension",
    "no_such_column",
    "read_entry",
    "read_header",
    "read_table",
    "refuse_repeats",
]

#: A table that a study names.
TableFile = CompaniesFile | ValidationFile | ProfileLabelsFile

#: Of a wide table not all columns are listed.
_MOST_NAMES = 30


class Columns(Mapping[str, NDArray[np.object_]]):
    """The text of a table's columns, by name.

    Parameters
    ----------
    texts
        The text of every column.
    unknown
        By column, of those of which some text is not known, why; who asks for one of them gets it
        as an `InputError`.
    """

    def __init__(
        self, texts: Mapping[str, NDArray[np.object_]], unknown: Mapping[str, str]
    ) -> None:
        self._texts, self._unknown = texts, unknown

    def __getitem__(self, name: str) -> NDArray[np.object_]:
        if name in self._unknown:
            raise InputError(self._unknown[name])
        return self._texts[name]

    def __contains__(self, name: object) -> bool:
        return name in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def keep(self, rows: NDArray[np.bool_]) -> Columns:
        """Return the columns with only the rows for which `rows` is true."""
        return Columns({name: texts[rows] for name, texts in self._texts.items()}, self._unknown)


@dataclass(frozen=True)
class RawTable:
    """A file's readable rows as text.

    Attributes
    ----------
    source
        The file's name, for messages.
    columns
        Text of every column, by name; "" where there is no value. A column with a formula of which
        it is not known what it comes to can be named, but not read.
    line
        Line (text formats) or row (spreadsheet, parquet) of each row in the file; the header is
        line 1, also in formats that have none, save for jsonl.
    rejects
        What could not be read so far; the later rules add to it.
    form
        In which form the file was found.
    """

    source: str
    columns: Columns
    line: NDArray[np.int64]
    rejects: Rejects
    form: FileForm

    def __len__(self) -> int:
        return len(self.line)

    def require(self, column: str, key: str, annotator: str = "") -> NDArray[np.object_]:
        """Return a column, or raise `no_such_column`."""
        if column in self.columns:
            return self.columns[column]
        raise no_such_column(self.where, column, self.columns, key, annotator)

    @property
    def where(self) -> str:
        """The file's name and, of a workbook of several sheets, that of the sheet."""
        return f"{self.source}, {self.form.sheet}" if self.form.sheet else self.source

    def keep(self, rows: NDArray[np.bool_]) -> RawTable:
        """Return the table with only the rows for which `rows` is true."""
        if rows.all():
            return self
        return replace(self, columns=self.columns.keep(rows), line=self.line[rows])

    def refuse_if_unusable(self, rows: int) -> None:
        """Raise an `InputError` if none of the file's `rows` rows are left."""
        if len(self) == 0:
            raise InputError(
                f"{self.source}: none of its {how_many(rows, 'row')} can be used; the first reject:"
                f" {self.rejects.first_reason()}."
            )


def no_such_column(
    source: str, column: str, columns: Collection[str], key: str, annotator: str = ""
) -> InputError:
    """Return the error that a column is missing: what there is instead, and the line to write.

    Parameters
    ----------
    source
        The file's name, and perhaps which sheet of it is meant.
    column
        What was looked for.
    columns
        What there is.
    key
        The configuration's key that would map it, such as ``files.companies.columns.name``.
    annotator
        Whose labels the column would hold; "" if it is another.
    """
    near = get_close_matches(column, columns, n=1)
    hint = f" Is it {near[0]!r}?" if near else ""
    yours = repr(near[0]) if near else "YOURS"
    *sections, last = key.split(".")
    line = f"{last}: {yours}"
    for section in reversed(sections):
        line = f"{section}: {{{line}}}"
    if annotator:
        line = f"annotators: [{{name: {annotator}, ..., column: {yours}}}]"
    more = f" and {len(columns) - _MOST_NAMES} more" if len(columns) > _MOST_NAMES else ""
    there = f"{', '.join(map(repr, islice(columns, _MOST_NAMES)))}{more}"
    return InputError(
        f"{source}: there is no column {column!r}.{hint} The columns are {there}. Name the right"
        f" one under {key} in the study's configuration ({line}), or correct the header."
    )


def read_table(path: Path, wanted: Collection[str] = ()) -> RawTable:
    """Read a file by its extension.

    Parameters
    ----------
    path
        The file.
    wanted
        Names of columns that are looked for: of several sheets, the one that has most of them is
        read.

    Raises
    ------
    InputError
        The file cannot be opened, is empty, of an unknown format, without a usable header or
        without rows, or is not what its extension says.
    ComputeError
        It holds more than the memory does.
    """
    with named_if_too_large(path):
        return _read_table(path, wanted)


def _read_table(path: Path, wanted: Collection[str]) -> RawTable:
    rejects = Rejects(path.name)
    uncalculated: list[tuple[int, str]] = []
    extension = file_extension(path)
    if extension == ".parquet":
        header, rows, lines = parquet_rows(path)
        form = FileForm(path.name, "Parquet")
    elif extension == ".xlsx":
        header, rows, lines, found = xlsx_rows(path, rejects, partial(_wanted_in, wanted))
        form = FileForm(path.name, "Excel", header_line=found.header_row, sheet=found.said)
        uncalculated = found.uncalculated
    elif extension in DELIMITERS:
        header, rows, lines, form = _delimited_rows(path, DELIMITERS[extension], rejects)
    else:
        header, rows, lines, form = _json_rows(path, rejects)
    refuse_repeats(header, path.name)
    if not rows:
        first = rejects.first_reason() or "there is only a header"
        raise InputError(f"{path.name}: the file has no rows that can be read ({first}).")
    values = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    columns = dict(zip(header, values, strict=True))
    if columns.pop("", None) is not None:
        rejects.add(1, "", "a column without a name; not used")
    form = replace(form, records=len(rows))
    table = Columns(columns, _unknown(path.name, uncalculated, rejects))
    return RawTable(path.name, table, np.array(lines, dtype=np.int64), rejects, form)


def _unknown(source: str, uncalculated: list[tuple[int, str]], rejects: Rejects) -> dict[str, str]:
    """Return by column why it cannot be read; and note that it is not, which is so if all goes on.

    Who uses one of these columns stops, so where the note is read nobody has.
    """
    rows: dict[str, list[int]] = {}
    for row, name in uncalculated:
        rows.setdefault(name, []).append(row)
    unknown = {}
    for name, found in rows.items():
        more = f" (and {how_many(len(found) - 1, 'more cell')})" if len(found) > 1 else ""
        unknown[name] = f"{source}: row {found[0]}, column {name!r}{more}: {UNCALCULATED}."
        if name:
            rejects.add_note(
                f"the column {name!r} is not used: row {found[0]}{more} is a formula whose value is"
                " not stored"
            )
    return unknown


def _wanted_in(wanted: Collection[str], header: Sequence[str]) -> int:
    """Return how many of the wanted names a header has, in the same spelling twice as much."""
    alike = {squashed(name) for name in wanted if name}
    return len({*wanted} & {*header}) + len(alike & {squashed(name) for name in header})


def read_entry(entry: TableFile, labels: Collection[str] = ()) -> RawTable:
    """Read the table that a study names; of a workbook, the sheet that has its columns.

    Parameters
    ----------
    entry
        What the study says of it.
    labels
        Columns of labels that are looked for, too.

    Raises
    ------
    InputError
        As `read_table`.
    """
    return read_table(entry.path, [*entry.columns.model_dump().values(), *labels])


def read_header(path: Path, wanted: Collection[str] = ()) -> tuple[list[str], str]:
    """Return the names of a file's columns, and where they are as `RawTable.where`.

    Rows are not read where that is possible.

    Parameters
    ----------
    path, wanted
        As for `read_table`.

    Raises
    ------
    InputError
        As `read_table`.
    """
    extension = file_extension(path)
    if extension not in DELIMITERS:
        table = read_table(path, wanted)
        return list(table.columns), table.where
    found = read_delimited(path, DELIMITERS[extension], Rejects(path.name))
    names = [name for name in found.header if name]
    if not names:
        raise InputError(f"{path.name}: the file has no header. Supply it again.")
    return names, path.name


def _json_rows(path: Path, rejects: Rejects) -> tuple[*Rows, FileForm]:
    """Take all keys in the order they come up; "" stands for absent ones."""
    lines: list[int] = []
    objects: list[dict[str, str]] = []
    for line, parsed in json_records(path, rejects):
        lines.append(line)
        objects.append({as_text(key): as_text(value) for key, value in parsed.items()})
    header = list(dict.fromkeys(key for parsed in objects for key in parsed))
    rows = [[parsed.get(key, "") for key in header] for parsed in objects]
    return header, rows, lines, FileForm(path.name, "JSON")


def _delimited_rows(path: Path, delimiter: str, rejects: Rejects) -> tuple[*Rows, FileForm]:
    found = read_delimited(path, delimiter, rejects)
    rows = list(found.rows)
    fields, lines = [fields for _, fields in rows], [line for line, _ in rows]
    return found.header, fields, lines, found.form


def file_extension(path: Path, extensions: tuple[str, ...] = EXTENSIONS) -> str:
    """Return the extension that decides how the file is read, without ".gz"."""
    name = path.name.lower()
    if not name.endswith(extensions):
        raise InputError(
            f"{path.name}: files of this kind are not read. Use one of {', '.join(extensions)}."
        )
    if path.stat().st_size == 0:
        raise InputError(f"{path.name}: the file is empty. Supply it again.")
    return Path(name.removesuffix(".gz")).suffix


def refuse_repeats(header: list[str], source: str) -> None:
    """Raise an `InputError` if two columns have the same name."""
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{source}: the header names {', '.join(map(repr, repeated))} more than once."
            " Rename or remove the columns that are not meant."
        )

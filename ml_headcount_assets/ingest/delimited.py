"""Files of delimited fields: their header, and their rows one by one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar

from ..errors import InputError
from .file_forms import FileForm
from .layouts import Layout, with_layout
from .rejects import WHOLE_ROW, Rejects
from .text_files import TextLines, records, same_width

__all__ = ["DELIMITERS", "Delimited", "read_delimited", "without_headers"]

#: What separates the fields, by extension, where the file does not look otherwise.
DELIMITERS = {".csv": ",", ".tsv": "\t"}

#: The line below the names of a drawn table. A single dash may stand for a missing value.
_RULE = re.compile(r"[\s|+:=-]*(?:--|==|:-|-:)[\s|+:=-]*")

_Cells = TypeVar("_Cells", bound=Sequence[str])


@dataclass(frozen=True)
class Delimited:
    """A file of delimited fields, of which the header has been read.

    Attributes
    ----------
    header
        Names of the columns; empty if the file has no rows at all.
    rows
        Line and fields of the rows that are as wide as the header, to be gone through once.
    """

    header: list[str]
    rows: Iterator[tuple[int, list[str]]]
    _path: Path
    _lines: TextLines
    _layout: Layout

    @property
    def form(self) -> FileForm:
        """In which form the file is, as far as its rows have been gone through."""
        return FileForm(
            self._path.name,
            "CSV" if self._layout.delimiter != "\t" else "TSV",
            encoding=self._lines.encoding,
            delimiter=self._layout.delimiter,
            header_line=self._layout.header_line,
        )


def read_delimited(path: Path, usual: str, rejects: Rejects) -> Delimited:
    """Read the header of a delimited file.

    Parameters
    ----------
    path
        The file.
    usual
        The delimiter that its extension stands for.
    rejects
        Takes the rows that cannot be read, and a note if there are lines above the header.

    Raises
    ------
    InputError
        The file cannot be opened, nothing of it is readable, or it is a drawn table.
    """
    lines = TextLines(path, rejects)
    layout, shown = with_layout(lines, usual)
    if layout.header_line > 1:
        rejects.add_note(f"the header is line {layout.header_line}; what is above it is not read")
    found = records(shown, layout.delimiter, rejects, skips_space=layout.skips_space)
    _, names = next(found, (0, []))
    header = [" ".join(name.split()) for name in names]
    below = list(islice(found, 1))
    _refuse_drawn(path, layout, header, below[0][1] if below else [])
    rows = same_width(chain(below, found), len(header), rejects)
    rows = without_headers(rows, header, rejects)
    return Delimited(header, rows, path, lines, layout)


def _refuse_drawn(path: Path, layout: Layout, header: list[str], below: list[str]) -> None:
    """Raise an `InputError` if the table is drawn with bars, as in Markdown and on consoles.

    Bars at the ends tell that, or else the line of dashes below the header.
    """
    ends = len(header) > 2 and not header[0] and not header[-1]
    ruled = _RULE.fullmatch("|".join(below)) is not None
    barred = layout.delimiter == "|" and (ends or ruled)
    if barred or any("\u2500" <= sign <= "\u257f" for name in header for sign in name):
        raise InputError(
            f"{path.name}: line {layout.header_line}: looks like a table drawn with bars, as in"
            " Markdown and on consoles. Save it as CSV: names and values separated by"
            " commas, without bars at the ends and without the line of dashes."
        )


def without_headers(
    rows: Iterator[tuple[int, _Cells]], header: list[str], rejects: Rejects
) -> Iterator[tuple[int, _Cells]]:
    """Yield the rows but those that repeat the header, as where files were put together."""
    for line, cells in rows:
        if cells[0].strip() == header[0] and [" ".join(cell.split()) for cell in cells] == header:
            rejects.add(line, WHOLE_ROW, "the row repeats the header; not used")
        else:
            yield line, cells

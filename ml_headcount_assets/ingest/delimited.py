"""Files of delimited fields: their header, and their rows one by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .file_forms import FileForm
from .layouts import Layout, with_layout
from .rejects import Rejects
from .text_files import TextLines, records, same_width

__all__ = ["DELIMITERS", "Delimited", "read_delimited"]

#: What separates the fields, by extension, where the file does not look otherwise.
DELIMITERS = {".csv": ",", ".tsv": "\t"}


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
        The file cannot be opened, or nothing of it is readable.
    """
    lines = TextLines(path, rejects)
    layout, shown = with_layout(lines, usual)
    if layout.header_line > 1:
        rejects.add_note(f"the header is line {layout.header_line}; what is above it is not read")
    found = records(shown, layout.delimiter, rejects)
    _, names = next(found, (0, []))
    header = [name.strip() for name in names]
    return Delimited(header, same_width(found, len(header), rejects), path, lines, layout)

"""Where in a delimited file or a sheet the table is: what separates its fields, and its header.

The extension names the usual delimiter. Another one is taken if the header only falls into
several fields by that one, or if a first line ``sep=;`` says so. The header is the first row with
several values; above it there may be notes and titles, each with a single one.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

__all__ = ["Layout", "find_layout", "header_position", "with_layout"]

_DELIMITERS = (",", ";", "\t", "|")
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?\s*', re.IGNORECASE)
_SPACE_BEFORE_QUOTES = re.compile(r'[,;|]\s+"')
_NUMBER = re.compile(r"[-+]?[\d.,\s]+%?")

#: How much of a file is looked at.
_LOOKED_AT_LINES, _LOOKED_AT_CHARACTERS = 200, 1 << 20
#: So many rows above a header are notes; more are something else.
_MOST_NOTES = 20
#: Share of the rows that have to be as wide as the header.
_REGULAR = 0.5
#: No name of a column is longer.
_LONGEST_NAME = 60
#: In narrower tables a row with one value is no title.
_WIDTH_WITH_TITLES = 3


@dataclass(frozen=True)
class Layout:
    """How a delimited file is laid out.

    Attributes
    ----------
    delimiter
        What separates the fields.
    header_line
        Number of the line in which the header begins.
    skips_space
        Whether fields in quotation marks have a space before them.
    """

    delimiter: str
    header_line: int
    skips_space: bool = False


def find_layout(lines: Sequence[str], usual: str) -> Layout:
    """Return the layout of a file from its first lines.

    Parameters
    ----------
    lines
        The first lines of the file, with their ends.
    usual
        The delimiter that its extension stands for.
    """
    named = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if named:
        found = _read(["\n", *lines[1:]], named[1])
        return Layout(named[1], found.line if found else 2)
    candidates = [usual, *(each for each in _DELIMITERS if each != usual)]
    readings = list(filter(None, (_read(lines, delimiter) for delimiter in candidates)))
    if any(map(_SPACE_BEFORE_QUOTES.search, lines)):
        readings += filter(None, (_read(lines, delimiter, True) for delimiter in candidates))
    regular = [each for each in readings if each.names > 1 and each.regular >= _REGULAR]
    if not regular:
        return Layout(usual, readings[0].line if readings else 1)
    # The usual delimiter comes first among equals.
    best = min(regular, key=lambda each: (each.notes, -each.regular, not each.skips_space))
    return Layout(best.delimiter, best.line, best.skips_space)


def with_layout(lines: Iterator[str], usual: str) -> tuple[Layout, Iterator[str]]:
    """Return the layout of a file, and its lines, those above the header left blank."""
    first: list[str] = []
    length = 0
    for line in islice(lines, _LOOKED_AT_LINES):
        first.append(line)
        length += len(line)
        if length > _LOOKED_AT_CHARACTERS:
            break
    layout = find_layout(first, usual)
    above = layout.header_line - 1
    return layout, chain(["\n"] * above, first[above:], lines)


def header_position(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows of a table is its header; 0 if none is better.

    Parameters
    ----------
    rows
        The first rows, blank ones left out, each as wide as it is in the file.
    """
    widths = Counter(len(row) for row in rows if len(_filled(row)) > 1)
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    for position, row in enumerate(rows[: _MOST_NOTES + 1]):
        if len(_filled(row)) > 1 and not _stands_above(row, rows[position + 1 :], usual):
            is_title = len(rows[0]) != len(row) or len(row) >= _WIDTH_WITH_TITLES
            return position if is_title and _are_names(row) else 0
    return 0


@dataclass(frozen=True)
class _Reading:
    """What a file looks like with one delimiter."""

    delimiter: str
    line: int
    notes: int
    names: int
    regular: float
    skips_space: bool


def _read(lines: Sequence[str], delimiter: str, skips_space: bool = False) -> _Reading | None:
    """Return what the first lines look like; None if they are blank."""
    rows, starts = [], []
    reader = csv.reader(
        lines, delimiter=delimiter, skipinitialspace=skips_space, strict=skips_space
    )
    before = 0
    try:
        for row in reader:
            if row:
                rows.append(row)
                starts.append(before + 1)
            before = reader.line_num
    except csv.Error:  # a field far too long; the rows before it say enough
        if skips_space:  # or quotation marks that are no such
            return None
    if not rows:
        return None
    position = header_position(rows)
    header = rows[position]
    below = rows[position:]
    same = sum(len(row) >= len(header) and not any(row[len(header) :]) for row in below)
    regular = same / len(below)
    return _Reading(delimiter, starts[position], position, len(header), regular, skips_space)


def _stands_above(row: Sequence[str], below: Sequence[Sequence[str]], usual: int) -> bool:
    """Whether a row of several values is no header, since a better one follows.

    That is a row of names without a gap, below one that is narrower than the table, or below one
    that has gaps where columns are joined under one title.
    """
    following = [each for each in below[:_MOST_NOTES] if len(_filled(each)) > 1]
    if len(row) < usual:
        return any(len(each) >= usual and _is_full_of_names(each) for each in following)
    has_gap = any(not cell.strip() for cell in row[1:])
    return (
        has_gap
        and bool(following)
        and len(following[0]) >= len(row)
        and _is_full_of_names(following[0])
        and len(following) > 1
    )


def _is_full_of_names(row: Sequence[str]) -> bool:
    names = [cell.strip() for cell in row]
    short = all(0 < len(name) <= _LONGEST_NAME for name in names)
    return short and len(set(names)) == len(names) and _are_names(row)


def _filled(row: Sequence[str]) -> list[str]:
    return [cell for cell in row if cell.strip()]


def _are_names(row: Sequence[str]) -> bool:
    return not any(_NUMBER.fullmatch(cell.strip()) for cell in _filled(row))

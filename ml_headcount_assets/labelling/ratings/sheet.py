"""A round as a spreadsheet, for people who rate elsewhere.

It names neither companies nor people: each row has a key, which this warehouse alone can turn
back into a profile.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ml_headcount_assets.compute.whole_file import whole_file
from ml_headcount_assets.errors import InputError
from ml_headcount_assets.warehouse.ratings import VERDICTS, RatingStore, SheetRow

from .criteria import Criteria
from .rounds import Subject

__all__ = ["KEY", "TICK", "tick_columns", "write_sheet"]

KEY = "key"
#: Begins the name of a column in which a criterion is ticked.
TICK = "tick: "
#: What a cell of a workbook holds is 32,767 characters.
_LONGEST_CELL = 32_000
_WIDTHS = {"text": 100.0, "verdict": 12.0, KEY: 14.0}
_TICK_WIDTH = 18.0


def write_sheet(
    path: Path, subjects: Sequence[Subject], criteria: Criteria, rater: str, store: RatingStore
) -> None:
    """Write a workbook to be filled in, and remember which profile each of its keys is.

    Parameters
    ----------
    path
        The workbook, which its owner alone can read; it must not be there yet, since somebody may
        have filled it in.
    subjects
        The profiles.
    criteria
        What is asked.
    rater
        Who will rate.
    store
        Where keys are remembered; open.

    Raises
    ------
    InputError
        The file is there, is called otherwise than a workbook, or cannot be written.
    """
    if path.suffix.lower() != ".xlsx":
        raise InputError(f"{path.name}: a sheet is a workbook; let its name end in .xlsx.")
    if path.exists():
        raise InputError(f"{path.name}: is there already. Give another name, or move it away.")
    if not path.parent.is_dir():
        raise InputError(f"{path.name}: its folder is not there. Make it first.")
    # The letter keeps a spreadsheet from taking a key for a number.
    keys = [f"k{secrets.token_hex(6)}" for _ in subjects]
    store.remember_sheet(
        SheetRow(key, each.company, each.profile_id, each.text_hash)
        for key, each in zip(keys, subjects, strict=True)
    )
    book = Workbook()
    _fill(book.worksheets[0], keys, subjects, criteria, rater)
    _explain(book.create_sheet("criteria"), criteria)
    with whole_file(path) as unfinished:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        book.save(unfinished)


def tick_columns(columns: Sequence[str]) -> list[str]:
    """Return those columns in which a criterion is ticked."""
    return [name for name in columns if name.startswith(TICK)]


def _fill(
    sheet: Worksheet,
    keys: Sequence[str],
    subjects: Sequence[Subject],
    criteria: Criteria,
    rater: str,
) -> None:
    pieces = [list(_pieces(each.text)) for each in subjects]
    texts = [f"text {n + 1}" if n else "text" for n in range(max(map(len, pieces), default=1))]
    header = [KEY, "rater", *texts, "verdict", *(f"{TICK}{each}" for each in criteria.criteria)]
    sheet.title = "profiles"
    for row, values in enumerate([header, *_rows(keys, pieces, len(texts), rater)], 1):
        for column, value in enumerate(values, 1):
            _write(sheet.cell(row, column), value)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
        width = _TICK_WIDTH if str(cell.value).startswith(TICK) else _WIDTHS.get(str(cell.value))
        sheet.column_dimensions[cell.column_letter].width = width or _WIDTHS["text"]
    sheet.column_dimensions["B"].width = _WIDTHS[KEY]
    sheet.freeze_panes = "A2"
    choices = DataValidation(type="list", formula1=f'"{",".join(VERDICTS)}"', allow_blank=True)
    sheet.add_data_validation(choices)
    letter = sheet.cell(1, header.index("verdict") + 1).column_letter
    choices.add(f"{letter}2:{letter}{len(keys) + 1}")


def _rows(
    keys: Sequence[str], pieces: Sequence[list[str]], texts: int, rater: str
) -> Iterator[list[str]]:
    for key, own in zip(keys, pieces, strict=True):
        yield [key, rater, *own, *[""] * (texts - len(own))]


def _pieces(text: str) -> Iterator[str]:
    """Cut a text into what cells hold; nothing of it is left out."""
    told = text.replace("\n|\n", "\n\n").replace(" | ", "\n")
    for start in range(0, max(len(told), 1), _LONGEST_CELL):
        yield told[start : start + _LONGEST_CELL]


def _explain(sheet: Worksheet, criteria: Criteria) -> None:
    lines = [
        criteria.question,
        criteria.accept,
        *(f"{number}. {each}" for number, each in enumerate(criteria.criteria, 1)),
        "Not enough by itself:",
        *criteria.not_enough,
        criteria.otherwise,
        f"Write {', '.join(VERDICTS[:-1])} or {VERDICTS[-1]} under verdict, and x where you tick a"
        " criterion. Leave the keys as they are.",
    ]
    for row, line in enumerate(lines, 1):
        _write(sheet.cell(row, 1), line)
    sheet.column_dimensions["A"].width = _WIDTHS["text"]


def _write(cell: Cell, value: str) -> None:
    """Write a text that no spreadsheet will compute, whatever it begins with."""
    cell.value = ILLEGAL_CHARACTERS_RE.sub(" ", value) or None
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if cell.value is not None:
        cell.data_type = "s"
        cell.quotePrefix = str(value).startswith(("=", "+", "-", "@", "\t", "\r"))

"""In which form a file was found: what is told of it before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FileForm"]


@dataclass(frozen=True)
class FileForm:
    """What a file turned out to be.

    Attributes
    ----------
    path
        The file's name in the study.
    format
        What it is read as: "CSV", "JSON Lines", "JSON array", "Parquet", "Excel", ...
    encoding
        What its text is encoded in; "" for a binary format.
    delimiter
        What separates the fields; "" where nothing does.
    header_line
        Line or row of the header; 0 where there is none.
    sheet
        Which sheet of a workbook of several it is, in words.
    vendor
        Whose form it is, and by what that was known; "" where it is nobody's.
    records
        Rows or records that were read; None if not all of them were looked at.
    fields_used, fields_unused
        Names of fields whose values are used, and of those that are not.
    """

    path: str
    format: str
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 0
    sheet: str = ""
    vendor: str = ""
    records: int | None = None
    fields_used: tuple[str, ...] = ()
    fields_unused: tuple[str, ...] = ()

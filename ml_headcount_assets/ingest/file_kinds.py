"""Files that are something else than their names say, told by their first bytes."""

from __future__ import annotations

from pathlib import Path

from ..errors import InputError

__all__ = ["GZIP_BEGINNING", "OLD_WORKBOOK_BEGINNING", "refuse_other_kind"]

GZIP_BEGINNING = b"\x1f\x8b"
OLD_WORKBOOK_BEGINNING = b"\xd0\xcf\x11\xe0"

_KINDS = {
    b"PK\x03\x04": "a workbook or a zip archive. Call it .xlsx if it is a workbook, else unpack it",
    OLD_WORKBOOK_BEGINNING: "a workbook of the old kind (.xls). Save it as .xlsx",
    b"PAR1": "a parquet file. Call it .parquet",
    b"%PDF": "a PDF document. Supply the table",
    b"SQLite format 3": "a database of SQLite. Supply the table",
    b"\x28\xb5\x2f\xfd": "packed with zstd. Unpack it, or pack it with gzip",
    b"BZh": "packed with bzip2. Unpack it, or pack it with gzip",
    b"\xfd7zXZ": "packed with xz. Unpack it, or pack it with gzip",
}
_WEB_PAGE = (b"<!doctype html", b"<html", b"<table")


def refuse_other_kind(path: Path, beginning: bytes) -> None:
    """Raise an `InputError` if a file that should be text begins like something else.

    Parameters
    ----------
    path
        The file.
    beginning
        Its first bytes, unpacked.
    """
    start = beginning[:64].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((what for mark, what in _KINDS.items() if beginning.startswith(mark)), None)
    if kind is None and start.startswith(_WEB_PAGE):
        kind = "a web page. Save the table itself, as CSV"
    if kind:
        raise InputError(f"{path.name}: is no text but {kind}.")

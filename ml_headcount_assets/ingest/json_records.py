"""Records of JSON files of any shape: lines, arrays, objects one after another. In little memory.

The extension does not tell the shape: vendors put arrays into .jsonl and lines into .json. So the
beginning decides. A file of lines is read line by line, and a line that is damaged costs only
itself. Everything else is read as a stream in which brackets and commas between records mean
nothing, and a record that is damaged costs what stands up to the next one that begins like those
before it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from .encodings import UTF_8, as_utf8
from .file_kinds import GZIP_BEGINNING
from .rejects import WHOLE_ROW, Rejects
from .text_files import LONGEST_LINE, Part, TextLines, unpacked_chunks

__all__ = ["can_be_divided", "json_records"]

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[\s,\[\]\x1e\ufeff]*")
_BEGINNING = re.compile(r'\{\s*"(?:[^"\\]|\\.)*"')
_UNDECODED = re.compile("[\udc80-\udcff]")

#: A line that is not longer may hold the brackets around all records, and a comma.
_BRACKET_LINE = 2

#: Errors this near to the end of what is read so far may be due to the end.
_NEAR = 16
_CUT_OFF = "the record is not a JSON object (cut off?)"


def json_records(
    path: Path, rejects: Rejects, part: Part | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (number, record) of every object in a file; what is none goes to `rejects`.

    The number is the line in which the record begins, or, in an array and where several records
    share a line, which record of the file it is, from 1.

    Parameters
    ----------
    path
        The file.
    rejects
        Takes what is no record.
    part
        Which part of the file is meant, if not all of it; only of one that `can_be_divided`.

    Raises
    ------
    InputError
        The file cannot be opened, or nothing of it is readable.
    """
    beginning = _beginning(path)
    if part or _is_lines(beginning):
        yield from _lines(TextLines(path, rejects, part), rejects)
    else:
        by_line = not beginning.startswith("[") and "\n" in beginning
        yield from _Stream(_text(path, rejects), rejects, by_line=by_line)


def can_be_divided(path: Path) -> bool:
    """Whether a file is UTF-8 with one record a line, as far as its beginning tells."""
    with path.open("rb") as file:
        if file.read(2) == GZIP_BEGINNING:  # whatever it is called
            return False
    encoding, _ = as_utf8(unpacked_chunks(path, Rejects(path.name)))
    return encoding == UTF_8 and _is_lines(_beginning(path))


def _beginning(path: Path) -> str:
    return next(_text(path, Rejects(path.name)), "").lstrip("\ufeff \t\r\n")


def _is_lines(beginning: str) -> bool:
    """Whether a file that begins like this has one record a line."""
    if not beginning.startswith("{"):
        return not beginning.startswith("[")
    line = beginning.partition("\n")[0]
    try:
        _, end = _DECODER.raw_decode(line)
    except (ValueError, RecursionError):
        # One long line, or damage in the first of several; a record over several lines goes on
        # with other things than a brace.
        rest = beginning[len(line) :].lstrip()
        return "\n" not in beginning or rest.startswith("{")
    return line[end:].strip(" \t\r,") == ""


def _lines(lines: TextLines, rejects: Rejects) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line, record) of the objects in each line."""
    for number, raw in lines.numbered_bytes():
        try:
            parsed = orjson.loads(raw)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            yield number, parsed
            continue
        # What the quick parser is too strict for (NaN, half of a character), and all other bytes.
        line = lines.text(number, raw)
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError):
            parsed = _several(line)
        if isinstance(parsed, dict):
            yield number, parsed
        elif isinstance(parsed, list) and parsed and all(isinstance(p, dict) for p in parsed):
            yield from ((number, each) for each in parsed)
        elif len(line.strip()) > _BRACKET_LINE or line.strip(" \t\r\n,[]\x1e\ufeff"):
            rejects.add(number, WHOLE_ROW, "the line is not a JSON object (cut off?)")


def _several(line: str) -> list[Any] | None:
    """Return the values that stand one after another in a line; None if there is anything else."""
    found: list[Any] = []
    position = _BETWEEN.match(line).end()  # type: ignore[union-attr]  # matches nothing at least
    while position < len(line):
        try:
            value, position = _DECODER.raw_decode(line, position)
        except (ValueError, RecursionError):
            return None
        found.append(value)
        position = _BETWEEN.match(line, position).end()  # type: ignore[union-attr]
    return found


def _text(path: Path, rejects: Rejects) -> Iterator[str]:
    """Yield a file's text in pieces; bytes that are no UTF-8 are lone surrogates."""
    _, chunks = as_utf8(unpacked_chunks(path, rejects))
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    yield from filter(None, map(decoder.decode, chunks))
    yield from filter(None, [decoder.decode(b"", final=True)])


class _Stream(Iterator[tuple[int, dict[str, Any]]]):
    """Objects that stand one after another, whatever is between them."""

    def __init__(self, pieces: Iterator[str], rejects: Rejects, *, by_line: bool) -> None:
        self._pieces, self._rejects, self._by_line = pieces, rejects, by_line
        self._text, self._at = "", 0
        self._line, self._counted = 1, 0
        self._record = 0
        self._beginning = ""

    def __next__(self) -> tuple[int, dict[str, Any]]:
        while self._find_next():
            number = self._number()
            value = self._take()
            if isinstance(value, dict):
                return number, value
        raise StopIteration

    def _find_next(self) -> bool:
        """Go to the next thing that is not between records; False at the end."""
        while True:
            self._at = _BETWEEN.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return True
            if not self._more():
                return False

    def _number(self) -> int:
        self._record += 1
        if not self._by_line:
            return self._record
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _take(self) -> dict[str, Any] | None:
        """Return the object that begins here, None if there is none; go behind it."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:
                if self._may_go_on(error) and self._more():
                    continue
                self._refuse(_CUT_OFF)
                return None
            if end == len(self._text) and not isinstance(value, dict) and self._more():
                continue  # a number may go on
            break
        begun, self._at = self._at, end
        if not isinstance(value, dict):
            self._rejects.add(self._where(), WHOLE_ROW, "the record is not a JSON object")
            return None
        if _UNDECODED.search(self._text, begun, end):
            self._rejects.add(
                self._where(),
                WHOLE_ROW,
                "the record is not valid UTF-8 text; save the file as UTF-8",
            )
            return None
        if not self._beginning:
            self._beginning = self._begins(begun)
        return value

    def _may_go_on(self, error: Exception) -> bool:
        """Whether what cannot be parsed may only not have been read to its end."""
        if len(self._text) - self._at > LONGEST_LINE or not isinstance(error, json.JSONDecodeError):
            return False
        unfinished = error.msg.startswith("Unterminated string")
        return unfinished or error.pos >= len(self._text) - _NEAR

    def _refuse(self, reason: str) -> None:
        """Reject the record that begins here, and go to the next."""
        self._rejects.add(self._where(), WHOLE_ROW, reason)
        own = self._beginning or self._begins(self._at)
        pattern = re.compile(re.escape(own) if own else r"(?<=\n)\s*\{")
        self._at += 1
        while not (following := pattern.search(self._text, self._at)):
            # What begins like a record may be cut in two where the text ends so far.
            self._at = max(self._at, len(self._text) - len(own))
            if not self._more():
                self._at = len(self._text)
                return
        self._at = following.start()

    def _begins(self, at: int) -> str:
        found = _BEGINNING.match(self._text, at)
        return found[0] if found else ""

    def _where(self) -> int:
        return self._line if self._by_line else self._record

    def _more(self) -> bool:
        """Read on, and forget what is done with; False if there is no more."""
        piece = next(self._pieces, "")
        if not piece:
            return False
        if self._by_line:
            self._line += self._text.count("\n", self._counted, self._at)
        self._text = self._text[self._at :] + piece
        self._at = self._counted = 0
        return True

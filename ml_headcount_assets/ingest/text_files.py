"""Rows of text files: csv, tsv and jsonl, plain or gzipped. Read as a stream, in little memory."""

from __future__ import annotations

import csv
import gzip
import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from io import BufferedReader
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError
from ..wording import how_many
from .bombs import refuse_bomb
from .encodings import UTF_8, LineDecoder, as_utf8
from .file_kinds import GZIP_BEGINNING, refuse_other_kind
from .rejects import WHOLE_ROW, Rejects

__all__ = [
    "LONGEST_LINE",
    "UNKNOWN_LINE",
    "Part",
    "TextLines",
    "copy_beginning",
    "parts_of",
    "records",
    "same_width",
    "spread_parts",
    "unpacked_chunks",
]

#: Lines that are longer than so many bytes are no rows but damage.
LONGEST_LINE = 32 << 20

#: Number from which lines are counted whose place in the file is not known.
UNKNOWN_LINE = -(1 << 40)

_CHUNK = 1 << 20

_NOT_UTF_8 = "the line is not valid UTF-8 text; save the file as UTF-8"


class Part(NamedTuple):
    """Some lines of a file that is not packed: from byte `start` up to `stop`."""

    start: int
    stop: int
    first_line: int


def parts_of(path: Path, size: int, line_ends: Sequence[int]) -> list[Part]:
    """Divide a file that is not packed into parts of whole lines and about `size` bytes.

    Parameters
    ----------
    path
        The file.
    size
        About how large a part is to be.
    line_ends
        How many lines end in each range of so many bytes, as `contents_of` returns them.
    """
    starts = [(0, 1)]
    before = 0
    with path.open("rb") as file:
        for number, ends in enumerate(line_ends[:-1], 1):
            before += ends
            file.seek(number * size)
            rest = file.readline(LONGEST_LINE)
            start = number * size + len(rest)
            # A line may be longer than a part.
            if rest.endswith(b"\n") and start > starts[-1][0]:
                starts.append((start, before + 2))
    total = path.stat().st_size
    whole = [(start, line) for start, line in starts if start < total]
    stops = [*(start for start, _ in whole[1:]), total]
    return [Part(start, stop, line) for (start, line), stop in zip(whole, stops, strict=True)]


def spread_parts(path: Path, count: int) -> list[Part]:
    """Return parts of whole lines that begin at places spread over a file, for a look.

    Which lines those behind the first begin with is not known, so they count from
    `UNKNOWN_LINE`.
    """
    size = path.stat().st_size
    starts = [0]
    with path.open("rb") as file:
        for number in range(1, count):
            file.seek(number * size // count)
            file.readline(LONGEST_LINE)
            if starts[-1] < file.tell() < size:
                starts.append(file.tell())
    return [
        Part(start, stop, 1 if start == 0 else UNKNOWN_LINE)
        for start, stop in zip(starts, [*starts[1:], size], strict=True)
    ]


class TextLines(Iterator[str]):
    """The physical lines of a file with their ends; those that cannot be read are blank.

    That the text is taken to be in another encoding than UTF-8 is noted in `rejects`.

    Parameters
    ----------
    path
        The file, plain or gzipped.
    rejects
        Takes the lines that cannot be read.
    part
        Which part of the file is meant, if not all of it.

    Attributes
    ----------
    encoding
        What the lines so far are encoded in.

    Raises
    ------
    InputError
        On the way: the file cannot be opened, or nothing of it is readable.
    """

    def __init__(self, path: Path, rejects: Rejects, part: Part | None = None) -> None:
        self.encoding = UTF_8
        self._rejects = rejects
        self._first_line = part.first_line if part else 1
        self._bytes = self._read(path, part)
        self._lines = map(self._text, self._bytes)

    def __iter__(self) -> Iterator[str]:
        # The iterator itself, since a call for each line would cost a tenth of the time.
        return self._lines

    def __next__(self) -> str:
        return next(self._lines)

    def numbered_bytes(self) -> Iterator[tuple[int, bytes]]:
        """Yield number and bytes of each line, in UTF-8 unless `text` tells otherwise."""
        return self._bytes

    def text(self, number: int, line: bytes) -> str:
        """Return the text of a line; blank if it cannot be read, which is told."""
        decoder = self._decoder
        text = decoder.decode(line)
        if decoder.encoding != self.encoding == UTF_8:
            self.encoding = decoder.encoding
            self._rejects.add_note(f"the text is not UTF-8; read as {self.encoding}")
        if text is None:
            self._rejects.add(number, WHOLE_ROW, _NOT_UTF_8)
        return "\n" if text is None else text

    def _text(self, numbered: tuple[int, bytes]) -> str:
        return self.text(*numbered)

    def _read(self, path: Path, part: Part | None) -> Iterator[tuple[int, bytes]]:
        read = _chunks_of(path, part) if part else unpacked_chunks(path, self._rejects)
        self.encoding, chunks = as_utf8(read)
        beginning = next(chunks, b"")
        self._decoder = LineDecoder(path.name, beginning)
        lines = _byte_lines(chain([beginning], chunks))
        for number, line in enumerate(lines, self._first_line):
            if len(line) <= LONGEST_LINE:
                yield number, line
                continue
            reason = f"the line is longer than {LONGEST_LINE >> 20} MB"
            self._rejects.add(number, WHOLE_ROW, reason)
            yield number, b"\n"
        if self._decoder.odd_lines:
            self._rejects.add_note(
                f"{how_many(self._decoder.odd_lines, 'line is', 'lines are')} not UTF-8 as the"
                " others are; read as Windows-1252"
            )


def copy_beginning(path: Path, folder: Path, lines: int) -> Path:
    """Write the first lines of a text file into a folder, unpacked and as UTF-8, for a look."""
    name = path.name[:-3] if path.name.lower().endswith(".gz") else path.name
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        file.writelines(islice(TextLines(path, Rejects(path.name)), lines))
    return folder / name


def _byte_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines; one that is too long is cut, but not as short as `LONGEST_LINE`."""
    rest: list[bytes] = []
    length = 0
    for chunk in _whole_ends(chunks):
        for line in chunk.splitlines(keepends=True):
            if length <= LONGEST_LINE:
                rest.append(line)
                length += len(line)
            if line.endswith((b"\n", b"\r")):
                yield b"".join(rest)
                rest, length = [], 0
    if rest:
        yield b"".join(rest)


def _whole_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks cut so that none ends between a carriage return and its line feed."""
    held = b""
    for chunk in chunks:
        together = held + chunk
        held = b"\r" if together.endswith(b"\r") else b""
        yield together.removesuffix(held)
    if held:
        yield held


def _chunks_of(path: Path, part: Part) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(part.start)
        left = part.stop - part.start
        while left and (chunk := file.read(min(_CHUNK, left))):
            left -= len(chunk)
            yield chunk


def unpacked_chunks(path: Path, rejects: Rejects) -> Iterator[bytes]:
    """Read and unpack a file; of a gzip file that is cut off, all that can be had.

    Raises
    ------
    InputError
        It cannot be read, nothing of it is readable, or it unpacks to far more than data do.
    """
    some = 0
    try:
        with path.open("rb") as packed, _unpacking(packed, path) as file:
            # read1 hands over what is unpacked so far before it meets the damage.
            while chunk := file.read1(_CHUNK):
                if not some:
                    refuse_other_kind(path, chunk)
                some += len(chunk)
                refuse_bomb(path, packed.tell(), some)
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        if not some:
            raise InputError(
                f"{path.name}: is not a gzip file, or nothing of it is readable. Supply it again."
            ) from error
        rejects.add_file(
            "the compressed file is cut off or damaged: rows after the last readable one are"
            " lost; supply it again"
        )
    except OSError as error:
        raise InputError(f"{path.name}: cannot be read: {error.strerror}.") from error


def _unpacking(packed: BufferedReader, path: Path) -> gzip.GzipFile | BufferedReader:
    is_packed = path.name.lower().endswith(".gz") or packed.peek(2).startswith(GZIP_BEGINNING)
    return gzip.GzipFile(fileobj=packed) if is_packed else packed


def records(
    lines: Iterator[str], delimiter: str, rejects: Rejects, *, skips_space: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield (line, fields) of every record, starting afresh behind a line that cannot be read.

    A quotation mark that is never closed makes the rest of a file one field. So a record that
    fails, or that spans lines and does not have as many fields as the header, costs only its
    first line.
    """
    # The limit is one of the process. Short of it, a wide field would be damage to the reader.
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
    source = _Rewindable(lines)
    width = 0
    while True:
        reader = csv.reader(source, delimiter=delimiter, strict=True, skipinitialspace=skips_space)
        try:
            for fields in reader:
                first, count = source.taken
                width = width or len(fields)
                if count > 1 and len(fields) != width and not _only_empty_beyond(fields, width):
                    break
                if fields:
                    yield first, fields
                source.forget()
            else:
                return
        except csv.Error:
            first, _ = source.taken
        rejects.add(
            first,
            WHOLE_ROW,
            "the quotation marks of the row do not match, or a field is far too long",
        )
        source.rewind()


def _only_empty_beyond(fields: list[str], width: int) -> bool:
    return len(fields) > width and not any(field.strip() for field in fields[width:])


class _Rewindable:
    """Lines with the possibility to go back to the second line of the current record."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._record: list[str] = []
        self._before = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._record.append(line)
        return line

    @property
    def taken(self) -> tuple[int, int]:
        """Number of the current record's first line, and how many lines it has."""
        return self._before + 1, len(self._record)

    def forget(self) -> None:
        """Begin the next record."""
        self._before += len(self._record)
        self._record = []

    def rewind(self) -> None:
        """Begin the next record behind the first line of this one."""
        self._again.extendleft(reversed(self._record[1:]))
        self._record = self._record[:1]
        self.forget()


def same_width(
    found: Iterator[tuple[int, list[str]]], width: int, rejects: Rejects
) -> Iterator[tuple[int, list[str]]]:
    """Yield the records with `width` fields, of which some programs write one more, empty."""
    for line, fields in found:
        if len(fields) == width:
            yield line, fields
        elif _only_empty_beyond(fields, width):
            yield line, fields[:width]
        else:
            rejects.add(
                line,
                WHOLE_ROW,
                f"the row has {how_many(len(fields), 'field')} where the header has {width}"
                " (cut off, or wrongly quoted)",
            )

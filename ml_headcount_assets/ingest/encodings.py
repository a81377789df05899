"""Which characters the bytes of a text file stand for: UTF-8, UTF-16, or one byte a character.

UTF-16 and UTF-32 show in the first bytes: a mark, or zeros between the others. A file without them
is UTF-8 until a line is not. What a Western spreadsheet program calls CSV is then Windows-1252, or
Mac Roman if it comes from an old Macintosh: the one in which the foreign letters of the file stand
where such letters stand in words ("Café" and not "CafŽ"). A line that makes no sense in either is
damage, and so is one after lines in UTF-8, unless all its foreign letters stand well.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from ..errors import InputError

__all__ = ["MAC_ROMAN", "UTF_8", "WINDOWS_1252", "LineDecoder", "as_utf8"]

UTF_8, WINDOWS_1252, MAC_ROMAN = "UTF-8", "Windows-1252", "Mac Roman"

#: The longer marks first, since one begins like another.
_MARKS = {
    b"\xff\xfe\0\0": "UTF-32-LE",
    b"\0\0\xfe\xff": "UTF-32-BE",
    b"\xff\xfe": "UTF-16-LE",
    b"\xfe\xff": "UTF-16-BE",
}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Fewer bytes say nothing about where the zeros are.
_FEWEST_BYTES = 8
_LOOKED_AT = 4096

_CODECS = {WINDOWS_1252: "cp1252", MAC_ROMAN: "mac_roman"}
#: The first lines that are not UTF-8 tell which of these a file is in.
_MOST_SAMPLED = 200
#: Lines in which foreign letters stand as they do in no word, before a file is given up.
_UNREADABLE_LINES = 5
#: More of them that stand well than badly, for an encoding to be believed.
_WELL_TO_BADLY = 4

_FOREIGN = re.compile("[^\\x00-\\x7f]+")
#: So many letters in a row that are not ASCII are those of another alphabet.
_FOREIGN_RUN = 3
_OPENING, _CLOSING = (
    frozenset("\u201c\u2018\u201e\u201a\u00ab\u00bf\u00a1"),
    frozenset("\u201d\u2019\u00bb"),
)
#: Signs that are called letters, and are none of a Latin word.
_NO_LETTERS = frozenset("\u00aa\u00ba\u00b5\u0192\u03c0\u03a9")
#: Signs that stand anywhere.
_ANYWHERE = frozenset(
    "\u2013\u2014\u2026\u00ad\u00a0\u00b7\u2022\u00b0\u2122\u00ae\u00a9\u20ac\u00a7"
)


def as_utf8(chunks: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """Return what a file is encoded in, as far as its beginning tells, and its bytes as UTF-8.

    Bytes that are not UTF-16 are passed on as they are, without a byte order mark.
    """
    source = iter(chunks)
    first = next(source, b"")
    encoding = _wide(first)
    if encoding is None:
        while first.startswith(_BYTE_ORDER_MARK):  # some programs write a second one
            first = first.removeprefix(_BYTE_ORDER_MARK)
        return UTF_8, chain([first], source)
    return encoding[:6], _recoded(chain([first], source), encoding)


def _wide(start: bytes) -> str | None:
    """Return which encoding in several bytes a character a file begins in, if any."""
    marked = next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
    if marked or len(start) < _FEWEST_BYTES:
        return marked
    looked_at = start[: min(_LOOKED_AT, len(start) // 4 * 4)]
    if not any(looked_at[2::4]) and not any(looked_at[3::4]):
        return "UTF-32-LE"
    if not any(looked_at[::4]) and not any(looked_at[1::4]):
        return "UTF-32-BE"
    even, odd = looked_at[::2], looked_at[1::2]
    # Of Latin text every other byte is zero. UTF-8 text has none at all.
    if odd.count(0) > 0.4 * len(odd) and not even.count(0):
        return "UTF-16-LE"
    return "UTF-16-BE" if even.count(0) > 0.4 * len(even) and not odd.count(0) else None


def _recoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    start = True
    for chunk in chain(chunks, [None]):
        text = decoder.decode(chunk or b"", final=chunk is None)
        if start and text:
            text, start = text.lstrip("\ufeff"), False
        if text:
            yield text.encode("utf-8", "replace")


class LineDecoder:
    """Decodes the lines of one file in turn.

    Parameters
    ----------
    source
        The file's name, for messages.
    sample
        The beginning of the file.

    Attributes
    ----------
    encoding
        What the lines so far are in.
    odd_lines
        How many lines, between others in UTF-8, were read as Windows-1252.
    """

    def __init__(self, source: str, sample: bytes = b"") -> None:
        self.encoding = UTF_8
        self.odd_lines = 0
        self._source, self._sample = source, sample
        self._has_utf8 = _has_utf8(sample)
        self._unreadable = 0

    def decode(self, line: bytes) -> str | None:
        """Return the text of a line; None if it cannot be read.

        Lines in UTF-8 need not all be shown; then, those of the sample tell what the file is in.

        Raises
        ------
        InputError
            The file is in another encoding altogether.
        """
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._in_single_bytes(line)
        self._has_utf8 = self._has_utf8 or not line.isascii()
        return text

    def _in_single_bytes(self, line: bytes) -> str | None:
        """Return the text of a line that is not UTF-8, if it makes sense with a byte a letter."""
        if self._has_utf8 and self.encoding == UTF_8:
            text = line.decode("cp1252", "replace")
            well, badly = _standing(text)
            self.odd_lines += (is_sound := well > 0 and badly == 0)
            return text if is_sound else None
        if self.encoding == UTF_8:
            self.encoding = self._likeliest(line) or UTF_8
        if self.encoding != UTF_8:
            text = line.decode(_CODECS[self.encoding], "replace")
            well, badly = _standing(text)
            if "\ufffd" not in text and badly <= max(2, well):
                return text
        runs = _FOREIGN.findall(line.decode("latin-1"))
        self._unreadable += any(len(each) >= _FOREIGN_RUN for each in runs)
        if self._unreadable == _UNREADABLE_LINES:
            raise InputError(
                f"{self._source}: the text is not UTF-8, nor UTF-16, Windows-1252 or Mac Roman."
                " Save it as UTF-8 (in a spreadsheet program: 'CSV UTF-8')."
            )
        return None

    def _likeliest(self, line: bytes) -> str | None:
        """Return the encoding in which the file's foreign letters stand best, and well."""
        foreign = (each for each in self._sample.splitlines() if not _is_utf8(each))
        lines = [line, *islice(foreign, _MOST_SAMPLED)]
        best, most = None, 0
        for name, codec in _CODECS.items():
            well, badly = _standing("\n".join(each.decode(codec, "replace") for each in lines))
            worth = well - _WELL_TO_BADLY * badly
            if (worth > most or (best is None and well == badly == 0)) and worth >= 0:
                best, most = name, worth
        return best


def _has_utf8(sample: bytes) -> bool:
    """Whether some line of a sample is UTF-8 with characters of several bytes."""
    if sample.isascii():
        return False
    return any(_is_utf8(line) for line in sample.splitlines() if not line.isascii())


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _standing(text: str) -> tuple[int, int]:
    """Return how many of the characters that are not ASCII stand well, and how many badly."""
    well = badly = 0
    for run in _FOREIGN.finditer(text):
        if len(run[0]) >= _FOREIGN_RUN and run[0].isalpha():
            badly += len(run[0])
            continue
        for place in range(run.start(), run.end()):
            before, after = text[place - 1 : place], text[place + 1 : place + 2]
            stands = _stands(text[place], before, after)
            well += stands is True
            badly += stands is False
    return well, badly


def _stands(character: str, before: str, after: str) -> bool | None:
    """Whether a character stands between its neighbours as it does in writing; None: no matter."""
    between = before.isalpha() and after.isalpha()
    if character in _ANYWHERE:
        return None
    if character in _OPENING or character in _CLOSING:
        apostrophe = between and character == "\u2019"
        inwards, outwards = (after, before) if character in _OPENING else (before, after)
        return apostrophe or (inwards != " " and not outwards.isalnum())
    if not character.isalpha() or character in _NO_LETTERS:
        return False if before.isalpha() or after.isalpha() or character == "\ufffd" else None
    if not before.isalpha() and not after.isalpha():
        return None if not (before + after).strip() or after.isspace() else False
    if character.isupper():
        return not before.isalpha() or (before.isupper() and not after.islower())
    return True

"""Which characters the bytes of a text file stand for: UTF-8, UTF-16 or Windows-1252.

UTF-16 shows in the first bytes: a mark, or a zero in every other byte. A file without the mark is
UTF-8 until a line is not. Such a line is Windows-1252 (what a Western spreadsheet program calls
CSV) if its bytes look like the letters of a Western language and no line before it had any
character that UTF-8 writes in several bytes; else it is damage.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from ..errors import InputError

__all__ = ["UTF_8", "WINDOWS_1252", "LineDecoder", "as_utf8"]

UTF_8, WINDOWS_1252 = "UTF-8", "Windows-1252"

_UTF16_MARKS = {b"\xff\xfe": "UTF-16-LE", b"\xfe\xff": "UTF-16-BE"}
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: Fewer bytes say nothing about where the zeros are.
_FEWEST_BYTES = 8
_LOOKED_AT = 4096

# What Western text has beyond ASCII: letters, and the signs that word processors put in. Several
# foreign letters in a row are another alphabet.
_WESTERN = re.compile(rb"[\x80\x82-\x8c\x8e\x91-\x9c\x9e-\xbf\xc0-\xd6\xd8-\xf6\xf8-\xfd]{1,2}")
_FOREIGN = re.compile(rb"[\x80-\xff]+")

#: So many lines with so many foreign letters in a row are no damage but another encoding.
_UNREADABLE_LINES, _FOREIGN_RUN = 5, 3


def as_utf8(chunks: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
    """Return what a file is encoded in, as far as its beginning tells, and its bytes as UTF-8.

    Bytes that are not UTF-16 are passed on as they are, without a byte order mark.
    """
    source = iter(chunks)
    first = next(source, b"")
    encoding = _utf16(first)
    if encoding is None:
        return UTF_8, chain([first.removeprefix(_BYTE_ORDER_MARK)], source)
    return "UTF-16", _recoded(chain([first], source), encoding)


def _utf16(start: bytes) -> str | None:
    marked = _UTF16_MARKS.get(start[:2])
    if marked or len(start) < _FEWEST_BYTES:
        return marked
    looked_at = start[:_LOOKED_AT]
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
            text, start = text.removeprefix("\ufeff"), False
        if text:
            yield text.encode("utf-8", "replace")


class LineDecoder:
    """Decodes the lines of one file in turn.

    Parameters
    ----------
    source
        The file's name, for messages.

    Attributes
    ----------
    encoding
        What the lines so far are in.
    """

    def __init__(self, source: str) -> None:
        self.encoding = UTF_8
        self._source = source
        self._has_utf8 = False
        self._unreadable = 0

    def decode(self, line: bytes) -> str | None:
        """Return the text of a line; None if it cannot be read.

        Raises
        ------
        InputError
            The file is in another encoding altogether.
        """
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._western(line)
        self._has_utf8 = self._has_utf8 or not line.isascii()
        return text

    def _western(self, line: bytes) -> str | None:
        """Return the text of a line that is not UTF-8, if it is Windows-1252."""
        if self._has_utf8 and self.encoding == UTF_8:
            return None
        found = _FOREIGN.findall(line)
        if all(_WESTERN.fullmatch(each) for each in found):
            self.encoding = WINDOWS_1252
            return line.decode("cp1252")
        self._unreadable += any(len(each) >= _FOREIGN_RUN for each in found)
        if self._unreadable == _UNREADABLE_LINES:
            raise InputError(
                f"{self._source}: the text is not UTF-8, nor UTF-16 or Windows-1252. Save it as"
                " UTF-8 (in a spreadsheet program: 'CSV UTF-8')."
            )
        return None

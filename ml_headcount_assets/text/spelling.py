r"""Text as people write it, in the one spelling that filters, LLMs and discovery see.

"machine learning" reaches us in mathematical bold, in full width, with a hyphen of twenty kinds,
with an invisible mark or a tag between the words, as ``#MachineLearning``, or glued to kana. To a
reader it is the same; to a pattern it is not. `plain` undoes what a reader does not see:

- entities and tags of HTML: tags that end a line or a cell become a space, the others nothing;
- compatibility forms (NFKC): mathematical and full-width letters, ligatures, no-break spaces.
  Signs that stand beside a word, such as "™", "²" and "①", are set apart from it;
- invisible characters and soft hyphens are removed; the zero-width space, which tells where a line
  may break, becomes a space;
- every hyphen, dash and minus is "-";
- where a Latin word touches kana, han, hangul or another script that is written without spaces,
  a space is put between them;
- a line break that was written as a backslash and an n (JSON within JSON) is one;
- a hashtag is the words it is made of, and, if capitals tell them apart, itself as well.

Case, accents, punctuation and line breaks stay. `plain` of its own result changes nothing.
"""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache

__all__ = ["plain"]

#: Passes after which what is still changing was made to do so (tags inside of tags, say).
_MOST_PASSES = 5

#: Text without any of these is what it looks like.
_DOUBTFUL = re.compile(r"[^\t\n\x20-\x22\x24\x25\x27-\x3b\x3d-\x7e]")
_UNUSUAL = re.compile(r"[^\t\n\x20-\x7e]")

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_UNSEEN = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q s samp small"
    " span strike strong sub sup time tt u var wbr"
)
_BLOCK = (
    "address article aside blockquote body br button caption center dd details dialog div dl dt"
    " fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe img"
    " input label legend li link main meta nav ol option p pre section select summary table tbody"
    " td textarea tfoot th thead title tr ul"
)
_TAG = re.compile(
    rf"</?(?:({'|'.join(_INLINE.split())})|{'|'.join(_BLOCK.split())})(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)

# Scripts that are written without spaces between words, or that glue endings to foreign words.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff"  # hangul
    "\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff"  # kana and iteration marks
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"  # han
)
_SPACED = "A-Za-z0-9\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_GLUED = re.compile(rf"(?<=[{_SPACED}+#])(?=[{_UNSPACED}])|(?<=[{_UNSPACED}])(?=[{_SPACED}])")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")

_HASHTAGS = re.compile(r"(?<![\w&])(?:#+(?=[^\W\d_])\w+)+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")

#: Letters that no normalisation form knows as the Latin ones they are drawn as.
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
_ENCLOSED = {
    chr(first + letter): chr(ord("A") + letter)
    for first in (0x1F150, 0x1F170)
    for letter in range(26)
}
_QUOTES = {"\u00b4": "'", "\u2018": "'", "\u2019": "'", "\u02bc": "'", "\u2032": "'"}


def plain(text: str) -> str:
    """Return a text in plain spelling, without space around it; see the module."""
    # Short texts, such as titles of posts, come up again and again.
    return _plain_short(text) if len(text) <= _LONGEST_SHORT else _plain(text)


def _plain(text: str) -> str:
    for _ in range(_MOST_PASSES):
        if not _is_doubtful(text):
            break
        text, settled = _once(text)
        if settled:
            break
    return text.strip()


_LONGEST_SHORT = 80
_plain_short = lru_cache(maxsize=50_000)(_plain)


def _is_doubtful(text: str) -> bool:
    # This is several times as fast as a search.
    if text.isascii() and (
        text.isprintable() or text.replace("\n", " ").replace("\t", " ").isprintable()
    ):
        return "<" in text or "&" in text or "#" in text or _ESCAPED_BREAK in text
    return _DOUBTFUL.search(text) is not None or _ESCAPED_BREAK in text


def _once(text: str) -> tuple[str, bool]:
    """Return the text after one pass, and whether another could change nothing."""
    before = text
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    if "<" in text:
        text = _TAG.sub(_instead_of_tag, _UNSEEN.sub(" ", text))
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    if _ESCAPED_BREAK in text:
        text = text.replace("\\r\\n", "\n").replace(_ESCAPED_BREAK, "\n")
    settled = text == before
    # Few texts have many different characters of these, and none costs more than one pass.
    unusual = "".join(sorted(set(_UNUSUAL.findall(text))))
    for character in unusual:
        written = _written(character)
        if written != character:
            text = text.replace(character, written)
    if not unicodedata.is_normalized("NFKC", text):
        text, settled = unicodedata.normalize("NFKC", text), False
    if "#" in text:
        text = _HASHTAGS.sub(_words_of_tags, text)
    if _HAS_UNSPACED.search(unusual):
        text = _GLUED.sub(" ", text)
    return text, settled


def _instead_of_tag(tag: re.Match[str]) -> str:
    return "" if tag[1] else " "


_ESCAPED_BREAK = "\\n"
_KEYCAP = "\u20e3"  # makes a key of the digit before it
_BREAKS = frozenset("\r\x0b\x0c\x85\u2028\u2029")
_BLANKS = frozenset("\u200b\u3164\u2800\uffa0\u115f\u1160")
#: Not drawn, or drawn through or under letters to make them look crossed out or underlined.
_STROKES = (0x305, 0x332, 0x333, *range(0x335, 0x339), *range(0x20D0, 0x20F1))
_SELECTORS = (0x34F, *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000))
_UNDRAWN = frozenset(map(chr, [*_STROKES, *_SELECTORS]))
#: Joiners have a meaning in Arabic, Persian and Indic scripts, and in emoji.
_JOINERS = frozenset("\u200c\u200d")
_MINUS = frozenset("\u2212\u2043\u02d7\u2796")


@cache
def _written(character: str) -> str:
    """Return how a character is written that is no plain ASCII; most stay as they are."""
    for known in (_SMALL_CAPITALS, _ENCLOSED, _QUOTES):
        if character in known:
            return known[character]
    if character in _BREAKS:
        return "\n"
    if character in _BLANKS or character == _KEYCAP:
        return " "
    if character in _UNDRAWN:
        return ""
    if character in _MINUS:
        return "-"
    return _by_category(character, unicodedata.category(character))


def _by_category(character: str, category: str) -> str:
    if category in ("So", "No") and _joins_words(character):
        return f" {unicodedata.normalize('NFKC', character)} "
    if category == "Cf":
        return character if character in _JOINERS else ""
    if category == "Cs":  # half of a character, which JSON can spell and no table can store
        return "\ufffd"
    return {"Pd": "-", "Zs": " ", "Cc": " "}.get(category, character)


def _joins_words(sign: str) -> bool:
    """Whether NFKC makes letters or digits of a sign, which would join the word beside it."""
    letters = unicodedata.normalize("NFKC", sign)
    return letters != sign and not (len(letters) == 1 and letters.isalpha())


def _words_of_tags(found: re.Match[str]) -> str:
    tags = (tag for tag in found[0].split("#") if tag)
    return " ".join(map(_words_of_tag, tags))


def _words_of_tag(tag: str) -> str:
    words = tag.replace("_", " ").strip()
    humps = _HUMP.sub(" ", words)
    return words if humps == words or " " in words else f"{words} {humps}"

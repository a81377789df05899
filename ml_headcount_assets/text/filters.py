r"""Keyword filters: lists of terms, and rules that say which lists have to occur in a text.

What it means that a text has a term is defined by Python's ``re``, in `reference_pattern`:

- Whole words only: neither before nor behind the term stands a word character, which is what
  ``\w`` matches: a letter or digit of any script, or an underscore. "ML" is in "ML-based",
  "(ml)" and "ML's", and not in "HTML", "ML2" or "ml_ops".
- Case makes no difference in the sense of ``re.IGNORECASE``, character by character: the Kelvin
  sign is a K and "ẞ" is "ß", but "ß" is not "ss".
- Between the words of a term may stand any run of white space and hyphens: "deep learning" and
  "deep-learning" are the same term, and both are in a text that breaks the line there.

Texts come in the plain spelling of `text.spelling`, and terms are put into it when a study is
read, so that a term matches however either of the two was typed.

A Python loop over such patterns is slow. `keyword_labels` hands whole Arrow columns to RE2, an
automaton that never backtracks, in patterns whose character classes are taken from ``re``
itself, so that the two agree on every text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Annotated, Self, TypeAlias

import numpy as np
import pyarrow
import pyarrow.compute
import yaml
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, model_validator

from ..section import Name, Section
from .spelling import plain

__all__ = [
    "FilterRule",
    "KeywordFilters",
    "keyword_labels",
    "published_filters",
    "reference_pattern",
]

#: Raised whenever the same rule would give another label to some text.
_MATCHING_VERSION = "1"

_WORD = r"\w"
_GAP = r"[\s-]"

# RE2 falls back to a hundred times slower method when a pattern's automaton outgrows its memory;
# that happens between 200 and 400 phrases.
_TERMS_PER_PATTERN = 100

#: Characters that are looked at together when those with another case are looked for.
_BLOCK = 256

#: A column of strings, in one piece or several.
Texts: TypeAlias = "pyarrow.Array | pyarrow.ChunkedArray"


def _words_of(term: str) -> list[str]:
    return [word for word in re.split(f"{_GAP}+", term) if word]


def _has_words(term: str) -> str:
    spelled = plain(term)
    if not _words_of(spelled):
        raise ValueError("a term needs something besides white space and hyphens")
    return spelled


Term = Annotated[Name, AfterValidator(_has_words)]
ListNames = tuple[Name, ...]


class FilterRule(Section):
    """When a filter fires, in terms of lists of which a text has at least one term.

    It fires if the text has every list in `all_of`, one or more of those in `any_of` (if there
    are any), and none of those in `none_of`.
    """

    all_of: ListNames = ()
    any_of: ListNames = ()
    none_of: ListNames = ()

    @model_validator(mode="after")
    def _something_is_asked_for(self) -> Self:
        if not self.all_of and not self.any_of:
            raise ValueError("a rule needs lists under 'all_of' or 'any_of'")
        return self

    @property
    def lists(self) -> ListNames:
        """Names of all lists that the rule looks at."""
        return (*self.all_of, *self.any_of, *self.none_of)


class KeywordFilters(Section):
    """Keyword filters as data: lists of terms by name, and rules by name of the annotator."""

    terms: Mapping[Name, Annotated[tuple[Term, ...], Field(min_length=1)]]
    rules: Mapping[Name, FilterRule]

    @model_validator(mode="after")
    def _lists_exist(self) -> Self:
        for name, rule in self.rules.items():
            strangers = sorted(set(rule.lists) - set(self.terms))
            if strangers:
                raise ValueError(
                    f"rules: {name}: there is no list {strangers[0]!r} under 'terms'; there are"
                    f" {', '.join(sorted(self.terms))}"
                )
        return self

    def only(self, names: Collection[str]) -> KeywordFilters:
        """Return those filters that have one of these names."""
        rules = {name: rule for name, rule in self.rules.items() if name in names}
        return KeywordFilters(terms=self.terms, rules=rules)

    def fingerprint(self, name: str) -> str:
        """Return a name for what a rule says at present; it is stored with every label."""
        rule = self.rules[name]
        lists = {each: sorted(self.terms[each]) for each in rule.lists}
        content = json.dumps([_MATCHING_VERSION, rule.model_dump(), lists], sort_keys=True)
        return f"keywords-{hashlib.blake2b(content.encode(), digest_size=4).hexdigest()}"


@cache
def published_filters() -> KeywordFilters:
    """Return the three filters of the published study, which apply where a study has no own."""
    path = resources.files(__package__) / "published_filters.yaml"
    return KeywordFilters(**yaml.safe_load(path.read_text(encoding="utf-8")))


def reference_pattern(terms: Sequence[str]) -> re.Pattern[str]:
    """Return the Python pattern that defines whether a text has one of the terms."""
    phrases = (f"{_GAP}+".join(map(re.escape, _words_of(term))) for term in terms)
    return re.compile(rf"(?<!{_WORD})(?:{'|'.join(phrases)})(?!{_WORD})", re.IGNORECASE)


def keyword_labels(texts: Texts, filters: KeywordFilters) -> dict[str, NDArray[np.bool_]]:
    """Return on which texts each filter fires.

    Parameters
    ----------
    texts
        Arrow column (n,) of strings without nulls.
    filters
        The filters.

    Returns
    -------
    dict
        Array (n,) by name of the filter.
    """
    hits = _Hits(texts, filters.terms)
    return {name: _fires(rule, hits, len(texts)) for name, rule in filters.rules.items()}


class _Hits:
    """Which texts have a term of each list; each text is searched once, and only if asked for."""

    def __init__(self, texts: Texts, terms: Mapping[str, Sequence[str]]) -> None:
        self._texts, self._terms = texts, terms
        self._searched: dict[str, NDArray[np.bool_]] = {}
        self._found: dict[str, NDArray[np.bool_]] = {}

    def of(self, name: str, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which of the texts marked in `among` have a term of the list."""
        searched = self._searched.setdefault(name, np.zeros(len(among), dtype=bool))
        found = self._found.setdefault(name, np.zeros(len(among), dtype=bool))
        new = among & ~searched
        if new.any():
            texts = self._texts if new.all() else self._texts.filter(pyarrow.array(new))
            found[new] = _have_any(texts, tuple(self._terms[name]))
            searched |= new
        return found & among


def _fires(rule: FilterRule, hits: _Hits, count: int) -> NDArray[np.bool_]:
    fires = np.ones(count, dtype=bool)
    for name in rule.all_of:
        fires = hits.of(name, fires)
    if rule.any_of:
        some = np.zeros(count, dtype=bool)
        for name in rule.any_of:
            some |= hits.of(name, fires & ~some)
        fires = some
    for name in rule.none_of:
        fires = fires & ~hits.of(name, fires)
    return fires


def _have_any(texts: Texts, terms: tuple[str, ...]) -> NDArray[np.bool_]:
    found = np.zeros(len(texts), dtype=bool)
    for pattern in _automaton_patterns(terms):
        matched = pyarrow.compute.match_substring_regex(texts, pattern)
        found |= matched.to_numpy(zero_copy_only=False)
    return found


@cache
def _automaton_patterns(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Return `reference_pattern` in the syntax of RE2, cut into patterns of bearable size.

    RE2 cannot look around, so the neighbours are matched with the term; that a term is there
    does not depend on it.
    """
    inside, gap = _character_class(_WORD), _character_class(_GAP)
    phrases = [
        f"[{gap}]+".join("".join(map(_letter, word)) for word in _words_of(term))
        for term in dict.fromkeys(terms)
    ]
    blocks = (
        "|".join(phrases[start : start + _TERMS_PER_PATTERN])
        for start in range(0, len(phrases), _TERMS_PER_PATTERN)
    )
    return tuple(rf"(?:\A|[^{inside}])(?:{block})(?:\z|[^{inside}])" for block in blocks)


def _letter(character: str) -> str:
    """Return the class of all characters that are this one when case makes no difference."""
    matches = re.findall(re.escape(character), _cased_characters() + character, re.IGNORECASE)
    return f"[{_ranges(sorted(set(matches)))}]"


@cache
def _character_class(pattern: str) -> str:
    """Return the inside of an RE2 class: the characters that a Python pattern matches."""
    run = re.compile(f"{pattern}+")
    return "".join(
        _range(plane[match.start()], plane[match.end() - 1])
        for plane in _every_character()
        for match in run.finditer(plane)
    )


def _ranges(characters: Sequence[str]) -> str:
    """Write sorted characters as ranges of an RE2 class."""
    codes = np.array([ord(character) for character in characters])
    ends = np.flatnonzero(np.diff(codes, append=codes[-1] + 2) != 1)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return "".join(
        _range(characters[first], characters[last])
        for first, last in zip(starts.tolist(), ends.tolist(), strict=True)
    )


def _range(first: str, last: str) -> str:
    return rf"\x{{{ord(first):x}}}-\x{{{ord(last):x}}}"


@cache
def _cased_characters() -> str:
    """Return all characters that have another case, which are all that could equal another."""
    return "".join(c for block in _cased_blocks() for c in block if not c == c.lower() == c.upper())


def _cased_blocks() -> Iterator[str]:
    """Yield the parts of Unicode in which something has another case; they are few.

    A block that neither method changes has no character that one of them changes: each
    character becomes one or more, so that an equal length leaves each in its place.
    """
    for plane in _every_character():
        for start in range(0, len(plane), _BLOCK):
            block = plane[start : start + _BLOCK]
            if not block == block.lower() == block.upper():
                yield block


@cache
def _every_character() -> tuple[str, str]:
    """Return all characters that a text can have, below and above the surrogates, in order.

    Halves of surrogate pairs are no characters.
    """
    below, above = np.arange(0xD800, dtype="<u4"), np.arange(0xE000, 0x110000, dtype="<u4")
    return below.tobytes().decode("utf-32-le"), above.tobytes().decode("utf-32-le")

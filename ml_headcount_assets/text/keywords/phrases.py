r"""Candidate phrases, and which CV has which.

A phrase is a term in the sense of the keyword filters (`text.filters`), so that what is found
here is what a filter made of it will find: words are longest runs of ``\w``, between them stands
white space or hyphens, case makes no difference. Punctuation, and the ``|`` that the recipe puts
between the parts of a text, stand between no two words of a phrase.

To be a candidate a phrase has to be written in one go (one space or one hyphen between words, no
line break) in enough CVs. It neither begins nor ends with a stop word or a number, does not end
with a prefix ("pre-"), and has no stop words inside but connecting ones ("state of the art").
Which CVs *have* a candidate is then decided as the filters do, line breaks and all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .stop_words import CONNECTIVES, PREFIXES, STOP_WORDS

__all__ = [
    "PhraseTable",
    "candidate_phrases",
    "containment",
    "fold_case",
    "tf_idf",
    "without_nested",
]

_WORD = re.compile(r"\w+")
_GAP = re.compile(r"[\s-]+")
_WRITTEN_IN_ONE_GO = re.compile(r"[^\S\r\n]|-")


@dataclass(frozen=True)
class PhraseTable:
    """Candidates and the CVs.

    Attributes
    ----------
    phrases
        The P candidates, sorted.
    counts
        (n, P) sparse: how often each CV has each phrase.
    """

    phrases: tuple[str, ...]
    counts: sparse.csr_array

    @property
    def presence(self) -> sparse.csr_array:
        """(n, P) sparse, of ones: which CV has which phrase."""
        found = self.counts.copy()
        found.data = np.ones_like(found.data)
        return found


def candidate_phrases(texts: Sequence[str], longest: int, min_documents: int) -> PhraseTable:
    """Return the phrases that occur in several texts.

    Parameters
    ----------
    texts
        The n texts.
    longest
        Words per phrase, at most.
    min_documents
        In how many texts a phrase has to be written.
    """
    written: Counter[str] = Counter()
    for text in texts:
        written.update({phrase for phrase, one_go in _all_phrases(text, longest) if one_go})
    phrases = sorted(phrase for phrase, count in written.items() if count >= min_documents)
    index = {phrase: number for number, phrase in enumerate(phrases)}
    rows, columns = [], []
    for row, text in enumerate(texts):
        found = [index[phrase] for phrase, _ in _all_phrases(text, longest) if phrase in index]
        rows += [row] * len(found)
        columns += found
    counts = sparse.coo_array(
        (np.ones(len(rows)), (np.array(rows, dtype=int), np.array(columns, dtype=int))),
        shape=(len(texts), len(phrases)),
    )
    return PhraseTable(tuple(phrases), counts.tocsr())


def _all_phrases(text: str, longest: int) -> Iterator[tuple[str, bool]]:
    """Yield every phrase of a text, as often as it occurs, and whether it is in one go."""
    matches = list(_WORD.finditer(text))
    words = [fold_case(match.group()) for match in matches]
    gaps = [text[left.end() : right.start()] for left, right in pairwise(matches)]
    joins = [_GAP.fullmatch(gap) is not None for gap in gaps]
    in_one_go = [_WRITTEN_IN_ONE_GO.fullmatch(gap) is not None for gap in gaps]
    carries = [not (word in STOP_WORDS or word.isdigit()) for word in words]
    for start in range(len(words)):
        if not carries[start]:
            continue
        one_go = True
        for stop in range(start, min(start + longest, len(words))):
            if stop > start:
                if not joins[stop - 1]:
                    break
                one_go = one_go and in_one_go[stop - 1]
            if carries[stop]:
                if words[stop] not in PREFIXES:
                    yield " ".join(words[start : stop + 1]), one_go
            elif words[stop] not in CONNECTIVES:
                break


def fold_case(word: str) -> str:
    """Return one spelling for all that differ by case in the sense of ``re.IGNORECASE``."""
    return word.lower() if word.isascii() else word.translate(_same_letter())


@cache
def _same_letter() -> dict[int, str]:
    """Return for each letter that has another case the one that stands for all its cases.

    ``re`` compares character by character: "ß" is "ẞ" and not "ss", which rules out
    `str.casefold`, and the Kelvin sign is a k.
    """
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    cased = [c for c in characters if not c == c.lower() == c.upper()]
    everything = "".join(cased)
    same: dict[int, str] = {}
    for character in cased:
        if ord(character) not in same:
            alike = re.findall(re.escape(character), everything, re.IGNORECASE)
            chosen = min(alike, key=lambda c: (c != c.lower(), ord(c)))
            same |= {ord(each): chosen for each in alike}
    return same


def without_nested(phrases: Sequence[str], documents: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which phrases are left when of two that are always together one is kept.

    A phrase that no CV has without a certain longer phrase around it is a fragment of that one:
    "neural" of "neural networks", or "art" of "state of the art". This is the case in which the
    C-value of Frantzi, Ananiadou & Mima (2000) leaves nothing of the shorter one. It is the
    longer one that goes if it is a stretch of a sentence around a term of several words: if
    always together, "diffusion models and published" says no more than "diffusion models".

    Parameters
    ----------
    phrases
        The P phrases.
    documents
        (P,) numbers of CVs that have each of them. One that no CV has is left out too.
    """
    index = {phrase: number for number, phrase in enumerate(phrases)}
    kept = documents > 0
    for number, phrase in enumerate(phrases):
        words = phrase.split(" ")
        for part in _parts(words):
            inner = index.get(" ".join(part))
            # Every CV with the longer phrase has its parts, so equal numbers say equal CVs.
            if inner is not None and documents[inner] == documents[number]:
                term = len(part) > 1 and STOP_WORDS.isdisjoint(part)
                stretch = term and not STOP_WORDS.isdisjoint(words)
                kept[number if stretch else inner] = False
    return kept


def _parts(words: list[str]) -> Iterator[list[str]]:
    """Yield all shorter runs of the words."""
    for length in range(1, len(words)):
        for start in range(len(words) - length + 1):
            yield words[start : start + length]


def containment(phrases: Sequence[str]) -> sparse.csr_array:
    """Return a sparse array (P, P): 1 where the row's phrase is or contains the column's."""
    index = {phrase: number for number, phrase in enumerate(phrases)}
    pairs = {(number, number) for number in range(len(phrases))}
    for number, phrase in enumerate(phrases):
        inner = (index.get(" ".join(part)) for part in _parts(phrase.split(" ")))
        pairs |= {(number, each) for each in inner if each is not None}
    rows, columns = np.array(sorted(pairs), dtype=int).reshape(-1, 2).T
    shape = (len(phrases), len(phrases))
    return sparse.coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def tf_idf(counts: sparse.csr_array) -> sparse.csr_array:
    """Return TF-IDF: 1 + log of the frequency in the CV, times the log of the inverse share.

    tf·idf = (1 + ln f) · (ln((1 + n) / (1 + d)) + 1) with frequency f in the CV, and the phrase
    in d of n CVs; every CV's row is scaled to length 1 (Salton & Buckley 1988; the smoothed idf
    is that of scikit-learn). Sparse (n, P), from sparse counts (n, P).
    """
    n = counts.shape[0]
    documents = np.bincount(counts.indices, minlength=counts.shape[1])
    weights = counts.copy()
    weights.data = (1 + np.log(counts.data)) * (np.log((1 + n) / (1 + documents)) + 1)[
        counts.indices
    ]
    lengths = np.sqrt(np.asarray(weights.multiply(weights).sum(axis=1)).ravel())
    weights.data /= np.repeat(lengths, np.diff(weights.indptr))
    return weights

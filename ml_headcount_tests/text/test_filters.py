"""The fast matcher says what a loop over compiled Python patterns says, on every text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from ml_headcount_assets.text.filters import (
    FilterRule,
    KeywordFilters,
    keyword_labels,
    published_filters,
    reference_pattern,
)
from ml_headcount_assets.text.spelling import plain


def _fast(texts: Sequence[str], terms: Sequence[str]) -> list[bool]:
    filters = KeywordFilters(
        terms={"list": tuple(terms)}, rules={"f": FilterRule(all_of=("list",))}
    )
    return keyword_labels(pyarrow.array(texts, pyarrow.string()), filters)["f"].tolist()


def _loop(texts: Sequence[str], terms: Sequence[str]) -> list[bool]:
    pattern = reference_pattern(list(map(plain, terms)))
    return [pattern.search(text) is not None for text in texts]


@pytest.mark.parametrize(
    ("term", "text", "fires"),
    [
        ("ML", "I do ml.", True),
        ("ML", "(ML)", True),
        ("ML", "ML-based", True),
        ("ML", "ML's", True),
        ("ML", "ML/AI", True),
        ("ML", "HTML", False),
        ("ML", "ML2", False),
        ("ML", "2ML", False),
        ("ML", "ml_ops", False),
        ("ML", "MLé", False),
        ("ML", "éML", False),
        ("ML", "日ML", False),
        ("ML", "ML", True),
        ("ML", "", False),
        ("ML", "HTML and ML", True),
        ("deep learning", "Deep-Learning", True),
        ("deep-learning", "deep \n\t learning", True),
        ("deep learning", "deep\u00a0learning", True),
        ("deep learning", "deeplearning", False),
        ("deep learning", "deep, learning", False),
        ("deep learning", "deep\n|\nlearning", False),
        ("risk", "ris\u212a", True),
        ("risk", "ri\u017fk", True),
        ("risk", "R\u0130SK", True),
        ("straße", "STRA\u1e9eE", True),
        ("straße", "STRASSE", False),
        ("σοφός", "ΣΟΦΌΣ", True),
        ("c++", "C++ and C", True),
        ("c++", "c+ +", False),
        (".net", "the .NET runtime", True),
        (".net", "asp.net", False),
        ("r&d", "in R&D.", True),
    ],
)
def test_what_a_whole_word_is(term: str, text: str, fires: bool) -> None:
    assert _loop([text], [term]) == [fires]
    assert _fast([text], [term]) == [fires]


# Pieces that are put together to texts: words, parts of words, and all kinds of neighbours.
_ALL_PIECES = [
    *("ml", "ML", "RL", "deep", "learning", "Learning", "straße", "STRASSE", "risk", "K", "c++"),
    *("_", "-", "--", " ", "\n", "\t", "\r", "\u00a0", "\u2003", "\x1c", "\x85", "\u200b", "'"),
    *("’", ".", "|", "0", "²", "½", "Ⅷ", "é", "e\u0301", "ß", "ẞ", "ſ", "\u212a", "İ", "ı", "ŉ"),
    *("i", "s", "k", "µ", "μ", "ς", "Σ", "日", "٣", "ा", "😀", "\u00ad", "ﬁ", "Ǆ", "\u0345"),
]
_PIECES = st.sampled_from(_ALL_PIECES)
_TEXTS = st.lists(_PIECES, max_size=8).map("".join)
_ANY_TEXT = st.text(max_size=12)
_TERMS = st.one_of(
    st.sampled_from(["ML", "rl", "deep learning", "k", "straße", "risk", "c++", "is", "éa", "ΜΣ"]),
    _TEXTS,
    _ANY_TEXT,
).filter(lambda term: re.sub(r"[\s-]", "", plain(term)) != "")


@given(
    st.lists(st.one_of(_TEXTS, _ANY_TEXT), min_size=1, max_size=6),
    st.lists(_TERMS, min_size=1, max_size=4),
)
def test_fast_and_reference_agree(texts: list[str], terms: list[str]) -> None:
    terms = [term.strip() for term in terms]
    texts = [*texts, *(f"{texts[0]}{term}{texts[-1]}" for term in terms)]
    assert _fast(texts, terms) == _loop(texts, terms)


CHARACTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def test_every_character_as_a_neighbour() -> None:
    terms = ["ml", "deep learning"]
    for texts in ([f"{c}ml" for c in CHARACTERS], [f"deep{c}learning" for c in CHARACTERS]):
        assert _fast(texts, terms) == _loop(texts, terms)


@pytest.mark.parametrize("letter", [*"ijks", "ß", "σ", "µ", "ı", "İ", "ǆ", "ᾳ", "+"])
def test_every_character_as_a_letter(letter: str) -> None:
    assert _fast(CHARACTERS, [letter]) == _loop(CHARACTERS, [letter])


def test_terms_are_spelled_as_texts_are() -> None:
    filters = KeywordFilters(
        terms={"list": ("ﬁne‑tuning", "R&amp;D")}, rules={"f": FilterRule(all_of=("list",))}
    )
    assert filters.terms["list"] == ("fine-tuning", "R&D")


def test_long_lists_are_matched_in_pieces() -> None:
    terms = [f"term{i} phrase{i}" for i in range(350)]
    texts = ["term0 phrase0", "a term349-PHRASE349", "term1 phrase2", "term200 phrase200x"]
    assert _fast(texts, terms) == _loop(texts, terms) == [True, True, False, False]


def test_rules() -> None:
    filters = KeywordFilters(
        terms={"a": ("a",), "b": ("b",), "c": ("c",), "d": ("d", "dd")},
        rules={
            "all": FilterRule(all_of=("a", "b")),
            "any": FilterRule(any_of=("a", "b")),
            "mixed": FilterRule(all_of=("d",), any_of=("a", "b"), none_of=("c",)),
        },
    )
    texts = ["a", "a b", "b dd", "a d c", "d", ""]
    labels = keyword_labels(pyarrow.array(texts), filters)
    assert {name: "".join(str(int(x)) for x in fired) for name, fired in labels.items()} == {
        "all": "010000",
        "any": "111100",
        "mixed": "001000",
    }
    chunked = pyarrow.chunked_array([texts[:2], texts[2:]])
    again = keyword_labels(chunked, filters)
    assert all(np.array_equal(again[name], labels[name]) for name in labels)
    none = keyword_labels(pyarrow.array([], pyarrow.string()), filters)
    assert all(len(fired) == 0 for fired in none.values())


def test_the_published_filters(reference_directory: Path) -> None:
    published = json.loads((reference_directory / "keyword_filters.json").read_text())
    filters = published_filters()
    for ours, theirs in (
        ("machine_learning", "ml_terms"),
        ("research", "research_terms_broad_yes"),
        ("business", "business_terms_strict_no"),
    ):
        # Hyphen and space are the same to us, so that some of their terms are one of ours.
        assert set(filters.terms[ours]) == {term.replace("-", " ") for term in published[theirs]}
    texts = [
        "Deep-learning research scientist",
        "ML research scientist, team leader",
        "RL for robots",
        "Research scientist in physics",
        "Machine learning specialist",
    ]
    labels = keyword_labels(pyarrow.array(texts), filters)
    broad, strict = labels["filter_broad_yes"], labels["filter_strict_no"]
    assert broad.tolist() == [True, True, False, False, False]
    assert strict.tolist() == [True, False, True, False, False]
    assert np.array_equal(labels["filter_broad_yes_strict_no"], broad & strict)


def test_fingerprints_follow_what_a_rule_says() -> None:
    def fingerprint(terms: tuple[str, ...], other: str = "x", **rule: tuple[str, ...]) -> str:
        filters = KeywordFilters(
            terms={"list": terms, "other": (other,)}, rules={"f": FilterRule(**rule)}
        )
        return filters.fingerprint("f")

    first = fingerprint(("a", "b"), all_of=("list",))
    assert first.startswith("keywords-")
    assert fingerprint(("b", "a"), all_of=("list",)) == first
    assert fingerprint(("a", "b"), other="y", all_of=("list",)) == first
    assert fingerprint(("a",), all_of=("list",)) != first
    assert fingerprint(("a", "b"), any_of=("list",)) != first


@pytest.mark.parametrize(
    ("terms", "rule", "message"),
    [
        ({"a": ["x"]}, {}, "all_of"),
        ({"a": ["x"]}, {"none_of": ["a"]}, "all_of"),
        ({"a": ["x"]}, {"all_of": ["b"]}, "no list 'b'"),
        ({"a": []}, {"all_of": ["a"]}, "at least 1"),
        ({"a": [" - "]}, {"all_of": ["a"]}, "besides white space"),
        ({"a": ["x"]}, {"all_off": ["a"]}, "all_off"),
    ],
)
def test_mistakes_in_filters(terms: dict, rule: dict, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        KeywordFilters(terms=terms, rules={"f": rule})

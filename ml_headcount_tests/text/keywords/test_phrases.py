"""Candidates are terms of the keyword filters, and tables say who has them as the filters do."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml_headcount_assets.text.filters import reference_pattern
from ml_headcount_assets.text.keywords.phrases import (
    candidate_phrases,
    containment,
    fold_case,
    tf_idf,
    without_nested,
)

_PIECES = st.sampled_from(
    [
        " ",
        "-",
        " - ",
        "\n",
        "\n|\n",
        " | ",
        ". ",
        ", ",
        "'",
        "/",
        "_",
        "machine",
        "Machine",
        "learning",
        "LEARNING",
        "the",
        "of",
        "it",
        "art",
        "pre",
        "2019",
        "ris\u212a",
        "risk",
        "straße",
        "STRA\u1e9eE",
        "STRASSE",
        "ΣΟΦΌΣ",
        "σοφός",
        "日本",
        "é",
        "C++",
    ]
)


@settings(deadline=None)  # the first text that is not ASCII takes half a second
@given(st.lists(st.lists(_PIECES, max_size=12).map("".join), min_size=1, max_size=5))
def test_a_candidate_is_in_a_text_exactly_where_a_filter_finds_it(texts: list[str]) -> None:
    table = candidate_phrases(texts, 4, 1)
    found = table.presence.toarray() > 0
    for column, phrase in enumerate(table.phrases):
        pattern = reference_pattern([phrase])
        assert found[:, column].tolist() == [pattern.search(text) is not None for text in texts]


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("Deep learning", {"deep", "learning", "deep learning"}),
        ("deep-learning", {"deep", "learning", "deep learning"}),
        ("deep | learning", {"deep", "learning"}),
        ("deep\n|\nlearning", {"deep", "learning"}),
        ("deep. Learning, fast", {"deep", "learning", "fast"}),
        ("deep\nlearning", {"deep", "learning"}),
        ("deep - learning", {"deep", "learning"}),
        ("state of the art", {"state", "art", "state of the art"}),
        ("trained it well", {"trained"}),
        ("the model of 2019", {"model"}),
        ("pre-trained", {"trained", "pre trained"}),
        ("it's ML's", {"ml"}),
        ("", set()),
        ("the of and", set()),
    ],
)
def test_what_a_candidate_is(text: str, phrases: set[str]) -> None:
    assert set(candidate_phrases([text], 4, 1).phrases) == phrases


def test_a_phrase_has_to_be_written_in_several_texts_and_counts_wherever_a_filter_finds_it() -> (
    None
):
    table = candidate_phrases(
        ["deep learning", "deep learning", "deep\nlearning deep learning"], 2, 3
    )
    assert table.phrases == ("deep", "deep learning", "learning")
    assert table.counts.toarray().tolist() == [[1, 1, 1], [1, 1, 1], [2, 2, 2]]
    assert table.presence.toarray().max() == 1


@settings(deadline=None)
@given(st.text(max_size=6))
def test_words_fold_together_that_a_pattern_takes_for_the_same(word: str) -> None:
    for other in (word.upper(), word.lower(), word.swapcase()):
        if re.fullmatch(re.escape(word), other, re.IGNORECASE):
            assert fold_case(word) == fold_case(other)
    assert fold_case(fold_case(word)) == fold_case(word)


def test_of_two_phrases_that_are_always_together_one_is_kept() -> None:
    phrases = ["art", "diffusion", "diffusion models", "diffusion models and code", "models"]
    phrases += ["state", "state of the art"]
    documents = np.array([4, 6, 6, 6, 9, 5, 4])
    kept = without_nested(phrases, documents)
    assert [phrase for phrase, keep in zip(phrases, kept, strict=True) if keep] == [
        "diffusion models",  # neither a part of it nor a stretch around it
        "models",  # stands alone in three CVs
        "state",
        "state of the art",
    ]
    assert not without_nested(["a", "b"], np.array([0, 0])).any()


def test_containment_is_by_whole_words() -> None:
    phrases = ["learn", "learning", "machine learning"]
    assert containment(phrases).toarray().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_tf_idf_is_that_of_scikit_learn() -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = ["alpha beta beta", "beta gamma", "gamma gamma gamma alpha delta", "epsilon"]
    table = candidate_phrases(texts, 1, 1)
    theirs = TfidfVectorizer(sublinear_tf=True, vocabulary=table.phrases).fit_transform(texts)
    np.testing.assert_allclose(tf_idf(table.counts).toarray(), theirs.toarray(), atol=1e-12)


def test_tf_idf_of_a_text_without_phrases_is_zero() -> None:
    table = candidate_phrases(["alpha", "", "alpha"], 1, 2)
    assert tf_idf(table.counts).toarray().ravel().tolist() == [1.0, 0.0, 1.0]

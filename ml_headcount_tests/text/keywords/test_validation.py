"""Figures about filters: intervals, and that no fold looks at the CVs it is judged on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from ml_headcount_assets.text.keywords.embedding import embed
from ml_headcount_assets.text.keywords.lists import Corpus, learn, list_hits
from ml_headcount_assets.text.keywords.phrases import candidate_phrases
from ml_headcount_assets.text.keywords.result import LISTS
from ml_headcount_assets.text.keywords.settings import KeywordSettings
from ml_headcount_assets.text.keywords.validation import (
    cross_validate,
    filter_labels,
    wilson_interval,
)

from .worlds import WordEncoder, planted_cvs

SETTINGS = KeywordSettings()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    rated = planted_cvs(60, 90, seed=3)
    table = candidate_phrases(rated["text"].tolist(), 4, 5)
    return Corpus(
        table,
        rated["is_expert"].to_numpy(dtype=bool),
        embed(rated["text"].tolist(), WordEncoder()),
        embed(table.phrases, WordEncoder()),
    )


@pytest.mark.parametrize(("successes", "trials"), [(0, 10), (3, 10), (10, 10), (153, 585)])
def test_the_interval_is_wilson_s(successes: int, trials: int) -> None:
    theirs = binomtest(successes, trials).proportion_ci(0.95, method="wilson")
    assert wilson_interval(successes, trials) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_no_trials_say_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_the_truth_about_held_out_cvs_changes_none_of_their_labels(corpus: Corpus) -> None:
    judged = cross_validate(corpus, SETTINGS)
    for fold in range(2):
        # The truth of all CVs of a fold is dealt anew among them; the split stays as it is.
        held_out = np.flatnonzero(judged.folds[0] == fold)
        learned = learn(corpus, np.flatnonzero(judged.folds[0] != fold), SETTINGS)
        truth = corpus.is_expert.copy()
        truth[held_out] = ~truth[held_out]
        without = learn(
            replace(corpus, is_expert=truth), np.flatnonzero(judged.folds[0] != fold), SETTINGS
        )
        hits = list_hits(corpus.table.presence[held_out], without.lists)
        np.testing.assert_array_equal(judged.hits[0, held_out], hits)
        assert all(np.array_equal(learned.lists[name], without.lists[name]) for name in LISTS)
        assert len(learned.lists["yes_strict"]) > 0


def test_every_cv_is_held_out_once_in_every_repeat(corpus: Corpus) -> None:
    told: list[tuple[int, int]] = []
    judged = cross_validate(corpus, replace(SETTINGS, repeats=2), lambda *each: told.append(each))
    assert judged.hits.shape == (2, 150, 4)
    assert told == [(number, 10) for number in range(1, 11)]
    for folds in judged.folds:
        assert np.bincount(folds).tolist() == [30] * 5
        assert np.bincount(folds[corpus.is_expert]).tolist() == [12] * 5
    assert (judged.folds[0] != judged.folds[1]).any()


@pytest.mark.parametrize("level", ["strict", "broad"])
def test_lists_keep_to_their_threshold(corpus: Corpus, level: str) -> None:
    learned = learn(corpus, np.arange(150), SETTINGS)
    threshold = getattr(SETTINGS, level)
    hits = list_hits(corpus.table.presence, learned.lists)
    for side, against in (("yes", ~corpus.is_expert), ("no", corpus.is_expert)):
        chosen = learned.lists[f"{side}_{level}"]
        assert len(chosen) > 0
        sign, own = (1, learned.experts) if side == "yes" else (-1, learned.others)
        assert (sign * learned.odds.z[chosen] >= threshold.z).all()
        assert (own[chosen] >= threshold.documents).all()
        assert (hits[against, LISTS.index(f"{side}_{level}")] > 0).mean() <= threshold.false_share


def test_a_phrase_that_keybert_never_names_is_on_no_list(corpus: Corpus) -> None:
    never = replace(SETTINGS, min_named=10_000)
    lists = learn(corpus, np.arange(150), never).lists
    assert all(len(numbers) == 0 for numbers in lists.values())


def test_a_list_of_few_phrases_has_the_first_ones(corpus: Corpus) -> None:
    few = replace(SETTINGS, strict=replace(SETTINGS.strict, phrases=3))
    some = learn(corpus, np.arange(150), few).lists["yes_strict"]
    every = learn(corpus, np.arange(150), SETTINGS).lists["yes_strict"]
    assert len(every) > 3
    np.testing.assert_array_equal(some, every[:3])


def test_a_filter_fires_on_a_yes_and_no_no() -> None:
    hits = np.array([[2, 3, 0, 0], [0, 1, 0, 0], [1, 1, 0, 2], [1, 1, 1, 1], [0, 0, 0, 0]])
    fires = {
        "discovered_strict_yes": [1, 0, 1, 1, 0],
        "discovered_broad_yes": [1, 1, 1, 1, 0],
        "discovered_strict_yes_strict_no": [1, 0, 1, 0, 0],
        "discovered_broad_yes_broad_no": [1, 1, 0, 0, 0],
    }
    for name, labels in fires.items():
        assert filter_labels(hits, name).astype(int).tolist() == labels

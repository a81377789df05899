"""Yes and no lists, learned from some of the rated CVs.

A list takes phrases in the order of their log-odds ratio less one standard deviation (in the
direction of the list's class), and asks three things of each:

- the class: z and the number of CVs reach the threshold;
- the subject: KeyBERT names the phrase, or one that contains it, in several CVs of the class.
  A word can be more frequent in one class by accident, or as a habit of writing; then it is not
  what these CVs are about. (That a longer phrase counts is due to maximal marginal relevance,
  which names one variant of a term and then avoids the others.);
- the list: with the phrase it still keeps off most CVs of the other class. This is what makes
  a list strict or broad: a phrase for itself can be clear and yet be in too many CVs.

The order puts first what is both distinctive and certain: by the ratio alone rare phrases would
come first, by z frequent ones, and a frequent phrase can use up all that a strict list may hit.
Of phrases that are in the very same CVs the one that is nearest to these CVs comes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from .extraction import Extraction, name_keywords
from .log_odds import LogOdds, log_odds_ratio
from .phrases import PhraseTable, containment, without_nested
from .result import LISTS
from .settings import KeywordSettings, Threshold

__all__ = ["Corpus", "Learned", "learn", "list_hits"]

BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Corpus:
    """Rated CVs, ready to be learned from.

    Attributes
    ----------
    table
        The n CVs' P phrases.
    is_expert
        (n,) truth.
    cvs, phrases
        Vectors (n, d) and (P, d).
    """

    table: PhraseTable
    is_expert: BoolArray
    cvs: NDArray[np.float32]
    phrases: NDArray[np.float32]


@dataclass(frozen=True)
class Learned:
    """What some of the CVs say about the phrases; all arrays are over the corpus's P phrases.

    Attributes
    ----------
    candidates
        Phrases that these CVs have often enough, without nested ones.
    experts, others
        CVs of the class that have the phrase.
    named_experts, named_others
        CVs of the class in which KeyBERT names it.
    relevance
        Mean cosine to the CVs in which it is named; NaN if there are none.
    odds
        Log-odds ratios.
    lists
        Numbers of the phrases of each list, first chosen first.
    """

    candidates: BoolArray
    experts: IntArray
    others: IntArray
    named_experts: IntArray
    named_others: IntArray
    relevance: NDArray[np.float64]
    odds: LogOdds
    lists: Mapping[str, IntArray]


def learn(corpus: Corpus, rows: IntArray, settings: KeywordSettings) -> Learned:
    """Choose phrases and lists, looking at the CVs numbered `rows` and at no others."""
    presence = corpus.table.presence[rows]
    is_expert = corpus.is_expert[rows]
    experts, others = _per_class(presence, is_expert)
    frequent = experts + others >= settings.min_documents
    documents = np.where(frequent, experts + others, 0)
    candidates = without_nested(corpus.table.phrases, documents)
    named = _named(presence, candidates, corpus, rows, settings)
    named_experts, named_others = _per_class(_ones(named), is_expert)
    times = named_experts + named_others
    with np.errstate(invalid="ignore"):
        relevance = np.asarray(named.sum(axis=0)).ravel() / times
    sizes = (int(is_expert.sum()), int((~is_expert).sum()))
    odds = log_odds_ratio(experts, others, sizes, settings.prior_documents)
    backing = _per_class(_ones(_ones(named) @ containment(corpus.table.phrases)), is_expert)
    columns, lists = presence.tocsc(), {}
    for name in LISTS:
        side, level = name.split("_")
        sign, own, backed = (1, experts, backing[0]) if side == "yes" else (-1, others, backing[1])
        threshold: Threshold = getattr(settings, level)
        fit = candidates & (sign * odds.z >= threshold.z) & (own >= threshold.documents)
        numbers = np.flatnonzero(fit & (backed >= settings.min_named))
        clear = (sign * odds.ratio - odds.sd)[numbers].round(9)
        order = np.lexsort((-np.nan_to_num(relevance[numbers]), -clear))
        against = ~is_expert if side == "yes" else is_expert
        lists[name] = _within_share(numbers[order], columns, against, threshold)
    return Learned(candidates, experts, others, named_experts, named_others, relevance, odds, lists)


def list_hits(presence: sparse.csr_array, lists: Mapping[str, IntArray]) -> IntArray:
    """Return how many phrases of each list of `LISTS` each CV has, as an array (n, 4)."""
    columns = [np.asarray(presence[:, lists[name]].sum(axis=1)).ravel() for name in LISTS]
    return np.stack(columns, axis=1).astype(np.int64)


def _named(
    presence: sparse.csr_array,
    candidates: BoolArray,
    corpus: Corpus,
    rows: IntArray,
    settings: KeywordSettings,
) -> sparse.csr_array:
    """Return what KeyBERT names, as an array (rows, P) of cosines."""
    numbers = np.flatnonzero(candidates)
    task = Extraction(
        presence=presence[:, numbers],
        cvs=corpus.cvs[rows],
        phrases=corpus.phrases[numbers],
        phrases_per_cv=settings.phrases_per_cv,
        diversity=settings.diversity,
    )
    named = name_keywords(task).tocoo()
    row, column = named.coords
    return sparse.coo_array((named.data, (row, numbers[column])), shape=presence.shape).tocsr()


def _ones(array: sparse.csr_array) -> sparse.csr_array:
    """Return an array with ones where this one is not 0."""
    return (array > 0).astype(float)


def _per_class(presence: sparse.csr_array, is_expert: BoolArray) -> tuple[IntArray, IntArray]:
    """Return per phrase the CVs of experts and of others that have it."""
    counts = [
        np.asarray(presence[members].sum(axis=0)).ravel() for members in (is_expert, ~is_expert)
    ]
    return counts[0].astype(np.int64), counts[1].astype(np.int64)


def _within_share(
    numbers: IntArray, columns: sparse.csc_array, against: BoolArray, threshold: Threshold
) -> IntArray:
    """Return the phrases that keep the list off the CVs it is not for, passing over others."""
    most = threshold.false_share * against.sum()
    hit = np.zeros(len(against), dtype=bool)
    chosen: list[int] = []
    for number in numbers.tolist():
        if len(chosen) == threshold.phrases:
            break
        having = columns.indices[columns.indptr[number] : columns.indptr[number + 1]]
        with_it = hit.copy()
        with_it[having[against[having]]] = True
        if with_it.sum() <= most:
            hit = with_it
            chosen.append(number)
    return np.array(chosen, dtype=np.int64)

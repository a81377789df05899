"""What each CV is about: KeyBERT, with vectors that are there already.

KeyBERT (Grootendorst 2020) compares the vector of a CV with those of its candidate phrases and
names the nearest, by maximal marginal relevance (Carbonell & Goldstein 1998): the next phrase c
is the one with the largest (1 − λ) cos(c, CV) − λ max cos(c, those named already), where λ is
the diversity.

It is given both kinds of vectors and the phrases of every CV, so it embeds and tokenises nothing:
what is left is arithmetic on some hundred vectors a CV.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

__all__ = ["Extraction", "name_keywords"]


@dataclass(frozen=True)
class Extraction:
    """A task for `name_keywords`: compact and picklable.

    Attributes
    ----------
    presence
        (n, P) sparse: which CV has which candidate.
    cvs, phrases
        Vectors (n, d) and (P, d).
    phrases_per_cv, diversity
        See `KeywordSettings`.
    """

    presence: sparse.csr_array
    cvs: NDArray[np.float32]
    phrases: NDArray[np.float32]
    phrases_per_cv: int
    diversity: float


def name_keywords(task: Extraction) -> sparse.csr_array:
    """Return what KeyBERT names, as a sparse array (n, P) of cosines with the CV.

    A phrase whose cosine is not above 0 is left out: it is not what the CV is about.
    """
    from keybert import KeyBERT
    from keybert.backend import BaseEmbedder
    from sklearn.feature_extraction.text import CountVectorizer
    from threadpoolctl import threadpool_limits

    n, count = task.presence.shape
    # Phrases go by their numbers, and a CV is the list of its phrases' numbers.
    names = [str(number) for number in range(count)]
    columns = np.split(task.presence.indices, task.presence.indptr[1:-1])
    cvs = [[names[number] for number in each] for each in columns]
    # The products are so small that threads would mostly wait for each other.
    with threadpool_limits(1):
        named = KeyBERT(model=BaseEmbedder()).extract_keywords(
            cvs,
            vectorizer=CountVectorizer(analyzer=_as_it_is, vocabulary=names),
            use_mmr=True,
            diversity=task.diversity,
            top_n=task.phrases_per_cv,
            doc_embeddings=task.cvs,
            word_embeddings=task.phrases,
        )
    per_cv = [named] if n == 1 else named  # of a single CV the phrases alone are returned
    rows = np.repeat(np.arange(n), [len(each) for each in per_cv])
    pairs = [pair for each in per_cv for pair in each]
    numbers = np.array([int(name) for name, _ in pairs], dtype=int)
    cosines = np.array([cosine for _, cosine in pairs], dtype=float)
    near = cosines > 0
    found = (cosines[near], (rows[near], numbers[near]))
    return sparse.coo_array(found, shape=(n, count)).tocsr()


def _as_it_is(phrases: list[str]) -> list[str]:
    return phrases

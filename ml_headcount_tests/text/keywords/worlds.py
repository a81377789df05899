"""CVs with a planted vocabulary, of a field that nothing was tuned to, and a quick encoder."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

#: What security experts write about, and what others do. A sentence is planted whole.
SECURITY = (
    "Found memory corruption bugs by coverage guided fuzzing.",
    "Led incident response for ransomware and wrote the forensic timeline.",
    "Reverse engineered malware samples with a disassembler.",
    "Ran red team exercises against the payment network.",
    "Hardened the kernel with control flow integrity.",
    "Reviewed cryptographic protocols and key management.",
    "Triaged vulnerability disclosure reports and assigned CVE numbers.",
    "Wrote detection rules for the intrusion detection system.",
    "Modelled threats before each release of the hardware token.",
    "Bypassed sandbox escapes in the browser and reported the exploit chain.",
)
OTHERS = (
    "Planned the yearly budget of the theatre and its tours.",
    "Taught violin to children and conducted the school orchestra.",
    "Restored old furniture and sold it on weekend markets.",
    "Managed the kitchen of a seaside restaurant.",
    "Sold holiday packages and negotiated with airlines.",
    "Grew organic vegetables and kept bees.",
)
_EVERYDAY = (
    "Worked in {place} with a team of {number}.",
    "Moved to {place} and learned {language}.",
    "Wrote the minutes for {number} colleagues.",
    "Enjoys hiking near {place} and speaks {language}.",
    "Organised the move of the office to {place}.",
    "Answered letters in {language} every morning.",
    "Introduced a new calendar for {number} people.",
    "Trained {number} apprentices in {place}.",
)
_FILLINGS = {
    "place": ("Lyon", "Pune", "Leeds", "Porto", "Osaka", "Austin", "Graz", "Turku"),
    "number": ("three", "five", "eight", "twelve", "twenty"),
    "language": ("Finnish", "Dutch", "Hindi", "Italian", "Polish"),
}


def planted_cvs(
    experts: int, others: int, *, seed: int, sentences: int = 2, leak: float = 0.1
) -> pd.DataFrame:
    """Return rated CVs: each has sentences of its class, or with probability `leak` the other's.

    With no `sentences` the texts say nothing about the class.
    """
    rng = np.random.default_rng(seed)
    is_expert = rng.permutation(np.repeat([1, 0], [experts, others]))
    texts = []
    for truth in is_expert:
        parts = [_filled(each, rng) for each in rng.choice(_EVERYDAY, 5, replace=False)]
        for _ in range(sentences):
            told = truth if rng.random() >= leak else 1 - truth
            parts.insert(rng.integers(len(parts)), str(rng.choice(SECURITY if told else OTHERS)))
        texts.append("\n|\n".join([" ".join(parts[:3]), " ".join(parts[3:])]))
    ids = [f"cv-{number:04d}" for number in range(len(texts))]
    return pd.DataFrame({"rated_id": ids, "text": texts, "is_expert": is_expert})


def noise_cvs(experts: int, others: int, *, seed: int, words: int = 40) -> pd.DataFrame:
    """Return CVs of words drawn from one vocabulary, whoever they are of."""
    rng = np.random.default_rng(seed)
    vocabulary = [f"word{number}" for number in range(400)]
    weights = 1 / np.arange(5, 405)
    drawn = rng.choice(vocabulary, (experts + others, words), p=weights / weights.sum())
    return pd.DataFrame(
        {
            "rated_id": [f"cv-{number:04d}" for number in range(len(drawn))],
            "text": [" ".join(row) for row in drawn],
            "is_expert": rng.permutation(np.repeat([1, 0], [experts, others])),
        }
    )


def _filled(template: str, rng: np.random.Generator) -> str:
    return re.sub(r"\{(\w+)\}", lambda slot: str(rng.choice(_FILLINGS[slot[1]])), template)


def lies_in(phrase: str, sentences: Sequence[str]) -> bool:
    """Whether a phrase is part of one of the sentences, in whole words."""
    pattern = re.compile(rf"(?<!\w){r'[ -]'.join(map(re.escape, phrase.split()))}(?!\w)", re.I)
    return any(pattern.search(sentence) for sentence in sentences)


class WordEncoder:
    """Vectors without a model: the mean of a random direction per word. It counts its texts."""

    model = "words"

    def __init__(self) -> None:
        self.texts = 0

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.texts += len(texts)
        vectors = np.stack([self._vector(text) for text in texts])
        return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)

    def _vector(self, text: str) -> np.ndarray:
        words = re.findall(r"\w+", text.lower()) or ["nothing"]
        return np.mean([_direction(word) for word in words], axis=0)


_DIRECTIONS: dict[str, np.ndarray] = {}


def _direction(word: str) -> np.ndarray:
    if word not in _DIRECTIONS:
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
        _DIRECTIONS[word] = np.random.default_rng(seed).standard_normal(32)
    return _DIRECTIONS[word]

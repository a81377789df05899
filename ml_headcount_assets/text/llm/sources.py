"""Where the texts to be labelled come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from ..recipe import RECIPE_VERSION, hash_text

__all__ = ["TextSource", "TextsInMemory"]


class TextSource(Protocol):
    """Texts that are to be labelled, which need not fit into memory.

    Attributes
    ----------
    recipe
        Version of the recipe by which the texts were made.
    """

    recipe: str

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each text in UTF-8, by its hash."""
        ...

    def read(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """Return some of the texts, by hash. It is called from another thread."""
        ...


class TextsInMemory:
    """Texts that fit into memory.

    Parameters
    ----------
    texts
        The texts; equal ones are taken once.
    recipe
        Version of the recipe by which they were made.
    """

    def __init__(self, texts: Iterable[str], recipe: str = RECIPE_VERSION) -> None:
        self.recipe = recipe
        self._texts = {hash_text(text): text for text in texts}

    def sizes(self) -> Mapping[str, int]:
        """Return the bytes of each text in UTF-8, by its hash."""
        return {text_hash: len(text.encode()) for text_hash, text in self._texts.items()}

    def read(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """Return some of the texts, by hash."""
        return {text_hash: self._texts[text_hash] for text_hash in hashes}

"""Embeddings of texts, and the file that remembers them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["EmbeddingCache", "Encoder"]


class Encoder(Protocol):
    """What turns texts into vectors; picklable, so that it can be sent to a worker.

    Attributes
    ----------
    model
        Name under which the vectors are remembered: another name, other vectors.
    """

    @property
    def model(self) -> str:
        """The name."""
        ...

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array (n, dimension)."""
        ...


class EmbeddingCache:
    """Embeddings by model and content, in one file that holds hashes and vectors, no text.

    Parameters
    ----------
    path
        The SQLite file; it is made when it is first needed.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

"""Embedding texts: those that are remembered are not computed again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ComputeError
from .embedding_cache import EmbeddingCache
from .encoder import Encoder, FloatArray

if TYPE_CHECKING:
    from ...compute.protocol import Compute

__all__ = ["batches_of", "embed"]


#: Characters of a batch: about a second of work for the packaged model on two cores.
_BATCH_CHARACTERS = 50_000

#: Batches that are computed before their vectors are written down.
_BATCHES_PER_ROUND = 8


def batches_of(texts: Sequence[str]) -> list[list[str]]:
    """Cut texts into batches of about equal work, short texts first."""
    batches: list[list[str]] = []
    size = _BATCH_CHARACTERS
    for text in sorted(dict.fromkeys(texts), key=lambda text: (len(text), text)):
        if size + len(text) > _BATCH_CHARACTERS:
            batches.append([])
            size = 0
        batches[-1].append(text)
        size += len(text) + 20  # a phrase of one word is some work, too
    return batches


def embed(
    texts: Sequence[str],
    encoder: Encoder,
    *,
    cache: EmbeddingCache | None = None,
    compute: Compute | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FloatArray:
    """Return the vectors (n, dimension) of texts; equal texts are embedded once.

    Parameters
    ----------
    texts
        One or more texts.
    encoder
        What embeds those that the cache does not know.
    cache
        Asked first, and told of new vectors after every few batches.
    compute
        Where the encoder is called, on a machine with a GPU if there is one; None calls it
        here.
    progress
        Called as ``progress(done, total)``, in batches.

    Raises
    ------
    ComputeError
        The encoder returned something else than one finite vector per text.
    """
    known = cache.get(encoder.model, texts) if cache else {}
    batches = batches_of([text for text in texts if text not in known])
    for start in range(0, len(batches), _BATCHES_PER_ROUND):
        some = batches[start : start + _BATCHES_PER_ROUND]

        def tell(done: int, _: int, start: int = start) -> None:
            if progress is not None:
                progress(start + done, len(batches))

        for batch, vectors in zip(some, _encode(encoder, some, compute, tell), strict=True):
            if vectors.shape[0] != len(batch) or not np.isfinite(vectors).all():
                raise ComputeError(
                    f"The model {encoder.model!r} gave no usable vectors: not one per text, or"
                    " with values that are no numbers."
                )
            if cache is not None:
                cache.put(encoder.model, batch, vectors)
            known |= dict(zip(batch, vectors, strict=True))
    return np.stack([known[text] for text in texts])


def _encode(
    encoder: Encoder,
    batches: list[list[str]],
    compute: Compute | None,
    progress: Callable[[int, int], None],
) -> list[FloatArray]:
    if compute is not None:
        return compute.map(encoder, batches, progress, worker="gpu")
    results = []
    for batch in batches:
        results.append(encoder(batch))
        progress(len(results), len(batches))
    return results

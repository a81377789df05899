"""The file that remembers embeddings of texts."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ComputeError, InputError

if TYPE_CHECKING:
    pass
from .encoder import FloatArray

__all__ = ["EmbeddingCache"]


#: Raised with any change that gives another vector for the same text and model.
_VERSION = 1

_PATIENCE_SECONDS = 30.0

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

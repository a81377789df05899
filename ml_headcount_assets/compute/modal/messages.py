"""What travels between here and a worker, as bytes.

What goes to a worker is pickled, since it is code with its state. What comes back is values (see
`plain`), so that neither an answer nor a file of answers is ever unpickled. The envelopes hold
plain values only, so that a worker of another version can read enough to refuse.
"""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .plain import packed, unpacked

__all__ = ["Answer", "Request", "canonical", "digest", "library_versions", "source_hash"]

#: Libraries whose release decides the last bits of the results.
_DECISIVE = ("numpy", "scipy", "pandas")
_PACKAGE = Path(__file__).resolve().parents[2]


def canonical(value: object) -> bytes:
    """Pickle a value in a way that depends on nothing but its content.

    Ordinary pickles also tell which equal parts were one and the same object, which differs
    between two runs of the same program. The value must not contain itself.
    """
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, protocol=5)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@cache
def source_hash() -> str:
    """Return a hash of the package's Python files, names and contents."""
    found = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py"), key=lambda path: path.relative_to(_PACKAGE).parts):
        content = path.read_bytes()
        found.update(f"{path.relative_to(_PACKAGE).as_posix()}:{len(content)}:".encode())
        found.update(content)
    return found.hexdigest()


@cache
def library_versions() -> Mapping[str, str]:
    """Return the releases that the last bits of results depend on."""
    major, minor, _ = platform.python_version_tuple()
    return {"python": f"{major}.{minor}", **{name: version(name) for name in _DECISIVE}}


@dataclass(frozen=True)
class Request:
    """A range of tasks, and what has to be the same at the worker.

    Attributes
    ----------
    range_id
        Hash of the work: see `ranges.cut`.
    function, tasks
        Pickled function of one task, and pickled sequence of tasks.
    worker
        Kind of machine that it is meant for, ``"cpu"`` or ``"gpu"``.
    cores
        Number of cores of the worker.
    source, versions
        `source_hash` and `library_versions` of the sender.
    """

    range_id: str
    function: bytes
    tasks: bytes
    worker: str
    cores: int
    source: str
    versions: Mapping[str, str]

    def to_bytes(self) -> bytes:
        """Return the request as it travels."""
        return pickle.dumps(asdict(self))

    @classmethod
    def from_bytes(cls, content: bytes) -> Request:
        """Read a request."""
        return cls(**pickle.loads(content))


@dataclass(frozen=True)
class Answer:
    """What came of a range.

    Attributes
    ----------
    range_id
        Of the request.
    results
        List of results as `plain.packed` has it, empty if there are none.
    refused
        Why the worker did not begin: its source or libraries are others.
    failed
        What a task raised, in words that hold nothing of the data.
    """

    range_id: str
    results: bytes = b""
    refused: str = ""
    failed: str = ""

    @classmethod
    def of(cls, range_id: str, values: Sequence[Any]) -> Answer:
        """Return the answer that has these results.

        Raises
        ------
        ComputeError
            Something among them cannot be sent.
        """
        return cls(range_id, packed(list(values)))

    def to_bytes(self) -> bytes:
        """Return the answer as it travels: its hash, a line of words, the results."""
        words = json.dumps([self.range_id, self.refused, self.failed]).encode()
        content = words + b"\n" + self.results
        return digest(content).encode() + content

    @classmethod
    def from_bytes(cls, content: bytes) -> Answer:
        """Read an answer.

        Raises
        ------
        ValueError
            The bytes are not those that were sent.
        """
        expected, body = content[:64], content[64:]
        if digest(body).encode() != expected:
            raise ValueError("The bytes of an answer do not fit its hash.")
        words, _, results = body.partition(b"\n")
        range_id, refused, failed = json.loads(words)
        return cls(range_id, results, refused, failed)

    def values(self) -> Sequence[Any]:
        """Return the results.

        Raises
        ------
        ValueError
            They are not what `of` has put there.
        """
        return unpacked(self.results)

"""What there is to know of a service's batch files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..annotator import LlmAnnotator
from ..missing import Missing
from ..verdicts import read_verdict

__all__ = ["BatchAnswer", "BatchForm", "Limits", "contradictory", "joined_texts"]


@dataclass(frozen=True)
class BatchAnswer:
    """One result of a batch.

    Attributes
    ----------
    key
        The id that was given to the request; "" if the result has none.
    content
        What the model wrote; None if it wrote nothing that can be used.
    missing
        Why there is no content.
    """

    key: str
    content: str | None = None
    missing: Missing | None = None

    @classmethod
    def of(cls, key: str, text: str, missing: Missing | None) -> BatchAnswer:
        """Return what a text is: no content if something is amiss, or if it is empty."""
        if missing is None and not text:
            missing = Missing.EMPTY
        return cls(key, None if missing else text, missing)


def joined_texts(parts: Any) -> str:
    """Return the texts of a message that comes in parts, whatever else the parts are."""
    records = parts if isinstance(parts, list) else []
    texts = (part.get("text") for part in records if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def contradictory(texts: Sequence[str]) -> bool:
    """Whether a model has answered one request several times, and not with the same verdict."""
    return len(texts) > 1 and len({read_verdict(text) for text in texts}) > 1


@dataclass(frozen=True)
class Limits:
    """The most that one file may hold.

    Attributes
    ----------
    requests
        Requests; None for any number.
    size
        Bytes.
    """

    requests: int | None
    size: int


@dataclass(frozen=True)
class BatchForm:
    """A service's files of requests and of results.

    Attributes
    ----------
    name
        What a study calls it.
    title
        What people call it.
    extension
        Of a file of requests.
    opening, between, closing
        What stands in a file of requests before, between and behind these.
    limits
        The most that one file may hold.
    request
        Returns the request about a text, given the annotator, the text, the id that the answer
        has to repeat and the key of the request.
    answer
        Returns the result that a record is; None if it has another form.
    """

    name: str
    title: str
    extension: str
    opening: bytes
    between: bytes
    closing: bytes
    limits: Limits
    request: Callable[[LlmAnnotator, str, str, str], dict[str, Any]]
    answer: Callable[[Mapping[str, Any]], BatchAnswer | None]

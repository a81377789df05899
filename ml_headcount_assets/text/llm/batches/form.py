"""What there is to know of a service's batch files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..annotator import LlmAnnotator
from ..missing import Missing
from ..verdicts import read_verdict

__all__ = ["BatchAnswer", "BatchForm", "Limits", "joined_texts", "of_call"]


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
    def of(cls, key: str, texts: Sequence[str], missing: Missing | None) -> BatchAnswer:
        """Return what a message comes to that says something in several places, or nothing.

        No content if something is amiss, or if all texts are empty; see also `settled`.
        """
        said = [cls(key, text) for text in texts if text.strip()]
        if missing or not said:
            return cls(key, missing=missing or Missing.EMPTY)
        return cls.settled(key, said)

    @classmethod
    def settled(cls, key: str, answers: Sequence[BatchAnswer]) -> BatchAnswer:
        """Return the one of several answers to a request that gives a verdict.

        If several do, they have to give the same. If none does, it is the first with any content.
        """
        if len(answers) == 1:
            return answers[0]
        verdicts = [read_verdict(each.content or "") for each in answers]
        told = [each for each, label in zip(answers, verdicts, strict=True) if label in (0, 1)]
        if len({label for label in verdicts if label in (0, 1)}) > 1:
            return cls(key, missing=Missing.CONTRADICTORY)
        return next(iter([*told, *(each for each in answers if each.content), *answers]))


def joined_texts(parts: Any) -> str:
    """Return the texts of a message that comes in parts, whatever else the parts are."""
    records = parts if isinstance(parts, list) else []
    texts = (part.get("text") for part in records if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def of_call(name: Any, arguments: Any) -> str:
    """Return what a model answers by calling a function: the arguments, or else its name.

    A name that is a verdict counts, too, beside arguments that are none: ``reject(reason=...)``.
    """
    given = json.dumps(arguments) if isinstance(arguments, dict) else arguments
    given = given if isinstance(given, str) and given.strip() not in ("", "{}") else ""
    called = name if isinstance(name, str) else ""
    names_it = read_verdict(called) in (0, 1) and read_verdict(given) not in (0, 1)
    return called if names_it or not given else given


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
    together
        Returns the results that a record holds together, as what a service says of a whole job
        may; None if it holds none so.
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
    together: Callable[[Mapping[str, Any]], list[Any] | None] = lambda record: None

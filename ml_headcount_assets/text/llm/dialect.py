"""What an endpoint understands of the protocol, found out by its complaints.

Every service that speaks the protocol leaves something out. A request first asks for all that
helps (an answer bound to a JSON schema, no randomness, a limit to the output); a service that
rejects one of these is asked without it from then on:

- ``response_format``: JSON schema, then any JSON object, then nothing. The prompt describes the
  form in any case, and the parser is equally strict with all three;
- ``max_tokens``, which newer models want to be called ``max_completion_tokens``. In this order,
  since services that do not know the new name ignore it silently;
- ``temperature``: zero, then the service's own choice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from .annotator import LlmAnnotator
from .prompt import ANSWER_SCHEMA, messages

__all__ = ["Dialect"]

_FORMATS: dict[str, dict[str, Any]] = {
    "json_schema": {
        "type": "json_schema",
        "json_schema": {"name": "verdict", "strict": True, "schema": ANSWER_SCHEMA},
    },
    "json_object": {"type": "json_object"},
}
_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "structured output")
_NEXT_FORMAT = {"json_schema": "json_object", "json_object": None}


@dataclass(frozen=True)
class Dialect:
    """The parts of the protocol that are used with an endpoint.

    Attributes
    ----------
    response_format
        "json_schema", "json_object", or None.
    output_limit
        Name of the field that limits the output.
    temperature
        Whether a temperature of zero is asked for.
    """

    response_format: str | None = "json_schema"
    output_limit: str = "max_tokens"
    temperature: bool = True

    def body(self, annotator: LlmAnnotator, text: str, request_id: str) -> bytes:
        """Return the body of a request."""
        body: dict[str, Any] = {
            "model": annotator.model,
            "messages": messages(text, request_id),
            self.output_limit: annotator.max_output_tokens,
        }
        if self.temperature:
            body["temperature"] = 0
        if self.response_format is not None:
            body["response_format"] = _FORMATS[self.response_format]
        return json.dumps(body).encode()

    def without(self, complaint: str) -> Dialect | None:
        """Return the dialect that avoids what an endpoint complains about; None if it has all.

        Parameters
        ----------
        complaint
            The text of the endpoint's error.
        """
        complaint = complaint.lower()
        if self.temperature and "temperature" in complaint:
            return replace(self, temperature=False)
        if self.output_limit == "max_tokens" and "max_" in complaint and "tokens" in complaint:
            return replace(self, output_limit="max_completion_tokens")
        if self.response_format is not None and any(word in complaint for word in _FORMAT_WORDS):
            return replace(self, response_format=_NEXT_FORMAT[self.response_format])
        return None

    def __str__(self) -> str:
        """Describe the dialect in a few words."""
        parts = [self.response_format or "no response_format", self.output_limit]
        return ", ".join([*parts, "temperature 0" if self.temperature else "own temperature"])

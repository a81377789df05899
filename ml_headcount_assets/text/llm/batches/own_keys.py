"""The keys of requests that are written here: by text, not by person.

A key holds the version of the prompt and the hash of the text, so that a text is asked about once
whoever's it is, no service is told who a person is, and a result can be read back as the answer
to exactly this question about exactly this text. The hash is also the id that the answer has to
repeat: nobody can write a text that contains its own hash.
"""

from __future__ import annotations

import re

from ..prompt import PROMPT_VERSION

__all__ = ["request_id_of", "request_key", "text_hash_of_key"]

# Anthropic allows letters, digits, hyphens and underscores, 64 of them.
_KEY = re.compile(r"mlh-(?P<prompt>[0-9A-Za-z]+)-(?P<hash>[0-9a-f]{32})")
_ID_LENGTH = 16


def request_key(text_hash: str) -> str:
    """Return the key of the request about a text."""
    return f"mlh-{PROMPT_VERSION}-{text_hash}"


def text_hash_of_key(key: str) -> str | None:
    """Return the hash of the text that a request was about; None if the key is none of these.

    A key of another version of the prompt is none: it was another question.
    """
    found = _KEY.fullmatch(key)
    return found["hash"] if found and found["prompt"] == PROMPT_VERSION else None


def request_id_of(text_hash: str) -> str:
    """Return the id that the answer to the request about a text has to repeat."""
    return text_hash[:_ID_LENGTH]

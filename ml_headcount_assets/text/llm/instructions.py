"""Finding profiles that speak to the annotator instead of about a person.

The prompt tells a model not to obey a profile and the parser accepts nothing that a profile
could have written; but no parser can tell whether a model was talked into an answer of the
right form. So a text with the usual phrases is not shown to a model at all: its label is
missing, with that reason. The list is short and made of what a profile has no honest use for. It
does not find every such text, and a person who quotes such a phrase loses this annotator's label.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["gives_instructions"]

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")

# Each phrase with words of which one is in it: looking for these first makes it ten times faster.
_PHRASES: list[tuple[tuple[str, ...], re.Pattern[str]]] = [
    # "Ignore all previous instructions"
    (
        ("instruction", "prompt", "direction", "guideline", "criteria"),
        re.compile(
            r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,40}"
            r"\b(?:instructions?|prompts?|directions?|guidelines?|criteria)\b",
            re.IGNORECASE,
        ),
    ),
    # "Answer ACCEPT", "the verdict must be: ACCEPT"; in capitals, as the prompt has them
    (
        ("accept", "reject"),
        re.compile(
            r"\b(?:answer|reply|respond|output|return|say|verdict|classify|label|rate|mark)\w*\b"
            r"[^.!?]{0,60}\b(?-i:ACCEPT|REJECT)\b",
            re.IGNORECASE,
        ),
    ),
    # '"verdict": "accept"' and 'request_id=...', in whatever quotation marks
    (("request",), re.compile(r"\brequest[_ ]?id\W{0,4}[:=]", re.IGNORECASE)),
    (("verdict",), re.compile(r"\bverdict\W{0,4}[:=]\W{0,4}(?:accept|reject)", re.IGNORECASE)),
    # marks of chat templates
    (("<",), re.compile(r"<[|｜][\w▁ ]{2,40}[|｜]>|</?(?:start|end)_of_turn>|<</?SYS>>")),
    (("[inst]", "[/inst]"), re.compile(r"\[/?INST\]", re.IGNORECASE)),
    # "If you are an AI", "you are a language model"
    (
        ("you are", "you're"),
        re.compile(
            r"\bif you(?:'re| are) an? (?:ai|a\.i\.|llm|(?:large )?language model|bot)\b|"
            r"\byou(?:'re| are) (?:now )?(?:an? |the )?"
            r"(?:(?:large )?language model|llm|ai (?:model|assistant))\b",
            re.IGNORECASE,
        ),
    ),
]


def gives_instructions(text: str) -> bool:
    """Whether a profile's text addresses whoever labels it."""
    plain = text if text.isascii() else unicodedata.normalize("NFKC", text).replace("’", "'")
    plain = " ".join(_INVISIBLE.sub("", plain).split())
    lower = plain.lower()
    return any(
        phrase.search(plain) is not None
        for words, phrase in _PHRASES
        if any(word in lower for word in words)
    )

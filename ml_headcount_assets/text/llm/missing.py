"""Why a label is missing."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Missing"]


class Missing(StrEnum):
    """Reasons for a label that could not be had. None of them says anything about the person."""

    NO_TEXT = "there is no text to label; not asked"
    INSTRUCTIONS = "the text gives instructions to the annotator; not asked"
    EMPTY = "the answer is empty"
    NOT_JSON = "the answer is not one JSON object"
    WRONG_KEYS = "the answer has other keys than it should have"
    WRONG_ID = "the answer carries the id of another request"
    NO_VERDICT = "the verdict is neither ACCEPT nor REJECT"
    CONTRADICTORY = "the answer has verdicts that contradict each other"
    CUT_OFF = "the answer was cut off at max_output_tokens"
    REFUSED = "the model or its content filter refused"
    REJECTED = "the endpoint rejected the request"
    NOT_PROTOCOL = "the endpoint's reply is not one of the chat-completions protocol"
    UNREACHABLE = "no connection to the endpoint could be made"
    DISCONNECTED = "the connection broke off"
    TIMED_OUT = "no reply within the time allowed"
    RATE_LIMITED = "the endpoint's rate limit was exceeded"
    SERVER_ERROR = "the endpoint reported an error of its own"
    CAP = "the spending cap was reached"
    EXPIRED = "the batch expired before the request was answered"
    CANCELLED = "the batch was cancelled before the request was answered"
    FAILED = "the batch has an error in place of an answer"

    @property
    def is_of_answer(self) -> bool:
        """Whether the model did answer, unusably; another try costs money again."""
        return self in _OF_ANSWERS

    @property
    def is_final(self) -> bool:
        """Whether asking again at another time would be of no use."""
        return self.is_of_answer or self.is_of_text or self is Missing.REJECTED

    @property
    def is_of_text(self) -> bool:
        """Whether the text itself rules a label out, whoever is asked."""
        return self in (Missing.NO_TEXT, Missing.INSTRUCTIONS)


_OF_ANSWERS = frozenset(
    {
        Missing.EMPTY,
        Missing.NOT_JSON,
        Missing.WRONG_KEYS,
        Missing.WRONG_ID,
        Missing.NO_VERDICT,
        Missing.CONTRADICTORY,
        Missing.CUT_OFF,
        Missing.REFUSED,
    }
)

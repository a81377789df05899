"""An LLM that can be asked: where it is, what it costs, how fast it may be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ..service import PricePerMillion, is_this_machine

__all__ = ["LlmAnnotator"]

_PATH = "/chat/completions"


@dataclass(frozen=True)
class LlmAnnotator:
    """An LLM behind an endpoint that speaks the OpenAI chat-completions protocol.

    Attributes
    ----------
    name
        The annotator's name in the study.
    model
        The name under which the endpoint knows the model.
    endpoint
        Address of the service, without ``/chat/completions``.
    price
        Price of a million tokens.
    api_key
        The key, or None for a service that wants none. It is shown nowhere.
    requests_per_minute, tokens_per_minute
        Limits that are kept; None for no limit.
    concurrency
        Most requests that are open at a time.
    max_output_tokens
        Most tokens of an answer, thoughts included.
    timeout
        Seconds that one request may take.
    """

    name: str
    model: str
    endpoint: str
    price: PricePerMillion
    api_key: str | None = field(default=None, repr=False)
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int = 8
    max_output_tokens: int = 2000
    timeout: float = 120.0

    @property
    def url(self) -> str:
        """The address that requests are sent to."""
        return self.endpoint.rstrip("/").removesuffix(_PATH) + _PATH

    @property
    def is_local(self) -> bool:
        """Whether the endpoint is on this machine."""
        return is_this_machine(urlsplit(self.endpoint).hostname or "")

    def cost(self, input_tokens: float, output_tokens: float) -> float:
        """Return what so many tokens cost."""
        return (input_tokens * self.price.input + output_tokens * self.price.output) / 1e6

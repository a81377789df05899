"""Keeping to an endpoint's limits per minute, and pausing when it asks for it."""

from __future__ import annotations

import asyncio
import time

__all__ = ["RateLimits"]

_MINUTE = 60.0

#: A request that wakes up late may make up for so many seconds; the spacing allows for it.
_SLACK = 0.05


class RateLimits:
    """Spaces requests so that no minute has more of them, or of their tokens, than allowed.

    Requests are spread evenly over the minute; there are no bursts. Tokens are counted when a
    request is sent, by estimate, and put right when the endpoint has counted them.

    Parameters
    ----------
    requests_per_minute, tokens_per_minute
        The limits; None for no limit.
    """

    def __init__(self, requests_per_minute: int | None, tokens_per_minute: int | None) -> None:
        self._per_request = (_MINUTE + _SLACK) / requests_per_minute if requests_per_minute else 0.0
        self._per_token = (_MINUTE + _SLACK) / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_token = self._paused_until = 0.0

    async def take(self, tokens: int) -> None:
        """Wait until a request of so many tokens may be sent."""
        while (wait := self._opens_at() - time.monotonic()) > 0:
            await asyncio.sleep(wait)
        earliest = time.monotonic() - _SLACK
        self._next_request = max(self._next_request, earliest) + self._per_request
        self._next_token = max(self._next_token, earliest) + self._per_token * tokens

    def correct(self, estimated: int, counted: int) -> None:
        """Replace the estimated tokens of a request by those the endpoint has counted."""
        self._next_token += self._per_token * (counted - estimated)

    def pause(self, seconds: float) -> None:
        """Let nobody pass for so many seconds."""
        self._paused_until = max(self._paused_until, time.monotonic() + seconds)

    def _opens_at(self) -> float:
        return max(self._next_request, self._next_token, self._paused_until)

"""The spending cap, kept with requests under way."""

from __future__ import annotations

import asyncio

from .store import AnswerStore, Question

__all__ = ["Budget"]


class Budget:
    """Lets a request go only if the cap would hold even if all under way cost the most they can.

    Parameters
    ----------
    store
        Where requests are entered before they are sent.
    cap
        The most that all requests ever entered there may cost; None for no cap.
    """

    def __init__(self, store: AnswerStore, cap: float | None) -> None:
        self._store = store
        self._cap = cap
        self._under_way = 0
        self._settled = asyncio.Condition()

    async def reserve(self, question: Question, text_hash: str, most_cost: float) -> int | None:
        """Enter a request and return its number; None if there is not enough money left.

        While requests are under way, it waits for what they leave.
        """
        while True:
            request = self._store.reserve(question, text_hash, most_cost, self._cap)
            if request is not None:
                self._under_way += 1
                return request
            if not self._under_way:
                return None
            async with self._settled:
                await self._settled.wait()

    async def settle(self, request: int, cost: float | None, outcome: str) -> float:
        """Note what a request has cost, None if that cannot be known; return what is counted."""
        counted = self._store.settle(request, cost, outcome)
        self._under_way -= 1
        async with self._settled:
            self._settled.notify_all()
        return counted

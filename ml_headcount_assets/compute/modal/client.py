"""What is asked of a service that runs a function on other machines."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

__all__ = ["Call", "CallLost", "Client", "Session"]


class CallLost(Exception):
    """A call will give no answer: its worker died, ran out of time or memory, or was stopped."""


class Call(Protocol):
    """One request on its way."""

    @property
    def call_id(self) -> str:
        """The service's name for the call."""
        ...

    def get(self, timeout: float) -> bytes:
        """Return the answer, waiting at most so many seconds.

        Raises
        ------
        TimeoutError
            There is none yet.
        CallLost
            There will be none.
        """
        ...

    def cancel(self) -> None:
        """Stop the call. It may be answered all the same, if the answer was on its way."""
        ...


class Session(Protocol):
    """A running app."""

    @property
    def url(self) -> str:
        """Page with the app's state and logs."""
        ...

    def spawn(self, worker: str, payload: bytes) -> Call:
        """Have `worker.run_range` called with a payload on a machine of a kind ("cpu", "gpu")."""
        ...


class Client(Protocol):
    """The way to the service."""

    def check(self) -> None:
        """Raise an `InputError` if something is missing that the user has to provide."""
        ...

    def open(self) -> AbstractContextManager[Session]:
        """Start an app that lives as long as the context, and is stopped however that ends."""
        ...

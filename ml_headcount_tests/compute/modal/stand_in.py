"""A stand-in for Modal's client, whose workers can be killed, slow, doubled and wrong by plan."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from ml_headcount_assets.compute.modal.client import CallLost
from ml_headcount_assets.compute.modal.messages import Answer, Request
from ml_headcount_assets.compute.modal.worker import run_range

#: Does a request: (kind of worker, payload, whether it is killed) -> answer.
Machine = Callable[[str, bytes, bool], bytes]


class Dead(Exception):
    """The machine is gone."""


def in_this_process(worker: str, payload: bytes, kill: bool) -> bytes:
    """Do a request without a machine, which takes no time to start."""
    if kill:
        raise Dead
    return run_range(payload)


@dataclass
class StandIn:
    """A client whose n-th call (from 0) goes as planned.

    Plans: ``kill`` the machine at its work; ``late``: the answer comes only after the range has
    been answered by another call, even if the call is cancelled; ``never``: no answer comes;
    ``damage`` the answer on its way; ``wrong``: late, and other results; ``other``: the answer
    of another range.
    """

    machine: Machine = in_this_process
    plan: Mapping[int, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)
    cancelled: list[int] = field(default_factory=list)
    running: int = 0
    opened: int = 0
    most_in_flight: int = 0
    in_flight: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        """Nothing is missing."""

    @contextmanager
    def open(self) -> Iterator[StandIn]:
        self.opened += 1
        self.running += 1
        with ThreadPoolExecutor(max_workers=4) as self.pool:
            try:
                yield self
            finally:
                self.running -= 1

    @property
    def url(self) -> str:
        return "https://example.org/apps/1"

    def spawn(self, worker: str, payload: bytes) -> _Call:
        number = len(self.requests)
        self.requests.append(Request.from_bytes(payload))
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        planned = self.plan.get(number, "")
        future = self.pool.submit(self.machine, worker, payload, planned == "kill")
        return _Call(self, number, planned, future)

    def times_asked(self) -> dict[str, int]:
        """How often each range has been sent."""
        counts: dict[str, int] = {}
        for request in self.requests:
            counts[request.range_id] = counts.get(request.range_id, 0) + 1
        return counts


@dataclass
class _Call:
    service: StandIn
    number: int
    planned: str
    future: Future[bytes]

    @property
    def call_id(self) -> str:
        return f"call-{self.number}"

    def get(self, timeout: float) -> bytes:
        range_id = self.service.requests[self.number].range_id
        if self.planned == "never":
            raise TimeoutError
        if self.planned in ("late", "wrong") and range_id not in self.service.answered:
            raise TimeoutError
        if self.number in self.service.cancelled and self.planned not in ("late", "wrong"):
            raise CallLost("it was cancelled")
        try:
            answer = self.future.result(timeout=timeout)
        except Dead as death:
            self.service.in_flight -= 1
            raise CallLost("its worker was lost") from death
        self.service.in_flight -= 1
        self.service.answered.add(range_id)
        return self._as_planned(answer)

    def _as_planned(self, answer: bytes) -> bytes:
        if self.planned == "damage":
            return answer[:-1] + bytes([answer[-1] ^ 1])
        if self.planned == "wrong":
            read = Answer.from_bytes(answer)
            return Answer.of(read.range_id, [*read.values()[:-1], "something else"]).to_bytes()
        if self.planned == "other":
            return Answer("0" * 64, results=Answer.from_bytes(answer).results).to_bytes()
        return answer

    def cancel(self) -> None:
        self.service.cancelled.append(self.number)

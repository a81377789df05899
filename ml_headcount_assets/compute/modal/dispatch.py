"""Getting every range done exactly once, on workers that may die, be slow, or answer twice."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...errors import ComputeError
from ...wording import how_many
from .client import Call, CallLost, Session
from .messages import Answer, digest
from .ranges import Range, Work
from .settings import ModalSettings

__all__ = ["Dispatch", "Tally"]


@dataclass(frozen=True)
class Tally:
    """What it took to get some ranges done.

    Attributes
    ----------
    ranges, reused
        All ranges, and those that had been finished before.
    spawned, retried
        Calls, and those among them that repeat a range.
    late
        Answers for ranges that had been answered already.
    """

    ranges: int = 0
    reused: int = 0
    spawned: int = 0
    retried: int = 0
    late: int = 0

    def in_words(self) -> str:
        """Return one line."""
        return (
            f"Modal: {how_many(self.ranges, 'range')} done, {self.reused:,} of them before; "
            f"{self.retried:,} calls repeated, {self.late:,} late answers ignored."
        )


@dataclass
class _Open:
    """A call on its way."""

    part: Range
    call: Call
    since: float
    superseded: bool = False


class Dispatch:
    """Ranges on their way through one session.

    Parameters
    ----------
    session
        Where calls are spawned.
    work
        What the ranges are ranges of.
    settings
        How many at a time, how long to wait, how often to try.
    receive
        Is handed each range once, with its answer.
    """

    def __init__(
        self,
        session: Session,
        work: Work,
        settings: ModalSettings,
        receive: Callable[[Range, Answer], None],
    ) -> None:
        self.session, self.work, self.settings, self.receive = session, work, settings, receive
        self.waiting: deque[Range] = deque()
        self.open: list[_Open] = []
        self.attempts: Counter[Range] = Counter()
        self.done: dict[Range, str] = {}
        self.late = 0

    def run(self, ranges: Sequence[Range]) -> Tally:
        """Get some ranges done.

        However it ends, no call is left running.

        Raises
        ------
        ComputeError
            A range failed, or could not be done in the number of attempts allowed; two answers
            for it differ; or a worker refuses.
        """
        self.waiting.extend(ranges)
        try:
            while len(self.done) < len(ranges):
                self._fill()
                if not self._look():
                    time.sleep(self.settings.poll_seconds)
            self._look()  # for answers that came twice
        finally:
            for each in self.open:
                each.call.cancel()
        spawned = self.attempts.total()
        return Tally(len(ranges), 0, spawned, spawned - len(self.attempts), self.late)

    def _fill(self) -> None:
        """Spawn calls as long as there may be more of them."""
        while self.waiting and self._under_way() < self.settings.in_flight:
            part = self.waiting.popleft()
            if part in self.done:  # its overdue call has answered in the meantime
                continue
            request = self.work.request(part, self.settings.cores_of(self.work.worker))
            call = self.session.spawn(self.work.worker, request.to_bytes())
            self.attempts[part] += 1
            self.open.append(_Open(part, call, time.monotonic()))

    def _under_way(self) -> int:
        """Count the calls that are waited for: an overdue one must not stand in the way."""
        return sum(each.part not in self.done and not each.superseded for each in self.open)

    def _look(self) -> bool:
        """Look once at every call; return whether anything has come of one."""
        moved = False
        for each in list(self.open):
            try:
                content = each.call.get(timeout=0)
            except TimeoutError:
                self._consider_overdue(each)
                continue
            except CallLost as loss:
                self.open.remove(each)
                self._lost(each, str(loss))
            else:
                self.open.remove(each)
                self._accept(each, content)
            moved = True
        return moved

    def _consider_overdue(self, each: _Open) -> None:
        waited = time.monotonic() - each.since
        if each.superseded or each.part in self.done or waited < self.settings.overdue_seconds:
            return
        each.superseded = True
        self._again(each.part, f"it was not answered within {waited:.0f} s")

    def _lost(self, each: _Open, reason: str) -> None:
        # A call that has been superseded has a successor, which may still answer.
        if each.part not in self.done and not each.superseded:
            self._again(each.part, reason)

    def _again(self, part: Range, reason: str) -> None:
        if self.attempts[part] > self.settings.retries:
            raise ComputeError(
                f"{self._name(part)} could not be done in {self.attempts[part]} attempts; the "
                f"last time {reason}. The workers' logs are at {self.session.url}. Finished "
                "ranges are kept: the same run started again goes on from there."
            )
        self.waiting.append(part)

    def _accept(self, each: _Open, content: bytes) -> None:
        part = each.part
        try:
            answer = Answer.from_bytes(content)
        except ValueError:
            self._lost(each, "its answer arrived damaged")
            return
        self._check(part, answer)
        found = digest(answer.results)
        if part not in self.done:
            self.done[part] = found
            self.receive(part, answer)
            for other in self.open:
                if other.part == part:
                    other.call.cancel()
            return
        self.late += 1
        if self.done[part] != found:
            raise ComputeError(
                f"{self._name(part)} was answered twice, and the answers differ. One of the "
                "workers computes wrongly, or the work is not the same each time; nothing of it "
                f"should be trusted. The workers' logs are at {self.session.url}."
            )

    def _check(self, part: Range, answer: Answer) -> None:
        """Raise a `ComputeError` unless an answer has the results of a range."""
        logs = f"The workers' logs are at {self.session.url}."
        if answer.range_id != part.range_id:
            raise ComputeError(f"{self._name(part)} got the answer of another range. {logs}")
        if answer.refused:
            raise ComputeError(
                f"A worker refuses to compute, since {answer.refused}. Do not change the package "
                f"while a run is under way; then try again. {logs}"
            )
        if answer.failed:
            raise ComputeError(f"{self._name(part)} failed on a worker: {answer.failed}. {logs}")
        if len(answer.values()) != len(part):
            raise ComputeError(
                f"{self._name(part)} has {len(answer.values())} results, not {len(part)}. {logs}"
            )

    def _name(self, part: Range) -> str:
        first, last = part.start + 1, part.stop
        return f"The range of tasks {first:,} to {last:,} ({part.range_id[:12]})"

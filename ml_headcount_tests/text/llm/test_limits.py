"""Limits per minute, on a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from ml_headcount_assets.text.llm import limits
from ml_headcount_assets.text.llm.limits import RateLimits


class _Clock:
    """Time that passes only in `sleep`, a little longer than asked for, as in life."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds + 0.002


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(limits.time, "monotonic", clock.monotonic)
    monkeypatch.setattr(limits.asyncio, "sleep", clock.sleep)
    return clock


def _times(
    clock: _Clock, rate_limits: RateLimits, count: int, tokens: Callable[[int], int] = lambda n: 1
) -> list[float]:
    async def take_all() -> list[float]:
        times = []
        for number in range(count):
            await rate_limits.take(tokens(number))
            times.append(clock.now)
        return times

    return asyncio.run(take_all())


@pytest.mark.parametrize("per_minute", [1, 3, 60, 500, 10_000])
def test_no_minute_has_more_requests_than_allowed(clock: _Clock, per_minute: int) -> None:
    times = _times(clock, RateLimits(per_minute, None), 3 * per_minute + 1)
    for first, after in zip(times, times[per_minute:], strict=False):
        assert after - first >= 60.0
    taken = times[-1] - times[0]
    assert taken <= 3 * 60 * 1.01 + 1  # and hardly fewer


def test_tokens_are_limited_too(clock: _Clock) -> None:
    times = _times(clock, RateLimits(None, 6000), 31, lambda number: 600)
    assert times[10] - times[0] >= 60.0
    assert times[30] - times[0] == pytest.approx(180, rel=0.01)


def test_counted_tokens_replace_estimated_ones(clock: _Clock) -> None:
    rate_limits = RateLimits(None, 6000)
    asyncio.run(rate_limits.take(6000))
    rate_limits.correct(6000, 100)
    before = clock.now
    asyncio.run(rate_limits.take(100))
    assert clock.now - before == pytest.approx(1, abs=0.1)


def test_no_limit_means_no_waiting(clock: _Clock) -> None:
    assert set(_times(clock, RateLimits(None, None), 100)) == {1000.0}


def test_a_pause_holds_everybody(clock: _Clock) -> None:
    rate_limits = RateLimits(None, None)
    rate_limits.pause(30)
    rate_limits.pause(5)
    assert _times(clock, rate_limits, 2)[0] == pytest.approx(1030, abs=0.1)

"""Every range exactly once, whatever happens to the workers."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from operator import mul
from pathlib import Path

import pytest

from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.dispatch import Tally
from ml_headcount_assets.compute.modal.kept import KeptRanges
from ml_headcount_assets.compute.modal.messages import Request, canonical
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.errors import ComputeError, InputError

from .stand_in import StandIn, in_this_process

TASKS = list(range(23))
DOUBLED = [2 * task for task in TASKS]
double = partial(mul, 2)


def settings(**choices: object) -> ModalSettings:
    quick = {
        "cores": 1,
        "tasks_per_range": 5,
        "in_flight": 3,
        "poll_seconds": 0.001,
        "least_seconds": 0,
    }
    return ModalSettings(**{**quick, **choices})


def compute(service: StandIn, kept: Path | None = None, **choices: object) -> ModalCompute:
    return ModalCompute(settings(**choices), kept=kept, client=service)


def test_every_range_is_sent_once_and_results_come_in_order() -> None:
    service, steps, lines = StandIn(), [], []
    modal = ModalCompute(settings(), client=service, announce=lines.append)
    results, tally = modal.map_counted(double, TASKS, lambda *step: steps.append(step))
    assert results == DOUBLED
    assert tally == Tally(ranges=5, spawned=5)
    assert set(service.times_asked().values()) == {1}
    assert service.most_in_flight <= 3
    assert steps[-1] == (23, 23)
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert modal.pages == [service.url]
    assert "Estimate" in lines[0]
    assert service.url in lines[1]
    assert service.running == 0


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ({1: "kill"}, Tally(5, 0, 6, 1, 0)),
        ({0: "kill", 4: "kill", 5: "kill"}, Tally(5, 0, 8, 3, 0)),
        ({2: "damage"}, Tally(5, 0, 6, 1, 0)),
        ({0: "late"}, Tally(5, 0, 6, 1, 1)),
        ({0: "late", 1: "late", 3: "kill"}, Tally(5, 0, 8, 3, 2)),
        ({0: "never"}, Tally(5, 0, 6, 1, 0)),
    ],
    ids=["killed", "killed more than once", "damaged", "late", "late and killed", "unanswered"],
)
def test_lost_and_late_workers_change_nothing(plan: Mapping[int, str], expected: Tally) -> None:
    service = StandIn(plan=plan)
    # Ranges here take no time, so whoever has not answered in this long will not.
    results, tally = compute(service, overdue_seconds=1.0).map_counted(double, TASKS)
    assert results == DOUBLED
    assert tally == expected
    assert service.running == 0


def test_overdue_workers_do_not_stand_in_the_way() -> None:
    service = StandIn(plan={0: "never", 1: "never"})
    modal = compute(service, in_flight=1, overdue_seconds=0.1)
    results, tally = modal.map_counted(double, TASKS)
    assert results == DOUBLED
    assert tally.retried == 2
    # Both are stopped in the end, lest they be paid for.
    assert {0, 1} <= set(service.cancelled)


def test_a_range_that_is_never_answered_ends_the_map() -> None:
    service = StandIn(plan=dict.fromkeys(range(9), "never"))
    with pytest.raises(ComputeError, match=r"2 attempts; the last time it was not answered within"):
        compute(service, overdue_seconds=0.1, retries=1).map(double, TASKS)
    assert set(service.cancelled) == set(range(len(service.requests)))


def test_a_range_that_cannot_be_done_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    # Calls 0, 5 and 6 are for the first range, as it is tried again after the others.
    service = StandIn(plan=dict.fromkeys((0, 5, 6), "kill"))
    with pytest.raises(ComputeError) as failed:
        compute(service, tmp_path / "kept", retries=2, in_flight=1).map(double, TASKS)
    for part in ("tasks 1 to 5", "3 attempts", service.url, "are kept"):
        assert part in str(failed.value)
    assert len(list((tmp_path / "kept").iterdir())) == 4
    again = StandIn()
    results, tally = compute(again, tmp_path / "kept", retries=2).map_counted(double, TASKS)
    assert results == DOUBLED
    assert tally == Tally(ranges=5, reused=4, spawned=1)
    assert not (tmp_path / "kept").exists()


def test_two_answers_that_differ_are_an_error() -> None:
    service = StandIn(plan={0: "wrong"})
    with pytest.raises(ComputeError, match="answered twice, and the answers differ"):
        compute(service, overdue_seconds=1.0, in_flight=2).map(double, TASKS)


def test_the_answer_of_another_range_is_an_error() -> None:
    with pytest.raises(ComputeError, match="answer of another range"):
        compute(StandIn(plan={3: "other"})).map(double, TASKS)


def test_a_task_that_fails_is_not_tried_again() -> None:
    service = StandIn()
    with pytest.raises(ComputeError, match=r"tasks 1 to 5 .*ZeroDivisionError in .*py") as failed:
        compute(service).map(_refuse_three, TASKS)
    assert "secret" not in str(failed.value)
    assert set(service.times_asked().values()) == {1}
    with pytest.raises(ComputeError, match="Company 'a' is in the table twice"):
        compute(StandIn()).map(_refuse_in_words, TASKS)


# The cost is estimated from tasks 0, 11 and 22, which have to go well.
def _refuse_three(task: int) -> int:
    if task == 3:
        raise ZeroDivisionError("secret")
    return task


def _refuse_in_words(task: int) -> int:
    if task == 3:
        raise InputError("Company 'a' is in the table twice.")
    return task


@dataclass
class Interrupted(StandIn):
    """Somebody presses Ctrl-C when the third range is sent."""

    def spawn(self, worker: str, payload: bytes):
        if len(self.requests) == 2:
            raise KeyboardInterrupt
        return super().spawn(worker, payload)


def test_ctrl_c_cancels_what_is_under_way_and_stops_the_app() -> None:
    service = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        compute(service).map(double, TASKS)
    assert service.cancelled == [0, 1]
    assert service.running == 0


def test_what_was_finished_before_a_break_is_not_computed_again(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    broken = StandIn(plan={3: "other"})
    with pytest.raises(ComputeError):
        compute(broken, kept, in_flight=1).map(double, TASKS)
    finished = {path.stem for path in kept.iterdir()}
    assert len(finished) == 3
    assert not list(kept.glob("*.unfinished"))
    again = StandIn()
    assert compute(again, kept).map(double, TASKS) == DOUBLED
    assert set(again.times_asked()) == {part.range_id for part in broken.requests} - finished | {
        again.requests[-1].range_id
    }
    assert len(again.requests) == 2


def test_kept_ranges_are_verified(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    first = compute(StandIn(), kept)
    first.hold = True
    first.map(double, TASKS)
    files = sorted(kept.iterdir())
    assert len(files) == 5
    content = files[0].read_bytes()
    files[0].write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    files[1].write_bytes(content)  # another range's
    again = StandIn()
    results, tally = compute(again, kept).map_counted(double, TASKS)
    assert results == DOUBLED
    assert (tally.reused, tally.spawned) == (3, 2)
    # With all of them there nothing is opened at all, and other work finds nothing.
    first.map(double, TASKS)
    idle = StandIn()
    assert compute(idle, kept).map(double, TASKS) == DOUBLED
    assert idle.opened == 0
    first.map(double, TASKS)
    other = StandIn()
    assert compute(other, kept).map(partial(mul, 3), TASKS) == [3 * task for task in TASKS]
    assert len(other.requests) == 5


def test_held_ranges_are_forgotten_when_their_results_are_in_safety(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    modal = ModalCompute(settings(), kept=kept, hold=True, client=StandIn())
    modal.map(double, TASKS)
    modal.telling(print).map(double, [1])
    assert len(list(kept.iterdir())) == 6
    other = ModalCompute(settings(), kept=kept, client=StandIn())
    other.settle()  # of another run, which has nothing in safety
    assert len(list(kept.iterdir())) == 6
    (kept / "notes.txt").touch()
    modal.settle()
    assert [path.name for path in kept.iterdir()] == ["notes.txt"]
    (kept / "notes.txt").unlink()
    modal.map(double, TASKS)
    other.settle(everything=True)
    assert not kept.exists()


def test_what_nobody_came_back_for_is_removed(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    ModalCompute(settings(), kept=kept, hold=True, client=StandIn()).map(double, TASKS)
    old, *young = sorted(kept.iterdir())
    month_ago = time.time() - 31 * 86_400
    os.utime(old, (month_ago, month_ago))
    KeptRanges(kept).forget()
    assert sorted(kept.iterdir()) == young


def test_work_that_is_done_sooner_than_a_worker_starts_is_done_here() -> None:
    service, lines, steps = StandIn(), [], []
    modal = ModalCompute(
        settings(least_seconds=1.0), client=service, announce=lines.append, hold=True
    )
    assert modal.map(double, TASKS, lambda *step: steps.append(step)) == DOUBLED
    assert steps[-1] == (23, 23)
    assert service.opened == 0
    assert "are done here" in lines[0]


def test_little_that_is_left_is_done_here(tmp_path: Path) -> None:
    kept, steps = tmp_path / "kept", []
    with pytest.raises(ComputeError):
        compute(StandIn(plan={3: "other"}), kept, in_flight=1).map(double, TASKS)
    service = StandIn()
    modal = compute(service, kept, least_seconds=1.0)
    assert modal.map(double, TASKS, lambda *step: steps.append(step)) == DOUBLED
    assert service.opened == 0
    assert steps == [(5, 23), (10, 23), (15, 23), (20, 23), (23, 23)]


def test_what_cannot_be_timed_here_is_sent_all_the_same() -> None:
    service, lines = StandIn(_that_has_the_library), []
    modal = ModalCompute(settings(least_seconds=1.0), client=service, announce=lines.append)
    assert modal.map(_needs_a_library, TASKS) == DOUBLED
    assert "no_such_library is not installed here" in lines[0]


def _needs_a_library(task: int) -> int:
    import no_such_library

    return no_such_library.double(task)


def _that_has_the_library(worker: str, payload: bytes, kill: bool) -> bytes:
    """A machine that has the library."""
    sent = Request.from_bytes(payload)
    return in_this_process(worker, replace(sent, function=canonical(double)).to_bytes(), kill)


def test_nothing_to_do_opens_nothing() -> None:
    service = StandIn()
    assert compute(service).map(double, []) == []
    assert service.opened == 0
    with pytest.raises(InputError, match="Unknown worker"):
        compute(service).map(double, TASKS, worker="tpu")

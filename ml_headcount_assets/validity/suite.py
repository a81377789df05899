"""The validity suite: every method on every scenario, on the same worlds, against the oracle.

A task is one world and the methods that answer it; finished ones are kept in a file of JSON
lines, one a method, so that a run that was stopped goes on where it was. Also a script that needs
NumPy, SciPy, pandas and array-api-compat only (and what its methods need)::

    python -m ml_headcount_assets.validity.suite --out scores.jsonl --processes 16
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..compute.local import LocalCompute
from ..compute.protocol import Compute, Progress
from ..errors import InputError
from ..model import MODEL_VERSION
from ..model.streams import stream_key
from ..worlds.scenarios import SCENARIOS
from ..worlds.simulation import SimulatedWorld, simulate_study
from .answer_scores import CompanyScore, GroupScore, MethodScore, score_answer
from .methods import METHODS, method, methods_here
from .suite_scores import SuiteScores, merge_scores

__all__ = ["SuitePlan", "kept_scores", "run_suite", "world_seed"]

#: Methods of worlds with more companies than this are tasks of their own.
_MANY_COMPANIES = 1_000


@dataclass(frozen=True)
class SuitePlan:
    """What is to be run.

    Attributes
    ----------
    scenarios
        Keys of `SCENARIOS`; each has worlds with seeds of its own.
    methods
        Of `methods.METHODS`.
    worlds
        Of each scenario.
    companies, profiles
        Of each world, unless the scenario has a size of its own.
    draws
        Of each method that draws.
    seed
        Of the whole suite.
    """

    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    methods: tuple[str, ...] = METHODS
    worlds: int = 8
    companies: int = 200
    profiles: int = 60_000
    draws: int = 400
    seed: int = 0

    def __post_init__(self) -> None:
        for scenario in self.scenarios:
            if scenario not in SCENARIOS:
                known = ", ".join(SCENARIOS)
                raise InputError(f"scenario {scenario!r} is unknown; there are {known}.")
        for name in self.methods:
            method(name)
        if not self.scenarios or not self.methods or self.worlds < 1:
            raise InputError("The suite needs at least one scenario, one method and one world.")

    def size(self, scenario: str) -> tuple[int, int]:
        """Companies and profiles of the scenario's worlds."""
        return SCENARIOS[scenario].size or (self.companies, self.profiles)

    def key(self, scenario: str) -> dict[str, object]:
        """What makes scores of that scenario comparable."""
        companies, profiles = self.size(scenario)
        return {
            "model": MODEL_VERSION,
            "companies": companies,
            "profiles": profiles,
            "draws": self.draws,
            "suite": self.seed,
        }


def world_seed(plan: SuitePlan, scenario: str, world: int) -> int:
    """Return the seed of a scenario's world, which no other scenario has."""
    return stream_key(plan.seed, "validity suite", scenario, world) % 2**32


@dataclass(frozen=True)
class _Task:
    scenario: str
    world: int
    methods: tuple[str, ...]


def run_suite(
    plan: SuitePlan,
    keep: Path | None = None,
    *,
    compute: Compute | None = None,
    progress: Progress | None = None,
    deadline: float | None = None,
) -> SuiteScores:
    """Run what is not yet there, and return the scores of all that is.

    Parameters
    ----------
    plan
        What to run.
    keep
        File of JSON lines that finished scores are added to, and taken from; what has failed is
        tried again. None keeps nothing.
    compute
        Where the tasks run; on this machine one after another in each of its processes.
    progress
        Is told ``(done, total)`` tasks.
    deadline
        `time.time()` after which no task is begun.

    Raises
    ------
    InputError
        `keep` is not such a file.
    """
    kept = kept_scores(plan, keep) if keep is not None else SuiteScores(())
    tasks = _tasks(plan, kept)
    compute = compute or LocalCompute()
    here = isinstance(compute, LocalCompute)
    if isinstance(compute, LocalCompute):
        # Warnings belong to a process, so that methods in threads would hear each other's.
        compute = replace(compute, workers=1)
    work = _Work(plan, keep.resolve() if here and keep is not None else None, deadline)
    found = compute.map(work, tasks, progress) if tasks else []
    scores = [score for some in found for score in some]
    if keep is not None and not here:
        _add(keep, plan, scores)
    return merge_scores([*kept.scores, *scores])


def kept_scores(plan: SuitePlan, path: Path) -> SuiteScores:
    """Read the scores of a file that belong to the plan; nothing if there is no file.

    Raises
    ------
    InputError
        A line is none of this suite's. The last one may be cut off, by a run that was stopped.
    """
    if not path.exists():
        return SuiteScores(())
    text = path.read_text(encoding="utf-8")
    whole, cut = text[: text.rfind("\n") + 1], text[text.rfind("\n") + 1 :]
    if cut:
        path.write_text(whole, encoding="utf-8")
    scores = []
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            record = json.loads(line)
            key, score = record["key"], MethodScore.from_record(record["score"])
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path.name}, line {number}: is no score of the validity suite. Name another"
                " file, or take the line out."
            ) from error
        wanted = (
            score.scenario in plan.scenarios
            and score.method in plan.methods
            and score.world < plan.worlds
        )
        if wanted and key == plan.key(score.scenario):
            scores.append(score)
    return merge_scores(scores)


def _tasks(plan: SuitePlan, kept: SuiteScores) -> list[_Task]:
    """What is left to do: world by world, so that all scenarios grow together, large ones first."""
    done = {(s.scenario, s.world, s.method) for s in kept.scores if s.failure is None}
    tasks = []
    for world in range(plan.worlds):
        for scenario in sorted(plan.scenarios, key=lambda name: -plan.size(name)[0]):
            left = tuple(m for m in plan.methods if (scenario, world, m) not in done)
            if plan.size(scenario)[0] > _MANY_COMPANIES:
                tasks += [_Task(scenario, world, (name,)) for name in left]
            elif left:
                tasks.append(_Task(scenario, world, left))
    return tasks


def _add(path: Path, plan: SuitePlan, scores: Iterable[MethodScore]) -> None:
    """Append scores to a file, each in one piece, whoever else is writing to it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    for score in scores:
        line = json.dumps({"key": plan.key(score.scenario), "score": score.to_record()}) + "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)


@dataclass(frozen=True)
class _Work:
    """Simulates a task's world and lets its methods answer; keeps each answer's score at once."""

    plan: SuitePlan
    keep: Path | None
    deadline: float | None

    def __call__(self, task: _Task) -> list[MethodScore]:
        scores: list[MethodScore] = []
        if self._is_late():
            return scores
        seed = world_seed(self.plan, task.scenario, task.world)
        companies, profiles = self.plan.size(task.scenario)
        world = simulate_study(task.scenario, companies, profiles, seed)
        for name in task.methods:
            if self._is_late():
                break
            score = _score(world, name, self.plan.draws, task.world)
            scores.append(score)
            if self.keep is not None:
                _add(self.keep, self.plan, [score])
        return scores

    def _is_late(self) -> bool:
        return self.deadline is not None and time.time() > self.deadline


def _score(world: SimulatedWorld, name: str, draws: int, number: int) -> MethodScore:
    start, failure = time.process_time(), None
    groups: tuple[GroupScore, ...] = ()
    companies: tuple[CompanyScore, ...] = ()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            groups, companies = score_answer(method(name)(world, draws, world.seed), world)
        except Exception as error:  # noqa: BLE001, whatever a method does wrong is its result
            failure = f"{type(error).__name__}: {error}"
    said = {str(w.message) for w in heard if issubclass(w.category, UserWarning)}
    return MethodScore(
        scenario=world.scenario,
        world=number,
        seed=world.seed,
        method=name,
        seconds=time.process_time() - start,
        warnings=tuple(sorted(said)),
        failure=failure,
        groups=groups,
        companies=companies,
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the suite as a script."""
    parser = argparse.ArgumentParser(
        prog="python -m ml_headcount_assets.validity.suite",
        description="Check every method on simulated worlds of every scenario.",
    )
    parser.add_argument("--out", type=Path, required=True, help="JSON lines that scores go to.")
    parser.add_argument("--processes", type=int, default=1, help="Worlds at a time.")
    parser.add_argument("--worlds", type=int, default=SuitePlan.worlds, help="Of each scenario.")
    parser.add_argument("--scenario", action="append", help="May be repeated; all, if not given.")
    parser.add_argument("--methods", help="Separated by commas; all that are installed, if not.")
    parser.add_argument("--companies", type=int, default=SuitePlan.companies)
    parser.add_argument("--profiles", type=int, default=SuitePlan.profiles)
    parser.add_argument("--draws", type=int, default=SuitePlan.draws)
    parser.add_argument("--seed", type=int, default=SuitePlan.seed)
    parser.add_argument("--seconds", type=float, help="Begin no task after so long.")
    chosen = parser.parse_args(arguments)
    # Read by the libraries of the processes when they start: one world, one core.
    for library in ("OMP", "OPENBLAS", "MKL"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    plan = SuitePlan(
        scenarios=tuple(chosen.scenario or SCENARIOS),
        methods=tuple(chosen.methods.split(",") if chosen.methods else methods_here()),
        worlds=chosen.worlds,
        companies=chosen.companies,
        profiles=chosen.profiles,
        draws=chosen.draws,
        seed=chosen.seed,
    )
    scores = run_suite(
        plan,
        chosen.out,
        compute=LocalCompute(processes=chosen.processes),
        progress=_print_progress,
        deadline=time.time() + chosen.seconds if chosen.seconds else None,
    )
    print(scores)
    for name, failure in scores.failures().items():
        print(f"{name} failed, last with {failure}")


def _print_progress(done: int, total: int) -> None:
    print(f"{done} of {total} tasks", file=sys.stderr, flush=True)


if __name__ == "__main__":
    # What is sent to other processes has to belong to the module, and not to the script.
    from ml_headcount_assets.validity import suite

    suite.main()

"""The same numbers wherever and in whatever groups they are computed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from ml_headcount_assets.compute.engine import Engine
from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.protocol import Compute
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import (
    EstimatorSettings,
    HeadcountResult,
    estimate_headcount,
    infer_annotators,
)
from ml_headcount_assets.model import cohort as cohort_module
from ml_headcount_assets.model.calibration import PROBIT, _Fitter
from ml_headcount_assets.model.rated import count_rated
from ml_headcount_assets.validity.calibration_study import study_calibration
from ml_headcount_assets.worlds.simulation import SimulatedWorld


class InGroups(Compute):
    """Runs groups of tasks, the last group first."""

    def __init__(self, size: int) -> None:
        self.size, self.engine = size, Engine()

    def map(self, function, tasks, progress=None, *, worker="cpu"):
        results: dict[int, object] = {}
        for start in reversed(range(0, len(tasks), self.size)):
            group = tasks[start : start + self.size]
            found = LocalCompute(workers=1).map(function, group)
            results.update(enumerate(found, start=start))
        return [results[number] for number in range(len(tasks))]


def estimate(world: SimulatedWorld, compute, draws: int = 110) -> HeadcountResult:
    return estimate_headcount(
        world.validation,
        world.profiles,
        world.companies,
        "five_layer",
        draws=draws,
        compute=compute,
    )


def test_threads_processes_and_groups_give_the_same_numbers(world: SimulatedWorld) -> None:
    one = estimate(world, LocalCompute(workers=1))
    for compute in (LocalCompute(workers=3), LocalCompute(processes=2), InGroups(7), InGroups(1)):
        other = estimate(world, compute)
        np.testing.assert_array_equal(one.draws.data, other.draws.data)
        assert one.intervals().equals(other.intervals())
        assert one.diagnostics == other.diagnostics


def test_the_scale_does_not_depend_on_how_many_companies_are_held(
    world: SimulatedWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = estimate(world, LocalCompute())
    monkeypatch.setattr(cohort_module, "_HELD_NUMBERS", 3 * 2 * 150)  # three companies
    steps: list[tuple[int, int]] = []
    grouped = estimate_headcount(
        world.validation,
        world.profiles,
        world.companies,
        "five_layer",
        draws=110,
        progress=lambda done, total: steps.append((done, total)),
    )
    assert whole.diagnostics["aggregate_scale_mean"] == grouped.diagnostics["aggregate_scale_mean"]
    np.testing.assert_array_equal(whole.draws.data, grouped.draws.data)
    both = whole.diagnostics["companies_with_both"]
    assert [step for step in steps if step[1] == both] == [(n, both) for n in range(1, both + 1)]


def test_worlds_give_the_same_study_in_processes() -> None:
    how = {"worlds": 2, "companies": 12, "profiles": 600, "draws": 64}
    how["estimators"] = ["five_layer", "log_debias"]
    here = study_calibration(**how, compute=LocalCompute(workers=1))
    there = study_calibration(**how, compute=LocalCompute(processes=2))
    assert here.companies.equals(there.companies)
    assert here.totals.equals(there.totals)


def test_work_that_is_sent_holds_patterns_and_no_rows(world: SimulatedWorld) -> None:
    import pickle

    annotators = infer_annotators(world.validation)
    many = world.validation.loc[world.validation.index.repeat(100)]
    sizes = [
        len(
            pickle.dumps(
                _Fitter.of(
                    count_rated(rows, annotators),
                    annotators,
                    EstimatorSettings(),
                    0,
                    PROBIT,
                    Engine("numpy", "cpu"),
                )
            )
        )
        for rows in (world.validation, many)
    ]
    assert sizes[0] == sizes[1]


def test_results_come_in_order_with_progress() -> None:
    for compute in (LocalCompute(), LocalCompute(processes=2)):
        steps: list[tuple[int, int]] = []
        results = compute.map(abs, range(-20, 0), lambda *step, seen=steps: seen.append(step))
        assert results == list(range(20, 0, -1))
        assert steps == [(done, 20) for done in range(1, 21)]
    assert LocalCompute().map(abs, [-3, 4], worker="gpu") == [3, 4]
    assert LocalCompute(processes=2).map(abs, []) == []


def _threads_of_products(_task: int) -> int:
    return max(
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    )


@pytest.mark.parametrize("processes", [0, 2])
def test_a_task_has_one_thread_for_its_products_and_the_caller_its_own_afterwards(
    processes: int,
) -> None:
    with threadpool_limits(2, user_api="blas"):
        compute = LocalCompute(workers=2, processes=processes)
        assert compute.map(_threads_of_products, [0, 1, 2]) == [1, 1, 1]
        assert _threads_of_products(0) == 2


def test_an_error_of_a_task_reaches_the_caller() -> None:
    for compute in (LocalCompute(), LocalCompute(processes=2)):
        with pytest.raises(ZeroDivisionError):
            compute.map(_inverse, [1, 2, 0, 4])


def _inverse(number: float) -> float:
    return 1 / number


def _killed(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_script_without_a_main_block_is_not_run_again_in_processes(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import math\n"
        "from ml_headcount_assets.compute.local import LocalCompute\n"
        "print(LocalCompute(processes=2).map(math.sqrt, [1.0, 4.0, 9.0]))\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[1.0, 2.0, 3.0]\n", "")


def test_a_killed_process_is_told_in_words() -> None:
    with pytest.raises(ComputeError, match="killed at its work"):
        LocalCompute(processes=2).map(_killed, range(4))


def test_choices_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="processes"):
        LocalCompute(processes=-1)
    with pytest.raises(InputError, match="Unknown worker"):
        LocalCompute().map(abs, [1], worker="tpu")

"""A run that is killed at any moment can be run again, and comes to the same tables."""

import multiprocessing
import os
import signal
import warnings
from pathlib import Path

import dagster as dg
import pytest

from ml_headcount_assets.orchestration.event_log import BatchedSqliteEventLogStorage
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.store import Transaction
from ml_headcount_tests.orchestration.test_session import tables


def run_and_die(directory: Path, warehouse: Path, stage: str, moment: str) -> None:
    """Run a study in this process, which kills itself at that moment.

    So the moment is exact, and no clean-up code runs after SIGKILL.
    """
    reached: list[int] = []

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def progress(name: str, done: int, total: int) -> None:
        if name == stage:
            reached.append(done)
            if moment == "begin" or (moment == "middle" and len(reached) > 2):
                die()

    replace, store = Transaction.replace, BatchedSqliteEventLogStorage._store_in_index

    def in_transaction(self, table, frame, parts=None):
        replace(self, table, frame, parts)
        if moment == "transaction" and table == stage:
            die()

    def in_batch(self, stored):
        store(self, stored)
        if moment == "events" and stage in str(stored[-1][0].dagster_event.asset_key) and reached:
            die()

    warnings.simplefilter("ignore")
    Transaction.replace = in_transaction
    BatchedSqliteEventLogStorage._store_in_index = in_batch
    materialize_study(load_study(directory), warehouse, progress=progress)


@pytest.fixture(scope="module")
def processes():
    """Fresh processes that have imported Dagster already: the server that forks them has."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def killed_run(processes, place, stage: str, moment: str) -> None:
    process = processes.Process(
        target=run_and_die, args=(place.directory, place.warehouse, stage, moment)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("stage", "moment"),
    [
        ("profile_labels", "transaction"),
        ("annotator_fit", "middle"),
        ("headcount_draws", "transaction"),
        ("headcount_draws", "events"),
        ("report", "begin"),
    ],
)
def test_a_killed_run_can_be_run_again(processes, fresh, pristine, stage, moment):
    killed_run(processes, fresh, stage, moment)
    fresh.run()
    assert tables(fresh.warehouse) == tables(pristine[1])
    with open_instance(fresh.warehouse) as instance:
        last, first = instance.get_runs()
        assert last.status == dg.DagsterRunStatus.SUCCESS
        assert first.status == dg.DagsterRunStatus.FAILURE
        draws = instance.get_materialized_partitions(dg.AssetKey("headcount_draws"))
        assert len(draws) == 12


def test_a_killed_run_leaves_earlier_results_readable(processes, place, pristine):
    (place.directory / "study.yaml").write_text(
        (place.directory / "study.yaml").read_text() + "seed: 1\n"
    )
    killed_run(processes, place, "headcount_draws", "middle")
    found, before = tables(place.warehouse), tables(pristine[1])
    assert found["headcount_draws"] == before["headcount_draws"]
    assert found["annotator_fit"] != before["annotator_fit"]


def test_an_interrupt_from_the_keyboard_ends_the_run_as_failed(place, monkeypatch):
    def interrupt(stage, done, total):
        if stage == "headcount_intervals":
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        place.run(progress=interrupt)
    with open_instance(place.warehouse) as instance:
        assert instance.get_runs()[0].status in (
            dg.DagsterRunStatus.FAILURE,
            dg.DagsterRunStatus.CANCELED,
        )
    place.run()

"""A run that is killed at any moment can be run again, and comes to the same tables."""

import gzip
import multiprocessing
import os
import signal
import warnings
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.export.opened import open_study
from ml_headcount_assets.orchestration.event_log import BatchedSqliteEventLogStorage
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.session import materialize_study
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse import store as table_store
from ml_headcount_assets.warehouse.beside import results_path
from ml_headcount_assets.warehouse.publish import Published
from ml_headcount_assets.warehouse.store import TableStore, Transaction
from ml_headcount_tests.orchestration.test_session import tables


def run_and_die(directory: Path, warehouse: Path, stage: str, moment: str) -> None:
    """Run a study in this process, which kills itself at that moment.

    So the moment is exact, and no clean-up code runs after SIGKILL.
    """
    reached: list[int] = []
    replaced: list[str] = []

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def progress(name: str, done: int, total: int) -> None:
        if name == stage:
            reached.append(done)
            if moment == "begin" or (moment == "middle" and len(reached) > 2):
                die()

    rename, replace, store = (
        Path.replace,
        Transaction.replace,
        BatchedSqliteEventLogStorage._store_in_index,
    )

    def in_transaction(self, table, frame, parts=None):
        replace(self, table, frame, parts)
        replaced.append(table)
        if moment == "transaction" and table == stage:
            die()

    def in_swap(path, target):
        if moment == "swap" and Path(target).name == "results.duckdb":
            assert path.is_file()
            die()
        return rename(path, target)

    def between_files(people, work):
        people.execute("COMMIT")
        if moment == "between files" and stage in replaced:
            die()
        work.execute("COMMIT")

    def in_batch(self, stored):
        store(self, stored)
        if moment == "events" and stage in str(stored[-1][0].dagster_event.asset_key) and reached:
            die()

    warnings.simplefilter("ignore")
    Transaction.replace, Path.replace = in_transaction, in_swap
    table_store._store = between_files
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
        ("results", "begin"),
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


@pytest.mark.parametrize(
    ("stage", "moment"),
    [
        ("annotator_fit", "transaction"),
        ("headcount_draws", "begin"),
        ("portfolio_intervals", "transaction"),
        ("results", "swap"),
    ],
)
def test_a_killed_run_leaves_what_is_published_as_it_was(
    processes, place, pristine, tmp_path, stage, moment
):
    """Neither numbers nor the level are those of the run that was killed, in no table."""
    with (place.directory / "study.yaml").open("a") as config:
        config.write("seed: 1\nlevel: 0.9\n")
    killed_run(processes, place, stage, moment)
    assert results_path(place.warehouse).read_bytes() == results_path(pristine[1]).read_bytes()
    out = tmp_path / "out"
    command = ["export", "--to", str(out), "--warehouse", str(place.warehouse)]
    result = CliRunner().invoke(main, command)
    assert result.exit_code == 0, result.output
    assert "80 % interval" in (out / "report.html").read_text()
    before = Published(pristine[1]).read("portfolio_intervals")
    exported = pd.read_csv(out / "portfolio_intervals.csv")
    pd.testing.assert_frame_equal(exported, before, check_dtype=False)

    place.run()
    study = open_study(place.warehouse)
    assert study.level == 0.9
    assert study.table("runs").shape[0] == 2
    assert not list(place.warehouse.glob("results.duckdb.*"))


def test_people_stored_without_what_they_were_made_from_are_read_again(processes, place, pristine):
    """Killed between the files: the study is put back, and its people are, too."""
    labels = place.directory / "profile_labels.csv.gz"
    was = labels.read_bytes()
    lines = gzip.decompress(was).splitlines(keepends=True)
    labels.write_bytes(gzip.compress(b"".join(lines[:200])))
    killed_run(processes, place, "profile_labels", "between files")
    assert len(TableStore(place.warehouse).read("profile_labels")) < 600
    labels.write_bytes(was)
    place.run()
    assert tables(place.warehouse) == tables(pristine[1])


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

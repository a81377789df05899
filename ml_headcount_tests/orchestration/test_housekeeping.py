"""Records of runs are pruned, but for those that tables come from; files do not grow for ever."""

import sqlite3
from contextlib import closing

import dagster as dg
import yaml
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.housekeeping import keep_house
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.pruning import remove_old_runs
from ml_headcount_assets.orchestration.resources import WarehouseResource
from ml_headcount_assets.warehouse import compacting
from ml_headcount_assets.warehouse.beside import home_of, people_path, work_path
from ml_headcount_assets.warehouse.compacting import compact_sqlite
from ml_headcount_assets.warehouse.store import TableStore
from ml_headcount_tests.benchmarks.soak import soak
from ml_headcount_tests.orchestration.test_session import tables


def test_runs_that_tables_come_from_stay(place, pristine):
    (first,) = pristine[2].run_ids
    with open_instance(place.warehouse) as instance:
        job = build_definitions().resolve_job_def("whole_study")
        failed = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
        instance.report_run_failed(failed)
        assert remove_old_runs(instance, days=1) == 0
        assert remove_old_runs(instance, days=0) == 1
        assert [run.run_id for run in instance.get_runs()] == [first]
        found = instance.get_materialized_partitions(dg.AssetKey("headcount_draws"))
        assert len(found) == 12


def test_the_command_frees_room_and_touches_no_table(place):
    store = TableStore(place.warehouse)
    labels = store.read("profile_labels")
    with store.transaction() as transaction:
        for _ in range(3):
            transaction.replace("profile_labels", labels)
    before = tables(place.warehouse)
    (place.warehouse / "results.duckdb.abc.unfinished").write_bytes(b"x" * 5_000_000)
    result = CliRunner().invoke(main, ["housekeeping", "--warehouse", str(place.warehouse)])
    assert result.exit_code == 0, result.output
    assert "Runs removed: 0" in result.output
    # What is a day old at most may be in the making.
    assert (place.warehouse / "results.duckdb.abc.unfinished").is_file()
    assert tables(place.warehouse) == before
    assert people_path(place.warehouse).stat().st_mode & 0o777 == 0o600


def test_a_sqlite_file_in_use_is_left_and_told(tmp_path, monkeypatch):
    monkeypatch.setattr(compacting, "_PATIENCE_SECONDS", 0.1)
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("CREATE TABLE t AS SELECT randomblob(100000) AS x")
        file.execute("DELETE FROM t")
        size = path.stat().st_size
        assert compact_sqlite(path)
        assert path.stat().st_size < size / 10
        file.execute("INSERT INTO t SELECT randomblob(100000)")
        file.execute("DELETE FROM t")
        file.execute("BEGIN EXCLUSIVE")
        assert not compact_sqlite(path)


def test_the_job_does_it_with_the_warehouse_held(place):
    resources = {"warehouse": WarehouseResource(path=str(place.warehouse))}
    job = build_definitions(resources=resources).resolve_job_def("housekeeping")
    with open_instance(place.warehouse) as instance:
        assert job.execute_in_process(instance=instance).success


def test_files_do_not_grow_with_refreshes(place):
    """The short form of ``python -m ml_headcount_tests.benchmarks.soak``."""
    config = place.directory / "study.yaml"
    content = yaml.safe_load(config.read_text()) | {"estimators": ["log_debias"], "draws": 20}
    config.write_text(yaml.safe_dump(content))
    seen = soak(place.directory, place.warehouse, refreshes=3).iloc[1:]
    first, last = seen.iloc[0], seen.iloc[-1]
    assert last["open_files"] <= first["open_files"] + 1
    assert last["work_mb"] <= 1.3 * first["work_mb"]
    assert last["records_mb"] <= first["records_mb"] + 0.05
    assert last["runs"] == first["runs"]
    keep_house(place.warehouse, days=0)
    assert work_path(place.warehouse).is_file()
    assert home_of(place.warehouse).is_dir()

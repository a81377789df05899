"""What is pruned from Dagster's records: all that is old, but nothing that tells of the present."""

from __future__ import annotations

import uuid
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from sqlalchemy import func, select

from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.pruning import prune_records, remove_old_runs
from ml_headcount_assets.warehouse.beside import home_of


@dg.asset
def table() -> dg.MaterializeResult:
    return dg.MaterializeResult()


@dg.asset_check(asset=table)
def rows_are_there() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


def refresh(instance: dg.DagsterInstance, number: int) -> None:
    tags = {"dagster/data_version": str(number)}
    instance.report_runless_asset_event(dg.AssetObservation("source", tags=tags))
    assert dg.materialize([table, rows_are_there], instance=instance).success


def rows(instance: dg.DagsterInstance) -> list[int]:
    """Return the numbers of rows of what used to grow, outside runs also in their own file."""
    storage = instance.event_log_storage
    with storage.index_connection() as connection:
        counts = [
            connection.execute(select(func.count()).select_from(each)).scalar_one()
            for each in (SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetEventTagsTable)
        ]
    with storage.run_connection("") as connection:
        of_file = select(func.count()).select_from(SqlEventLogStorageTable)
        return [*counts, connection.execute(of_file).scalar_one()]


def run_files(warehouse: Path) -> int:
    return len(list((home_of(warehouse) / "history" / "runs").glob("?*.db"))) - 1  # the index


@pytest.fixture
def instance(tmp_path):
    with open_instance(tmp_path / "warehouse") as opened:
        yield opened


def test_records_do_not_grow_with_refreshes(instance, tmp_path):
    seen = []
    for number in range(4):
        refresh(instance, number)
        prune_records(instance, days=0)
        seen.append((rows(instance), run_files(tmp_path / "warehouse")))
    assert seen[1:] == [seen[0]] * 3
    assert instance.get_runs_count() == 1


def test_what_tells_of_the_present_stays(instance):
    for number in range(3):
        refresh(instance, number)
    checks = [key for key in rows_are_there.check_keys]
    last = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    before = rows(instance)
    assert prune_records(instance, days=1) == 0
    assert rows(instance) == before
    assert prune_records(instance, days=0) == 2
    after = instance.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    assert after == last
    assert after[checks[0]].status.value == "SUCCEEDED"
    (observed,) = instance.fetch_observations(dg.AssetKey("source"), limit=9).records
    assert observed.asset_event.tags["dagster/data_version"] == "2"
    assert instance.get_latest_materialization_event(dg.AssetKey("table")) is not None


def test_files_of_runs_that_earlier_versions_removed_go(instance, tmp_path):
    refresh(instance, 0)
    lost = home_of(tmp_path / "warehouse") / "history" / "runs" / f"{uuid.uuid4()}.db"
    lost.write_bytes(b"")
    prune_records(instance, days=90)
    assert not lost.exists()
    assert run_files(tmp_path / "warehouse") == 1


def test_a_run_that_is_removed_can_be_followed_by_others(instance, tmp_path):
    refresh(instance, 0)
    refresh(instance, 1)
    assert remove_old_runs(instance, days=0) == 1
    refresh(instance, 2)
    (last, *_) = instance.get_runs(limit=1)
    assert len(instance.all_logs(last.run_id)) > 5
    assert run_files(tmp_path / "warehouse") == 2

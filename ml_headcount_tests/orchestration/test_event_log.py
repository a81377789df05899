"""The batched event log answers what the stock storage answers, and loses nothing in a crash."""

import asyncio
import os
import sqlite3
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.asset_health.asset_check_health import AssetCheckHealthState
from dagster._core.definitions.asset_health.asset_materialization_health import (
    AssetMaterializationHealthState,
)
from dagster._core.definitions.data_version import CachingStaleStatusResolver
from dagster._core.loader import LoadingContextForTest

from ml_headcount_assets.orchestration.event_log import BATCH_SIZE_VARIABLE

COMPANIES = [f"company-{n:02d}" for n in range(6)]
BATCHED = "ml_headcount_assets.orchestration.event_log:BatchedSqliteEventLogStorage"
STOCK = "dagster._core.storage.event_log:SqliteEventLogStorage"
RANGE = {
    "dagster/asset_partition_range_start": COMPANIES[0],
    "dagster/asset_partition_range_end": COMPANIES[-1],
}


def small_study(code_version: str = "1", data_version: str = "a", fail: bool = False):
    """Two company assets, one of the cohort, a check on each kind."""
    partitions = dg.DynamicPartitionsDefinition(name="company")
    whole_run = dg.BackfillPolicy.single_run()

    @dg.asset(partitions_def=partitions, backfill_policy=whole_run, code_version=code_version)
    def counts() -> dg.MaterializeResult:
        return dg.MaterializeResult(data_version=dg.DataVersion(data_version), metadata={"n": 1})

    @dg.asset(deps=[counts], partitions_def=partitions, backfill_policy=whole_run, code_version="1")
    def draws() -> None:
        if fail:
            raise dg.Failure("cannot draw", allow_retries=False)

    @dg.asset(deps=[draws], code_version="1")
    def portfolio() -> None:
        pass

    @dg.asset_check(asset=counts, blocking=True)
    def counts_add_up() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    @dg.asset_check(asset=portfolio)
    def portfolio_is_wide() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)

    return [counts, draws, portfolio, counts_add_up, portfolio_is_wide]


@pytest.fixture(autouse=True)
def batches(monkeypatch):
    monkeypatch.setenv(BATCH_SIZE_VARIABLE, "500")
    # The stock storage tells each partition's plan by itself without this.
    monkeypatch.setenv("DAGSTER_EMIT_PARTITION_SUBSET_IN_PLANNED_EVENTS", "true")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        yield


def instance_at(home: Path, storage: str) -> dg.DagsterInstance:
    module, name = storage.split(":")
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(
        f"event_log_storage: {{module: {module}, class: {name},"
        f" config: {{base_dir: {home / 'history' / 'runs'}}}}}\n"
        "telemetry: {enabled: false}\n"
    )
    return dg.DagsterInstance.from_config(str(home))


def run(instance, definitions, *, tags=None, partition_key=None) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        definitions,
        instance=instance,
        tags=tags,
        partition_key=partition_key,
        raise_on_error=False,
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )


def events_by_type(instance) -> list[dict[str, int]]:
    """Per run, oldest first: how often each type of event was stored."""
    counted = []
    for record in reversed(instance.get_runs()):
        types = [
            r.event_log_entry.dagster_event_type.value
            for r in instance.event_log_storage.get_records_for_run(record.run_id).records
            if r.event_log_entry.is_dagster_event
        ]
        counted.append({kind: types.count(kind) for kind in sorted(set(types))})
    return counted


async def health_of(instance, node) -> tuple:
    loading = LoadingContextForTest(instance)
    materialized = await AssetMaterializationHealthState.compute_for_asset(
        node.key, node.partitions_def, loading
    )
    checks = await AssetCheckHealthState.compute_for_asset_checks(set(node.check_keys), loading)
    return materialized.health_status, checks.health_status


def answers(instance, definitions) -> dict:
    """What the UI asks the storage about every asset, without times and run ids."""
    defs = dg.Definitions(
        assets=[d for d in definitions if not isinstance(d, dg.AssetChecksDefinition)],
        asset_checks=[d for d in definitions if isinstance(d, dg.AssetChecksDefinition)],
    )
    graph = defs.resolve_asset_graph()
    stale = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    found: dict = {"events": events_by_type(instance)}
    for key in sorted(graph.materializable_asset_keys):
        node = graph.get(key)
        latest = instance.get_latest_materialization_event(key)
        health, checks = asyncio.run(health_of(instance, node))
        found[key.to_user_string()] = {
            "partitions": sorted(instance.get_materialized_partitions(key)),
            "latest": latest and latest.asset_materialization.partition,
            "metadata": latest and latest.asset_materialization.metadata,
            "versions": latest
            and {
                tag: value
                for tag, value in latest.asset_materialization.tags.items()
                if "version" in tag and "run" not in tag
            },
            "of one company": [
                record.partition_key
                for record in instance.fetch_materializations(
                    dg.AssetRecordsFilter(asset_key=key, asset_partitions=[COMPANIES[3]]), limit=9
                ).records
            ],
            "health": health,
            "checks": checks,
            "stale": {
                company: stale.get_status(key, company)
                for company in (COMPANIES if node.is_partitioned else [None])
            },
        }
    return found


def history(instance) -> list[dict]:
    """Go through a study's life and note what the storage answers after every step."""
    instance.add_dynamic_partitions("company", COMPANIES)
    seen = []
    for definitions, arguments in [
        (small_study(), {"tags": RANGE}),
        (small_study(data_version="b"), {"partition_key": COMPANIES[3]}),
        (small_study(data_version="c", fail=True), {"tags": RANGE}),
    ]:
        run(instance, definitions, **arguments)
        seen.append(answers(instance, definitions))
        seen.append(answers(instance, small_study(code_version="2")))
    return seen


def test_same_answers_as_the_stock_storage(tmp_path):
    with instance_at(tmp_path / "stock", STOCK) as stock:
        expected = history(stock)
    with instance_at(tmp_path / "batched", BATCHED) as batched:
        found = history(batched)
    assert found == expected
    # The comparison would be worth little if these scenes showed nothing.
    first, _, one_company, new_code, failed, _ = found
    assert first["counts"]["partitions"] == COMPANIES
    assert first["events"][0]["ASSET_MATERIALIZATION"] == 2 * len(COMPANIES) + 1
    assert one_company["counts"]["of one company"] == [COMPANIES[3]] * 2
    assert {status.value for status in new_code["counts"]["stale"].values()} == {"STALE"}
    assert failed["draws"]["health"].value == "HEALTHY"  # as it was; the run is what failed
    assert first["portfolio"]["checks"].value == "WARNING"


def test_either_storage_reads_the_files_of_the_other(tmp_path):
    home = tmp_path / "home"
    with instance_at(home, BATCHED) as batched:
        batched.add_dynamic_partitions("company", COMPANIES)
        run(batched, small_study(), tags=RANGE)
        expected = answers(batched, small_study())
    with instance_at(home, STOCK) as stock:
        assert answers(stock, small_study()) == expected


def test_what_is_as_it_was_is_not_told_again(tmp_path):
    made = "ASSET_MATERIALIZATION"
    with instance_at(tmp_path, BATCHED) as instance:
        instance.add_dynamic_partitions("company", COMPANIES)
        for definitions in (small_study(), small_study(), small_study(data_version="b")):
            assert run(instance, definitions, tags=RANGE).success
        first, same, other = events_by_type(instance)
        everything = 2 * len(COMPANIES) + 1
        assert [each[made] for each in (first, same, other)] == [everything, 1, everything]
        # A company that was made by itself is told again where the others are not.
        assert run(instance, small_study(data_version="d"), partition_key=COMPANIES[3]).success
        assert run(instance, small_study(data_version="b"), tags=RANGE).success
        assert events_by_type(instance)[-1][made] == 3
        statuses = answers(instance, small_study(data_version="b"))
        assert {each.value for each in statuses["draws"]["stale"].values()} == {"FRESH"}
        assert {each.value for each in statuses["portfolio"]["stale"].values()} == {"FRESH"}


def test_a_batch_that_cannot_be_stored_leaves_nothing_behind(tmp_path, monkeypatch):
    """Dagster then stores the events one by one: each must be there once."""
    with instance_at(tmp_path, BATCHED) as instance:
        instance.add_dynamic_partitions("company", COMPANIES)
        storage = instance.event_log_storage
        refused = []

        def disk_full(connection, events, ids):
            if len(events) > 1:
                refused.append(len(events))
                raise sqlite3.OperationalError("database or disk is full")

        monkeypatch.setattr(storage, "_store_asset_event_tags", disk_full)
        run(instance, small_study(), tags=RANGE)
        monkeypatch.undo()
        assert refused == [3, len(COMPANIES), len(COMPANIES)]  # planned, then made
        assert events_by_type(instance)[0]["ASSET_MATERIALIZATION"] == 2 * len(COMPANIES) + 1
        assert instance.get_materialized_partitions(dg.AssetKey("draws")) == set(COMPANIES)
        assert not storage._open


CRASH = """
    import os, sys
    from pathlib import Path
    from ml_headcount_assets.orchestration.event_log import BatchedSqliteEventLogStorage as Storage
    from ml_headcount_tests.orchestration import test_event_log as scenes

    with scenes.instance_at(Path(sys.argv[1]), scenes.BATCHED) as instance:
        store = Storage._store_in_index
        def power_cut(self, stored):
            store(self, stored)
            if any(event.dagster_event.is_step_materialization for event, _ in stored):
                os._exit(9)  # both shards written, neither committed
        Storage._store_in_index = power_cut
        scenes.run(instance, scenes.small_study(data_version="b"), tags=scenes.RANGE)
"""


def test_a_crash_in_the_middle_of_a_batch_loses_no_completed_run(tmp_path):
    with instance_at(tmp_path, BATCHED) as instance:
        instance.add_dynamic_partitions("company", COMPANIES)
        run(instance, small_study(), tags=RANGE)
        before = answers(instance, small_study())
    crashed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", textwrap.dedent(CRASH), str(tmp_path)],
        env={**os.environ, BATCH_SIZE_VARIABLE: "500"},
        capture_output=True,
        check=False,
    )
    assert crashed.returncode == 9, crashed.stderr.decode()
    with instance_at(tmp_path, BATCHED) as instance:
        after = answers(instance, small_study())
        assert after["events"][0] == before["events"][0]
        assert "ASSET_MATERIALIZATION" not in after["events"][1]
        for asset in ("counts", "draws", "portfolio"):
            assert after[asset]["partitions"] == before[asset]["partitions"]
            assert after[asset]["versions"] == before[asset]["versions"]
        assert run(instance, small_study(data_version="b"), tags=RANGE).success
        again = answers(instance, small_study())
    assert again["events"][2] == before["events"][0]
    assert again["counts"]["health"] == before["counts"]["health"]

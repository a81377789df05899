"""A study whose draws are computed elsewhere: same tables, and the run says where."""

from __future__ import annotations

import dagster as dg
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli import main
from ml_headcount_assets.compute.choice import choose_compute, kept_beside
from ml_headcount_assets.compute.modal_compute import ModalCompute
from ml_headcount_assets.compute.settings import ModalSettings
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.model import LocalCompute
from ml_headcount_assets.orchestration.assets import estimate
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.resources import resources_from
from ml_headcount_assets.warehouse.store import TableStore

from ..compute.stand_in import StandIn

SETTINGS = ModalSettings(
    cores=1, tasks_per_range=6, in_flight=2, poll_seconds=0.001, least_seconds=0, retries=0
)
RESULTS = ("annotator_fit", "cohort_fit", "headcount_draws", "headcount_intervals")


def digests(warehouse) -> dict[str, dict[str, str]]:
    with TableStore(warehouse).snapshot() as snapshot:
        return {name: snapshot.digests(name) for name in (*RESULTS, "portfolio_intervals")}


def remote(warehouse, plan=None) -> tuple[ModalCompute, StandIn]:
    service = StandIn(plan=plan or {})
    kept = kept_beside(warehouse)
    return ModalCompute(SETTINGS, kept=kept, hold=True, client=service), service


def test_a_run_that_breaks_off_goes_on_where_it_was_and_gives_the_same_tables(fresh, pristine):
    kept = kept_beside(fresh.warehouse)
    # One worker dies for good while the companies are drawn, after everything before.
    compute, whole = remote(fresh.warehouse)
    fresh.run(compute=compute)
    assert digests(fresh.warehouse) == digests(pristine[1])
    assert not kept.exists()

    fresh.warehouse.unlink()
    last = len(whole.requests) - 1
    compute, broken = remote(fresh.warehouse, {last: "kill"})
    with pytest.raises(ComputeError, match="are kept"):
        fresh.run(compute=compute)
    # The ranges of this asset that were finished are there, and are not asked for again.
    compute, again = remote(fresh.warehouse)
    fresh.run(compute=compute)
    assert digests(fresh.warehouse) == digests(pristine[1])
    assert len(again.requests) == 1
    assert again.requests[0].range_id == broken.requests[last].range_id
    assert not kept.exists()


def test_the_run_says_where_its_workers_logs_are(fresh):
    compute, service = remote(fresh.warehouse)
    lines: list[str] = []
    summary = fresh.run(compute=compute.telling(lines.append), estimators=["five_layer"])
    assert any("Estimate" in line for line in lines)
    with open_instance(fresh.warehouse) as instance:
        logged = [entry.user_message for entry in instance.all_logs(summary.run_ids[0])]
        assert any(service.url in message for message in logged)
        event = instance.get_latest_materialization_event(dg.AssetKey("headcount_draws"))
        metadata = event.asset_materialization.metadata
        assert metadata["modal_1"].value == service.url
        untouched = instance.get_latest_materialization_event(dg.AssetKey("headcount_intervals"))
        assert "modal_1" not in untouched.asset_materialization.metadata


def test_groups_of_companies_give_the_same_tables(fresh, pristine, monkeypatch):
    monkeypatch.setattr(estimate, "_HELD_DRAWS", 5 * 60 * 2)  # five companies
    fresh.run()
    assert digests(fresh.warehouse) == digests(pristine[1])


def test_the_environment_says_where_to_compute(tmp_path):
    assert resources_from({})["compute"] == LocalCompute()
    assert resources_from({"ML_HEADCOUNT_PROCESSES": "3"})["compute"] == LocalCompute(processes=3)
    compute = resources_from(
        {
            "ML_HEADCOUNT_COMPUTE": "modal",
            "ML_HEADCOUNT_WAREHOUSE": str(tmp_path / "w.duckdb"),
            "ML_HEADCOUNT_MODAL_CORES": "8",
        }
    )["compute"]
    assert isinstance(compute, ModalCompute)
    assert compute.settings.cores == 8
    assert compute.kept == tmp_path / "w.duckdb.ranges"
    with pytest.raises(InputError, match="local and modal"):
        resources_from({"ML_HEADCOUNT_COMPUTE": "cloud"})
    with pytest.raises(InputError, match="whole number"):
        resources_from({"ML_HEADCOUNT_PROCESSES": "all"})
    with pytest.raises(InputError, match="for --compute local"):
        choose_compute("modal", processes=2)


@pytest.mark.parametrize("command", ["run", "calibrate"])
def test_without_credentials_a_command_does_nothing(command, fresh, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("MODAL_TOKEN_ID", "MODAL_TOKEN_SECRET", "MODAL_CONFIG_PATH"):
        monkeypatch.delenv(variable, raising=False)
    study = ["--study", fresh.directory, "--warehouse", fresh.warehouse]
    arguments = [command, "--compute", "modal", *(study if command == "run" else [])]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 2
    assert "modal token new" in result.output
    assert "--compute local" in result.output
    assert not fresh.warehouse.exists()


def test_worlds_are_estimated_in_processes_from_the_command_line():
    arguments = [
        "calibrate",
        "--worlds",
        "2",
        "--companies",
        "10",
        "--profiles",
        "400",
        "--draws",
        "50",
    ]
    said = [
        CliRunner().invoke(main, [*arguments, *more, "--estimator", "five_layer"])
        for more in ([], ["--processes", "2"])
    ]
    assert [result.exit_code for result in said] == [0, 0]
    assert said[0].output.splitlines()[-10:] == said[1].output.splitlines()[-10:]

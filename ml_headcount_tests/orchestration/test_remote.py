"""A study whose draws are computed elsewhere: same tables, and the run says where."""

from __future__ import annotations

from datetime import UTC, datetime

import dagster as dg
import pandas as pd
import pytest
from click.testing import CliRunner

from ml_headcount_assets.cli.main import main
from ml_headcount_assets.compute.choice import choose_compute
from ml_headcount_assets.compute.local import LocalCompute
from ml_headcount_assets.compute.modal.compute import ModalCompute
from ml_headcount_assets.compute.modal.messages import Request
from ml_headcount_assets.compute.modal.settings import ModalSettings
from ml_headcount_assets.errors import ComputeError, InputError
from ml_headcount_assets.orchestration.assets import estimate
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.making import reader_for
from ml_headcount_assets.orchestration.reader import Surroundings
from ml_headcount_assets.orchestration.recipes import COMPANY, Recipe
from ml_headcount_assets.orchestration.resources import no_progress, resources_from
from ml_headcount_assets.study import load_study
from ml_headcount_assets.warehouse.beside import ranges_path
from ml_headcount_assets.warehouse.publish import Run
from ml_headcount_assets.warehouse.store import TableStore

from ..compute.modal.stand_in import Dead, StandIn, in_this_process

SETTINGS = ModalSettings(
    cores=1, tasks_per_range=6, in_flight=1, poll_seconds=0.001, least_seconds=0, retries=0
)


class DiesAtDraws:
    """Machines that do everything but the last companies' draws of one estimator."""

    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, worker: str, payload: bytes, kill: bool) -> bytes:
        if b"Drawer" in Request.from_bytes(payload).function:
            self.drawn += 1
            if self.drawn == 4:  # two estimators, two ranges of companies each
                raise Dead
        return in_this_process(worker, payload, kill)


def test_a_run_that_breaks_off_goes_on_where_it_was_and_gives_the_same_tables(fresh, pristine):
    kept = ranges_path(fresh.warehouse)
    broken = StandIn(DiesAtDraws())
    with pytest.raises(ComputeError, match="are kept"):
        fresh.run(compute=ModalCompute(SETTINGS, kept=kept, hold=True, client=broken))
    # What is in no table yet is done once: three of the four ranges of companies were.
    service, lines = StandIn(), []
    compute = ModalCompute(SETTINGS, kept=kept, hold=True, client=service, announce=lines.append)
    summary = fresh.run(compute=compute)
    assert [request.range_id for request in service.requests] == [broken.requests[-1].range_id]
    assert not kept.exists()
    with TableStore(fresh.warehouse).snapshot() as own, TableStore(pristine[1]).snapshot() as other:
        for table in ("annotator_fit", "cohort_fit", "headcount_draws", "headcount_intervals"):
            assert own.digests(table) == other.digests(table)
        assert own.digests("portfolio_intervals") == other.digests("portfolio_intervals")
    # The run says where its workers' logs are.
    assert any("Estimate" in line for line in lines)
    with open_instance(fresh.warehouse) as instance:
        logged = [entry.user_message for entry in instance.all_logs(summary.run_ids[0])]
        assert any(service.url in message for message in logged)
        event = instance.get_latest_materialization_event(dg.AssetKey("headcount_draws"))
        assert event.asset_materialization.metadata["modal_1"].value == service.url
        untouched = instance.get_latest_materialization_event(dg.AssetKey("headcount_intervals"))
        assert "modal_1" not in untouched.asset_materialization.metadata


def test_groups_of_companies_give_the_same_tables(pristine, monkeypatch):
    directory, warehouse, _ = pristine
    store, study = TableStore(warehouse), load_study(directory)
    companies = store.read("companies")["company"].tolist()
    steps: list[float] = []
    around = Surroundings(LocalCompute(), no_progress, print, Run("a-run", datetime.now(UTC), True))

    def made(recipe: Recipe):
        own = companies if recipe.grain == COMPANY else None
        reader = reader_for(recipe, study, store, own, around)
        return recipe.make(reader, lambda done, total: steps.append(done / total))

    def make():
        draws = made(estimate.HEADCOUNT_DRAWS)
        frames = [draws["headcount_draws"]] if isinstance(draws, dict) else [f for _, f in draws]
        by = ["company", "estimator"]
        return (
            len(frames),
            pd.concat(frames).sort_values(by, ignore_index=True),
            made(estimate.HEADCOUNT_INTERVALS)["headcount_intervals"].sort_values(
                by, ignore_index=True
            ),
            made(estimate.PORTFOLIO_INTERVALS)["portfolio_intervals"].sort_values(
                ["estimator", "grouping", "group_name"], ignore_index=True
            ),
        )

    whole = make()
    monkeypatch.setattr(estimate, "_HELD_DRAWS", 5 * study.draws * len(study.estimators))
    steps.clear()
    grouped = make()
    assert (whole[0], grouped[0]) == (1, 3)
    for one, other in zip(whole[1:], grouped[1:], strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    assert steps == sorted(steps)
    assert steps[-1] == 1


def test_the_environment_says_where_to_compute(tmp_path):
    assert resources_from({})["compute"] == LocalCompute()
    assert resources_from({"ML_HEADCOUNT_PROCESSES": "3"})["compute"] == LocalCompute(processes=3)
    compute = resources_from(
        {
            "ML_HEADCOUNT_COMPUTE": "modal",
            "ML_HEADCOUNT_WAREHOUSE": str(tmp_path / "w"),
            "ML_HEADCOUNT_MODAL_CORES": "8",
        }
    )["compute"]
    assert isinstance(compute, ModalCompute)
    assert compute.settings.cores == 8
    assert compute.kept == tmp_path / "w" / "ranges"
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

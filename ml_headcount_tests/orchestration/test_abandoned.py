"""Runs whose process is gone are closed by whoever holds the warehouse, and by nobody else."""

import os
import subprocess
import sys
from functools import partial

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration import abandoned
from ml_headcount_assets.orchestration.abandoned import close_abandoned, note_holder
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.code_location import close_former_runs
from ml_headcount_assets.orchestration.instance import CODE_LOCATION, open_instance
from ml_headcount_assets.orchestration.resources import StudyResource, WarehouseResource

STATUS = dg.DagsterRunStatus


def start(instance, status=STATUS.STARTED, *, held: bool = True) -> str:
    """Put a run on record that is at work, or was when its process went."""
    job = build_definitions().resolve_job_def("whole_study")
    location = RegisteredCodeLocationOrigin(CODE_LOCATION["location_name"])
    origin = RemoteRepositoryOrigin(location, "__repository__").get_job_origin(job.name)
    run = instance.create_run_for_job(
        job,
        status=status,
        remote_job_origin=origin,
        job_code_origin=JobPythonOrigin(
            job.name, RepositoryPythonOrigin(sys.executable, ModuleCodePointer("m", "f"), None)
        ),
    )
    if held:
        note_holder(instance, run.run_id)
    return run.run_id


def statuses(instance, *ids: str) -> list[STATUS]:
    return [instance.get_run_by_id(each).status for each in ids]


def test_what_is_unfinished_is_closed_and_the_queue_is_left(fresh, monkeypatch):
    with open_instance(fresh.warehouse) as instance:
        at_work, killed = start(instance), start(instance)
        queued = start(instance, STATUS.QUEUED)
        cancelling = start(instance, STATUS.CANCELING)
        beginning = start(instance, held=False)
        assert set(close_abandoned(instance, but=at_work)) == {killed, cancelling}
        found = statuses(instance, at_work, killed, queued, cancelling, beginning)
        assert found == [
            *(STATUS.STARTED, STATUS.FAILURE, STATUS.QUEUED, STATUS.CANCELED, STATUS.STARTED)
        ]
        monkeypatch.setattr(abandoned, "_STARTED_SECONDS", 0.0)
        assert close_abandoned(instance, but=at_work) == [beginning]


def run_of_the_interface(place, instance, company: str):
    """Run a job as the interface does: nothing but its resources prepares it."""
    definitions = build_definitions(
        resources={
            "study": StudyResource(directory=str(place.directory)),
            "warehouse": WarehouseResource(path=str(place.warehouse)),
        }
    )
    job = definitions.resolve_job_def("refresh_company")
    return job.execute_in_process(instance=instance, partition_key=company, raise_on_error=True)


def test_a_run_of_the_interface_closes_those_before_it_and_shows_its_company(place):
    with open_instance(place.warehouse) as instance:
        killed = start(instance)
        company = instance.get_dynamic_partitions("company")[0]
        result = run_of_the_interface(place, instance, company)
        assert statuses(instance, killed, result.run_id) == [STATUS.FAILURE, STATUS.SUCCESS]
        (made,) = result.asset_materializations_for_node("headcount_intervals")
        row = WarehouseResource(path=str(place.warehouse)).store.query(
            "SELECT median, high FROM headcount_intervals WHERE company = ?"
            " AND estimator = 'five_layer'",
            [company],
        )
        shown = made.metadata["experts"].value
        assert "five_layer" in shown
        assert f"{row['median'].iloc[0]:g}" in shown


def test_a_partition_that_is_no_company_ends_the_run_at_once(place):
    with open_instance(place.warehouse) as instance:
        instance.add_dynamic_partitions("company", ["nobody"])
        with pytest.raises(InputError, match=r"'nobody': no company of the study.*delete its part"):
            run_of_the_interface(place, instance, "nobody")
        (run,) = instance.get_runs(limit=1)
        done = {step.step_key for step in instance.get_run_step_stats(run.run_id)}
    assert "headcount_draws" not in done


def test_runs_of_the_command_line_show_under_their_job(pristine):
    repository = f"__repository__@{CODE_LOCATION['location_name']}"
    filters = dg.RunsFilter(job_name="whole_study", tags={".dagster/repository": repository})
    with open_instance(pristine[1]) as instance:
        assert [run.run_id for run in instance.get_runs(filters)] == list(pristine[2].run_ids)


def test_the_code_server_closes_runs_unless_one_is_at_work(place):
    instance_of = partial(open_instance, place.warehouse)
    with open_instance(place.warehouse) as instance:
        killed = start(instance)
    code = (
        "import sys; from pathlib import Path;"
        "from ml_headcount_assets.orchestration.run_lock import only_run\n"
        "with only_run(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(place.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    ) as other:
        assert other.stdout.readline() == b"held\n"
        assert close_former_runs(place.warehouse, instance_of) == []
        other.stdin.close()
        other.wait(60)
    assert close_former_runs(place.warehouse, instance_of) == [killed]
    assert close_former_runs(place.warehouse / "none") == []

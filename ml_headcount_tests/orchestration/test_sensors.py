"""New and changed files are noticed by what they hold."""

import gc
import os

import dagster as dg
import pytest
from dagster._core.storage.defs_state.base import _current_storage

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration import sensors
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.resources import StudyResource
from ml_headcount_assets.orchestration.schedules import weekly_refresh
from ml_headcount_assets.orchestration.sensors import Seen, study_files
from ml_headcount_tests.orchestration.test_session import edit_companies


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance
    # A sensor's context enters its instance a second time, and leaves that open until it is
    # collected, which then makes the state storage of a dead instance the current one.
    gc.collect()
    _current_storage.set(None)


def look(place, instance, cursor=None):
    """Evaluate the sensor, and do what it asks for with the partitions."""
    context = dg.build_sensor_context(
        instance=instance, cursor=cursor, definitions=build_definitions()
    )
    result = study_files(context, study=StudyResource(directory=str(place.directory)))
    if isinstance(result, dg.SensorResult):
        for request in result.dynamic_partitions_requests:
            if isinstance(request, dg.AddDynamicPartitionsRequest):
                instance.add_dynamic_partitions("company", list(request.partition_keys))
            else:
                for key in request.partition_keys:
                    instance.delete_dynamic_partition("company", key)
    return result


def covered(request, instance) -> list[str]:
    """The companies that a requested run covers."""
    keys = list(instance.get_dynamic_partitions("company"))
    start = keys.index(request.tags["dagster/asset_partition_range_start"])
    end = keys.index(request.tags["dagster/asset_partition_range_end"])
    return keys[start : end + 1]


def test_a_study_seen_for_the_first_time(fresh, instance):
    result = look(fresh, instance)
    (request,) = result.run_requests
    assert len(covered(request, instance)) == 12
    assert {event.asset_key.to_user_string() for event in result.asset_events} == {
        "companies_file",
        "validation_file",
        "profile_labels_file",
        "profile_files",
        "label_files",
        "keyword_filters",
        "keyword_settings",
        "validity_settings",
        "annotator_settings",
        "study_settings",
    }


def test_an_unchanged_study_is_skipped_however_new_its_files_look(fresh, instance):
    cursor = look(fresh, instance).cursor
    assert isinstance(look(fresh, instance, cursor), dg.SkipReason)
    for path in fresh.directory.iterdir():
        os.utime(path)
    assert isinstance(look(fresh, instance, cursor), dg.SkipReason)


def test_changed_labels_request_a_run(fresh, instance):
    first = look(fresh, instance)
    path = fresh.directory / "validation.csv"
    path.write_text(path.read_text().replace("1,1,1,", "1,1,0,", 1))
    second = look(fresh, instance, first.cursor)
    assert second.run_requests[0].run_key != first.run_requests[0].run_key
    assert second.cursor != first.cursor


def test_changed_settings_request_a_run(fresh, instance):
    cursor = look(fresh, instance).cursor
    path = fresh.directory / "study.yaml"
    path.write_text(path.read_text() + "seed: 3\n")
    assert look(fresh, instance, cursor).run_requests


def test_companies_that_join_and_leave(fresh, instance):
    cursor = look(fresh, instance).cursor
    left = sorted(instance.get_dynamic_partitions("company"))[0]
    edit_companies(fresh, lambda frame: frame.replace({"company_id": {left: "aa-newcomer"}}))
    (request,) = look(fresh, instance, cursor).run_requests
    companies = covered(request, instance)
    assert set(companies) == set(instance.get_dynamic_partitions("company"))
    assert "aa-newcomer" in companies
    assert left not in companies


def test_a_study_that_cannot_be_read_fails_the_tick(fresh, instance):
    (fresh.directory / "companies.csv").write_text("")
    with pytest.raises(InputError, match=r"companies\.csv: the file is empty"):
        look(fresh, instance)


def test_the_schedule_asks_for_one_run_of_all_companies(fresh, instance):
    def tick():
        context = dg.build_schedule_context(instance=instance)
        return weekly_refresh(context, study=StudyResource(directory=str(fresh.directory)))

    assert isinstance(tick(), dg.SkipReason)
    look(fresh, instance)
    assert len(covered(tick(), instance)) == 12
    edit_companies(fresh, lambda frame: frame.iloc[1:])
    assert len(covered(tick(), instance)) == len(instance.get_dynamic_partitions("company")) == 11


def test_content_that_is_put_back_requests_a_run(fresh, instance):
    path = fresh.directory / "study.yaml"
    was = path.read_text()
    first = look(fresh, instance)
    path.write_text(was + "seed: 3\n")
    second = look(fresh, instance, first.cursor)
    path.write_text(was)
    third = look(fresh, instance, second.cursor)
    # Dagster starts no run for a key that it has seen.
    keys = [result.run_requests[0].run_key for result in (first, second, third)]
    assert len(set(keys)) == 3


def test_a_partition_that_is_no_company_goes_and_requests_a_run(fresh, instance):
    cursor = look(fresh, instance).cursor
    instance.add_dynamic_partitions("company", ["nobody"])
    (request,) = look(fresh, instance, cursor).run_requests
    assert len(covered(request, instance)) == 12
    assert "nobody" not in instance.get_dynamic_partitions("company")


def run_that_ends(instance, how) -> None:
    @dg.op
    def work():
        pass

    run = instance.create_run_for_job(dg.GraphDefinition("whole_study", node_defs=[work]).to_job())
    if how == "canceled":
        instance.report_run_canceled(run)
    elif how == "failed":
        instance.report_run_failed(run)


@pytest.mark.parametrize("how", ["failed", "canceled"])
def test_a_run_that_does_not_end_well_is_tried_again_a_few_times(fresh, instance, monkeypatch, how):
    first = look(fresh, instance)
    run_that_ends(instance, how)
    waiting = look(fresh, instance, first.cursor)
    assert "tried again in" in waiting.skip_message
    # Long past, however ends of runs are rounded.
    monkeypatch.setattr(sensors, "PAUSES_SECONDS", (-5.0, -5.0))
    keys, cursor = {first.run_requests[0].run_key}, first.cursor
    for _ in range(2):
        again = look(fresh, instance, cursor)
        keys, cursor = keys | {again.run_requests[0].run_key}, again.cursor
        run_that_ends(instance, how)
    assert len(keys) == 3
    assert "See what it says" in look(fresh, instance, cursor).skip_message
    run_that_ends(instance, "not yet")
    assert look(fresh, instance, cursor).skip_message == "The study has not changed."


def test_a_cursor_of_an_earlier_version_is_understood(fresh, instance):
    version = Seen.from_cursor(look(fresh, instance).cursor).version
    assert isinstance(look(fresh, instance, version), dg.SkipReason)

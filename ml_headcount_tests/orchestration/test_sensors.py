"""New and changed files are noticed by what they hold."""

import os

import dagster as dg
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.resources import StudyResource
from ml_headcount_assets.orchestration.schedules import weekly_refresh
from ml_headcount_assets.orchestration.sensors import study_files
from ml_headcount_tests.orchestration.test_session import edit_companies


@pytest.fixture
def instance():
    with dg.instance_for_test() as instance:
        yield instance


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
    context = dg.build_schedule_context(instance=instance)
    assert isinstance(weekly_refresh(context), dg.SkipReason)
    look(fresh, instance)
    assert len(covered(weekly_refresh(context), instance)) == 12

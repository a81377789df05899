"""What the UI's launchpad can choose for one run, and the numbers that its plots are of."""

import dagster as dg
import pytest

from ml_headcount_assets.orchestration.build import build_definitions
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.jobs import refresh_company
from ml_headcount_assets.orchestration.resources import StudyResource, WarehouseResource
from ml_headcount_assets.warehouse.store import TableStore


def run_total(place, **choices) -> dg.DagsterInstance:
    """Make the totals and what they are made from, as the launchpad does."""
    study = StudyResource(directory=str(place.directory), **choices)
    definitions = build_definitions(
        resources={"study": study, "warehouse": WarehouseResource(path=str(place.warehouse))}
    )
    with open_instance(place.warehouse) as instance:
        companies = sorted(instance.get_dynamic_partitions("company"))
        tags = {
            "dagster/asset_partition_range_start": companies[0],
            "dagster/asset_partition_range_end": companies[-1],
        }
        job = definitions.resolve_job_def("whole_study")
        assert job.execute_in_process(instance=instance, tags=tags).success
        return instance.get_latest_materialization_event(dg.AssetKey("portfolio_intervals"))


def test_a_run_may_choose_draws_seed_and_estimators(place):
    event = run_total(place, draws=40, seed=5, estimators=["log_debias"])
    draws = TableStore(place.warehouse).read("headcount_draws")
    assert set(draws["estimator"]) == {"log_debias"}
    assert set(draws["draws"].map(len)) == {40}
    metadata = event.asset_materialization.metadata
    stored = TableStore(place.warehouse).read("portfolio_intervals")
    total = stored[stored["grouping"] == "all"].iloc[0]
    for part, name in (("median", "median"), ("low", "lower end"), ("high", "upper end")):
        assert metadata[f"experts: {name}, log_debias"].value == total[part]
    assert metadata["companies with evidence"].value == total["companies"]
    assert metadata["seconds"].value > 0
    assert metadata["experts by estimator"].value.startswith("![experts by estimator](data:image/")
    companies = TableStore(place.warehouse).read("companies")
    known = companies[companies["headcount"].notna()]
    profiles = TableStore(place.warehouse).read("headcount_draws").set_index("company")
    covered = profiles.loc[known["company"], "n_profiles"].sum() / known["headcount"].sum()
    assert metadata["profiles per employee (%)"].value == pytest.approx(100 * covered)
    assert metadata["unchanged"].value == 0


def test_a_run_may_make_what_has_not_changed(place):
    event = run_total(place)
    assert event.asset_materialization.metadata["unchanged"].value == 1
    before = TableStore(place.warehouse).read("headcount_draws")
    event = run_total(place, make_anew=True)
    assert event.asset_materialization.metadata["unchanged"].value == 0
    again = TableStore(place.warehouse).read("headcount_draws")
    assert before["draws"].map(list).tolist() == again["draws"].map(list).tolist()


def test_every_choice_is_explained_where_it_is_made():
    for name, field in StudyResource.model_fields.items():
        assert field.description, name
    assert refresh_company.description

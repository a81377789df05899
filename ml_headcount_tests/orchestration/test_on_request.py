"""The UI's "Materialize all": estimates are made, and what is made on request is left alone."""

from collections.abc import Mapping

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest
from dagster._core.storage.tags import BACKFILL_ID_TAG

from ml_headcount_assets.orchestration.build import RECIPES, build_definitions
from ml_headcount_assets.orchestration.instance import open_instance
from ml_headcount_assets.orchestration.on_request import LEFT
from ml_headcount_assets.orchestration.partitions import range_tags
from ml_headcount_assets.orchestration.resources import StudyResource, WarehouseResource
from ml_headcount_assets.warehouse.store import TableStore

ON_REQUEST = {name for each in RECIPES if each.stage.on_request for name in each.makes}
EVERYTHING = "__ASSET_JOB"


def materialize(place, chosen=None, *, tags=None, **choices) -> dict[str, Mapping]:
    """Make assets as the lineage's button does; return what is told of each."""
    study = StudyResource(directory=str(place.directory), **choices)
    definitions = build_definitions(
        resources={"study": study, "warehouse": WarehouseResource(path=str(place.warehouse))}
    )
    with open_instance(place.warehouse) as instance:
        companies = instance.get_dynamic_partitions("company")
        result = definitions.resolve_job_def(EVERYTHING).execute_in_process(
            instance=instance,
            asset_selection=chosen and [dg.AssetKey(name) for name in chosen],
            tags={**range_tags(companies[0], companies[-1]), **(tags or {})},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    return {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
    }


def has(place, table: str) -> bool:
    with TableStore(place.warehouse).snapshot() as snapshot:
        return snapshot.has(table)


def stale(place) -> set[str]:
    graph = build_definitions().resolve_asset_graph()
    with open_instance(place.warehouse) as instance:
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        statuses = {name: resolver.get_status(dg.AssetKey(name)) for name in ON_REQUEST}
    return {name for name, status in statuses.items() if status == StaleStatus.STALE}


def test_a_run_of_everything_leaves_alone_what_nobody_asked_for(place):
    told = materialize(place)
    assert {name for name, metadata in told.items() if LEFT in metadata} == ON_REQUEST
    assert "keyword_discovery" in told["keyword_phrases"][LEFT].value
    assert told["keyword_phrases"]["dagster/row_count"].value == 0
    assert not has(place, "keyword_phrases")
    assert "unchanged" in told["results"]  # it comes after them, and was not held up
    # Nobody is to take what was never made for current.
    assert stale(place) == ON_REQUEST


def test_who_chooses_them_without_the_estimates_has_them_made(place):
    chosen = ["rating_proposal"]
    assert LEFT not in materialize(place, chosen)["rating_proposal"]
    assert has(place, "rating_proposal")
    assert "rating_proposal" not in stale(place)
    # What is current is told as ever; what is not, with the versions that it was made from.
    both = [*chosen, "headcount_draws"]
    assert materialize(place, both)["rating_proposal"]["unchanged"].value == 1
    left = materialize(place, both, draws=40)["rating_proposal"]
    assert LEFT in left
    assert left["unchanged"].value == 1


def test_the_launchpad_asks_for_them(place):
    both = ["rating_proposal", "headcount_draws"]
    assert LEFT in materialize(place, both)["rating_proposal"]
    assert LEFT not in materialize(place, both, on_request=True)["rating_proposal"]


def test_each_such_stage_names_its_job():
    definitions = build_definitions()
    for recipe in RECIPES:
        if recipe.stage.on_request:
            job = definitions.resolve_job_def(recipe.stage.on_request)
            selected = {key.path[-1] for key in job.asset_layer.selected_asset_keys}
            assert set(recipe.makes) <= selected
            assert "headcount_draws" not in selected


def test_a_backfill_is_told_of_every_company(place):
    """It goes on to what comes next only then, also if nothing has changed."""
    materialize(place, ["pattern_counts"])
    materialize(place, ["pattern_counts"], tags={BACKFILL_ID_TAG: "fill"})
    with open_instance(place.warehouse) as instance:
        of_backfill, before = [
            instance.event_log_storage.get_records_for_run(
                run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
            ).records
            for run in instance.get_runs(limit=2)
        ]
    assert len(before) == 0
    assert len(of_backfill) == 12

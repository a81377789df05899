"""The code location loads without a study, and its graph is the one that is meant."""

import json
import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import dagster_instance_config_schema

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.build import RECIPES, build_definitions
from ml_headcount_assets.orchestration.column_lineage import COLUMN_SOURCES
from ml_headcount_assets.orchestration.instance import instance_settings
from ml_headcount_assets.orchestration.owners import owners_from
from ml_headcount_assets.orchestration.resources import (
    StudyResource,
    WarehouseResource,
    resources_from,
)
from ml_headcount_assets.warehouse.schemas import TABLES

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = Path(__file__).with_name("asset_graph.json")


def graph_of(definitions: dg.Definitions) -> dict[str, dict]:
    graph = definitions.resolve_asset_graph()
    blocking = {
        spec.key
        for checks in definitions.asset_checks or []
        for spec in checks.check_specs
        if spec.blocking
    }
    return {
        key.to_user_string(): {
            "group": graph.get(key).group_name,
            "by_company": graph.get(key).is_partitioned,
            "after": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
            "checks": sorted(
                check.name + (" (blocks)" if check in blocking else "")
                for check in graph.get(key).check_keys
            ),
        }
        for key in sorted(graph.get_all_asset_keys())
    }


def test_the_asset_graph_is_the_one_that_is_meant():
    """After a change on purpose: python -m ml_headcount_tests.orchestration.test_definitions."""
    assert graph_of(build_definitions()) == json.loads(SNAPSHOT.read_text())


def test_every_asset_tells_what_it_is():
    graph = build_definitions().resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.kinds, key
        assert not node.owners, key  # of which the code can know nothing
        assert node.group_name.partition("_")[2] == node.tags["stage"], key
        assert node.tags["grain"] in ("study", "cohort", "company"), key
        assert (node.tags["grain"] == "company") == node.is_partitioned, key
        if node.is_materializable:
            assert node.code_version, key
        if key.to_user_string() in TABLES:
            assert "dagster/column_schema" in node.metadata, key


def test_owners_are_those_that_the_environment_names():
    owners = owners_from({"ML_HEADCOUNT_OWNERS": "team:statistics, ann@example.org"})
    graph = build_definitions(owners=owners).resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert set(graph.get(key).owners) == {"team:statistics", "ann@example.org"}, key
    assert owners_from({"ML_HEADCOUNT_OWNERS": ""}) == owners_from({}) == ()
    with pytest.raises(InputError, match=r"ML_HEADCOUNT_OWNERS.*team:statistics"):
        owners_from({"ML_HEADCOUNT_OWNERS": "statistics"})


def test_what_is_published_is_to_be_fresh():
    """An asset by company is not: events of companies that are as before are not stored."""
    graph = build_definitions().resolve_asset_graph()
    policies = {key.path[-1]: graph.get(key).freshness_policy for key in graph.get_all_asset_keys()}
    warned = {name: policy for name, policy in policies.items() if policy is not None}
    assert set(warned) == {"results", "report"}
    assert {policy.warn_window.to_timedelta().days for policy in warned.values()} == {31}


def test_the_lineage_of_columns_names_columns_that_are_read():
    makers = {table: recipe for recipe in RECIPES for table in recipe.tables_made}
    for table, columns in COLUMN_SOURCES.items():
        assert set(columns) <= set(TABLES[table].columns)
        read = makers[table].opened
        for each in " ".join(columns.values()).split():
            source, _, column = each.partition(".")
            assert source in read, f"{table} is not made from {each}"
            assert column in (read[source] or TABLES[source].columns), each


def test_the_lineage_of_columns_is_told_to_the_ui():
    graph = build_definitions().resolve_asset_graph()
    metadata = graph.get(dg.AssetKey("portfolio_intervals")).metadata
    (source,) = metadata["dagster/column_lineage"].deps_by_column["low"]
    assert (source.asset_key, source.column_name) == (dg.AssetKey("headcount_draws"), "draws")
    columns = {each.name: each for each in metadata["dagster/column_schema"].columns}
    assert columns["low"].description == "Lower end of the interval. From headcount_draws.draws."
    assert columns["level"].description == "Probability content of the interval."


@pytest.mark.parametrize("arguments", [[], ["-w", "workspace.yaml"]])
def test_dagster_validates_it_without_a_study(arguments, tmp_path):
    variables = {name: value for name, value in os.environ.items() if "ML_HEADCOUNT" not in name}
    home = tmp_path / "home"
    home.mkdir()
    validated = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", *arguments],
        cwd=ROOT,
        env={**variables, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert validated.returncode == 0, validated.stderr
    assert "Validation successful" in validated.stderr + validated.stdout


def test_a_run_without_a_study_says_what_to_set():
    definitions = build_definitions(resources=resources_from({}))
    with dg.instance_for_test() as instance, pytest.raises(InputError) as caught:
        definitions.resolve_job_def("whole_study").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("companies"), dg.AssetKey("company_counts")],
        )
    assert "ML_HEADCOUNT_" in str(caught.value)


def test_what_is_not_given_is_asked_for():
    with pytest.raises(InputError, match=r"ML_HEADCOUNT_STUDY.*ml-headcount run"):
        StudyResource().load()
    with pytest.raises(InputError, match="ML_HEADCOUNT_WAREHOUSE"):
        _ = WarehouseResource().store


def test_the_environment_says_what_to_work_on(tmp_path):
    resources = resources_from(
        {
            "ML_HEADCOUNT_STUDY": "a study",
            "ML_HEADCOUNT_CONFIG": "schons-2026.yaml",
            "ML_HEADCOUNT_WAREHOUSE": str(tmp_path / "w"),
        }
    )
    assert resources["study"].directory == "a study"
    assert resources["study"].config == "schons-2026.yaml"
    assert resources["warehouse"].store.path == tmp_path / "w"


def test_the_settings_of_this_folder_are_those_of_the_ui():
    written = yaml.safe_load((ROOT / "dagster.yaml").read_text())
    assert written == instance_settings(".ml-headcount/warehouse/dagster")
    assert validate_config(dagster_instance_config_schema(), written).success


if __name__ == "__main__":
    SNAPSHOT.write_text(json.dumps(graph_of(build_definitions()), indent=1) + "\n")

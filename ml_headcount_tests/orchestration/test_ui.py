"""The web interface on a warehouse: started, asked, and ended without a trace."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.build import RECIPES
from ml_headcount_assets.orchestration.ui import serve_ui, ui_environment
from ml_headcount_assets.warehouse.beside import home_of, keep_study

DEADLINE_SECONDS = 150
BY_SIZE = "experts by size of company"
QUERY = """{assetNodes {assetKey {path} groupName staleStatus
    partitionStats {numMaterialized numPartitions}
    metadataEntries {... on TableColumnLineageMetadataEntry {lineage {
        columnName columnDeps {assetKey {path} columnName}}}}
    assetMaterializations(limit: 1) {metadataEntries {label
        ... on MarkdownMetadataEntry {mdStr} ... on FloatMetadataEntry {floatValue}}}}}"""


def unused_port() -> int:
    """Return a port that nobody else is given before the server is up.

    Systems give higher ones away.
    """
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port


@pytest.fixture
def free_port() -> int:
    return unused_port()


def test_the_study_is_where_it_is_and_not_as_it_was(place):
    """Whoever edits study.yaml sees that; the paths of the two are kept relative to each other."""
    variables = ui_environment(place.warehouse)
    assert variables["ML_HEADCOUNT_WAREHOUSE"] == str(place.warehouse)
    assert variables["ML_HEADCOUNT_STUDY"] == str(place.directory)
    assert "ML_HEADCOUNT_CONFIG" not in variables
    assert variables["DAGSTER_HOME"] == str(home_of(place.warehouse))


def test_a_configuration_that_lies_elsewhere_is_found_again(place, tmp_path):
    other = tmp_path / "other.yaml"
    shutil.copy(place.directory / "study.yaml", other)
    for config, kept in ((other, str(other)), ("schons-2026.yaml", "schons-2026.yaml")):
        keep_study(place.study, place.warehouse, config)
        assert ui_environment(place.warehouse)["ML_HEADCOUNT_CONFIG"] == kept


def test_a_study_that_has_been_moved_is_missed(place, tmp_path):
    keep_study(place.study, place.warehouse)
    moved = place.warehouse.rename(tmp_path.parent / f"{tmp_path.name}-moved")
    try:  # the warehouse alone
        assert ui_environment(moved)["ML_HEADCOUNT_STUDY"] == str(place.directory)
        place.directory.rename(tmp_path / "elsewhere")
        with pytest.raises(InputError, match=r"was in .*study, and is not there.*--study DIR"):
            ui_environment(moved)
        given = ui_environment(moved, tmp_path / "elsewhere")
        assert given["ML_HEADCOUNT_STUDY"] == str(tmp_path / "elsewhere")
    finally:
        shutil.rmtree(moved)


def test_a_study_that_is_given_goes_first(place):
    variables = ui_environment(place.warehouse, place.directory, "schons-2026.yaml")
    assert variables["ML_HEADCOUNT_STUDY"] == str(place.directory)
    assert variables["ML_HEADCOUNT_CONFIG"] == "schons-2026.yaml"


def test_a_warehouse_without_a_run_has_no_study(tmp_path):
    assert "ML_HEADCOUNT_STUDY" not in ui_environment(tmp_path / "new")


def test_a_taken_port_is_told(place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"Port {port} of 127.0.0.1 cannot be used"):
            serve_ui(place.warehouse, port=port)


def ask(port: int) -> list[dict]:
    """Ask for the assets, as soon as there is somebody to answer."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql",
        json.dumps({"query": QUERY}).encode(),
        {"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + DEADLINE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                nodes = json.load(answer)["data"]["assetNodes"]
            if nodes:
                return nodes
        except (urllib.error.URLError, ConnectionError):
            pass  # not listening yet
        assert time.monotonic() < deadline, "the web interface does not answer"
        time.sleep(1)


def metadata_of(node: dict) -> dict[str, dict]:
    (made,) = node["assetMaterializations"]
    return {entry["label"]: entry for entry in made["metadataEntries"]}


def processes_with(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if text.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended, or is somebody else's
    return found


def test_it_shows_the_warehouse_and_ends_when_told(place, free_port):
    command = ["ui", "--warehouse", str(place.warehouse), "--port", str(free_port)]
    with subprocess.Popen(
        [sys.executable, "-m", "ml_headcount_assets.cli", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        try:
            assert server.stdout.readline().startswith("Starting")
            assert f"http://127.0.0.1:{free_port} shows" in server.stdout.readline()
            with socket.create_connection(("127.0.0.1", free_port)):
                pass  # it was not told before it was so
            nodes = {node["assetKey"]["path"][-1]: node for node in ask(free_port)}
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
    assert nodes["headcount_draws"]["partitionStats"] == {
        "numMaterialized": 12,
        "numPartitions": 12,
    }
    assert nodes["portfolio_intervals"]["groupName"] == "5_estimate"
    (lineage,) = filter(None, nodes["portfolio_intervals"]["metadataEntries"])
    sources = {each["columnName"]: each["columnDeps"] for each in lineage["lineage"]}
    assert sources["low"] == [{"assetKey": {"path": ["headcount_draws"]}, "columnName": "draws"}]
    told = metadata_of(nodes["companies"])
    assert told["companies"]["floatValue"] == 12
    assert "| size_band" in told["by size"]["mdStr"]
    assert "data:image/svg+xml" in metadata_of(nodes["report"])[BY_SIZE]["mdStr"]
    on_request = {recipe.stage.group for recipe in RECIPES if recipe.stage.on_request}
    for node in nodes.values():
        made = node["groupName"] not in on_request
        assert node["staleStatus"] == ("FRESH" if made else "MISSING")
    home = f"DAGSTER_HOME={home_of(place.warehouse)}"
    assert [pid for pid in processes_with(home) if pid != os.getpid()] == []

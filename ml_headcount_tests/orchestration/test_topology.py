"""A refresh that nobody started: the interface's processes notice a file, run, and publish.

The processes are those of the containers: webserver, daemon, and a code server over gRPC, which
starts the run in a process of its own. Dagster's records are in SQLite here, in PostgreSQL there;
`test_topology_postgres` has them there, too.
"""

import http.client
import json
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

import ml_headcount_assets as mh
from ml_headcount_assets.cli.main import main
from ml_headcount_assets.orchestration.instance import CODE_LOCATION
from ml_headcount_tests.orchestration.test_session import edit_companies
from ml_headcount_tests.orchestration.test_ui import ask, unused_port

PATIENCE_SECONDS = 240
NEW = "zz-newcomer"
SENSOR = {
    "sensorName": "study_files",
    "repositoryLocationName": CODE_LOCATION["location_name"],
    "repositoryName": "__repository__",
}
START = """mutation($of: SensorSelector!) {
    startSensor(sensorSelector: $of) { __typename ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { status jobName } } } }"


def graphql(port: int, query: str, **variables) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    body = json.dumps({"query": query, "variables": variables})
    connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
    return json.loads(connection.getresponse().read())


@pytest.fixture
def port(place):
    """Add a company to a study that has been run, and serve its interface."""
    edit_companies(place, with_newcomer)
    port = unused_port()
    server = subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "ml_headcount_assets.cli", "ui"),
            *("--warehouse", str(place.warehouse), "--port", str(port)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        ask(port)
        yield port
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def with_newcomer(frame):
    frame.loc[len(frame)] = frame.iloc[0].to_dict() | {"company_id": NEW}
    return frame


def test_a_new_file_leads_to_a_published_refresh(place, port):
    follow_refresh(place, port)


def follow_refresh(place, port):
    """Switch the sensor on, and see that the newcomer gets to whoever reads."""
    assert NEW not in mh.open_study(place.warehouse).table("companies")["company_id"].tolist()
    started = graphql(port, START, of=SENSOR)
    assert started["data"]["startSensor"]["__typename"] == "Sensor", started
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(mh.open_study(place.warehouse).table("runs")) < 2:
        runs = graphql(port, RUNS)["data"]["runsOrError"]["results"]
        # Without records of what ran before, there is none at first.
        assert "FAILURE" not in [run["status"] for run in runs[:1]], runs
        assert time.monotonic() < deadline, f"nothing was published: {runs}"
        time.sleep(1)
    study = mh.open_study(place.warehouse)
    assert NEW in study.intervals()["company_id"].tolist()
    assert study.table("runs")["whole"].all()
    report = place.warehouse / "report.html"
    while NEW not in report.read_text(encoding="utf-8"):  # it is written after the results
        assert time.monotonic() < deadline, "the report was not written"
        time.sleep(0.2)
    told = CliRunner().invoke(main, ["history", "--warehouse", str(place.warehouse)]).output
    assert NEW in told
    while (runs := graphql(port, RUNS)["data"]["runsOrError"]["results"])[0]["status"] != "SUCCESS":
        assert time.monotonic() < deadline, runs
        time.sleep(0.5)

"""The processes of the containers with their settings, and Dagster's records in PostgreSQL.

It runs where PostgreSQL and what the image has beside the package are installed, which is not so
in the environment of the other tests:

    apt-get install postgresql
    pip install -r docker/requirements.txt -c docker/constraints.txt
    python -m pytest -n 0 ml_headcount_tests/orchestration/test_topology_postgres.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path

import dagster as dg
import pytest
import yaml

from ml_headcount_assets.orchestration.pruning import prune_records
from ml_headcount_tests.orchestration.test_pruning import refresh, rows
from ml_headcount_tests.orchestration.test_session import edit_companies
from ml_headcount_tests.orchestration.test_topology import follow_refresh, with_newcomer
from ml_headcount_tests.orchestration.test_ui import ask, unused_port

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
PASSWORD = "of this test alone"
PATIENCE_SECONDS = 60


def _programs() -> Path | None:
    """Return the folder of PostgreSQL's programs; the newest, where Debian has several."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("pg_ctl")
    return folders[-1] if folders else Path(found).resolve().parent if found else None


PROGRAMS = _programs()
pytestmark = [
    pytest.mark.skipif(
        PROGRAMS is None, reason="PostgreSQL is not installed (Debian: apt-get install postgresql)"
    ),
    pytest.mark.skipif(
        find_spec("dagster_postgres") is None, reason="docker/requirements.txt is not installed"
    ),
]


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen]:
    """Run a server for the length of a block, with all that it has started."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def database() -> Iterator[dict[str, str]]:
    """Start a server of PostgreSQL, and return what the containers' settings say of it."""
    assert PROGRAMS is not None
    programs = PROGRAMS
    # It refuses to run as root, and looks into no folder that is root's alone.
    who = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    with tempfile.TemporaryDirectory(prefix="ml-headcount-pg-", dir="/tmp") as name:
        folder, port = Path(name), unused_port()
        (folder / "password").write_text(PASSWORD)
        if who:
            for path in (folder, folder / "password"):
                shutil.chown(path, **who)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": folder, **who}
        subprocess.run(
            [
                *(programs / "initdb", "-D", folder / "data", "-U", "dagster"),
                *("--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--no-sync"),
            ],
            check=True,
            **quiet,
        )
        server = [
            *(str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)),
            *("-k", name, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"),
        ]
        login = {**os.environ, "PGPASSWORD": PASSWORD}
        client = ["-h", "127.0.0.1", "-p", str(port), "-U", "dagster"]
        with running(server, **quiet):
            deadline = time.monotonic() + PATIENCE_SECONDS
            while subprocess.run([programs / "pg_isready", *client], **quiet).returncode:
                assert time.monotonic() < deadline, "PostgreSQL does not start"
                time.sleep(0.2)
            subprocess.run([programs / "createdb", *client, "dagster"], check=True, env=login)
            yield {
                "POSTGRES_HOST": "127.0.0.1",
                "POSTGRES_USER": "dagster",
                "POSTGRES_PASSWORD": PASSWORD,
                "POSTGRES_DB": "dagster",
                "PORT": str(port),
            }


@pytest.fixture
def home(database, tmp_path, monkeypatch) -> Path:
    """Return Dagster's folder with the containers' settings, but for the port."""
    for variable, value in database.items():
        monkeypatch.setenv(variable, value)
    settings = yaml.safe_load((DOCKER / "dagster.yaml").read_text())
    settings["storage"]["postgres"]["postgres_db"]["port"] = int(database["PORT"])
    folder = tmp_path / "dagster-home"
    folder.mkdir()
    (folder / "dagster.yaml").write_text(yaml.safe_dump(settings))
    return folder


@pytest.fixture
def port(place, home) -> Iterator[int]:
    """Add a company to a study that has been run, and serve it as the containers do."""
    edit_companies(place, with_newcomer)
    services = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]
    code, web = unused_port(), unused_port()
    workspace = yaml.safe_load((DOCKER / "workspace.yaml").read_text())
    workspace["load_from"][0]["grpc_server"] |= {"host": "127.0.0.1", "port": code}
    (home / "workspace.yaml").write_text(yaml.safe_dump(workspace))
    here = {
        "python": sys.executable,
        "dagster-daemon": str(Path(sys.executable).with_name("dagster-daemon")),
        "0.0.0.0": "127.0.0.1",
        "4000": str(code),
        "3000": str(web),
        "/dagster/workspace.yaml": str(home / "workspace.yaml"),
    }
    environment = {
        **os.environ,
        **{k: v for k, v in services["code"]["environment"].items() if k.startswith("DAGSTER_")},
        "DAGSTER_HOME": str(home),
        "ML_HEADCOUNT_STUDY": str(place.directory),
        "ML_HEADCOUNT_WAREHOUSE": str(place.warehouse),
    }
    with ExitStack() as servers:
        for name in ("code", "webserver", "daemon"):
            command = [here.get(word, word) for word in services[name]["command"]]
            with (home / f"{name}.log").open("w") as log:
                servers.enter_context(
                    running(command, env=environment, cwd=home, stdout=log, stderr=log)
                )
        ask(web)
        yield web


def test_a_new_file_leads_to_a_published_refresh(place, port, home):
    follow_refresh(place, port)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (run,) = instance.get_runs()
        assert instance.run_storage.__class__.__name__ == "PostgresRunStorage"
        assert run.status is dg.DagsterRunStatus.SUCCESS


def test_records_in_postgresql_are_pruned_as_those_in_sqlite(home):
    with dg.DagsterInstance.from_config(str(home)) as instance:
        seen = []
        for number in range(4):
            refresh(instance, number)
            prune_records(instance, days=0)
            seen.append(rows(instance))
        assert seen[1:] == [seen[0]] * 3

"""A failed run is told to the log and to a webhook, once, without anything personal."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import dagster as dg
import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.orchestration.alerts import WEBHOOK_VARIABLE, failed_runs, send_alert
from ml_headcount_assets.orchestration.instance import open_instance

TEXT = "zz-what-somebody-wrote-zz"


@pytest.fixture
def told(monkeypatch):
    """A web server of this machine, and what it has been told."""
    heard: list[dict] = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.headers["Content-Type"] == "application/json"
            heard.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv(WEBHOOK_VARIABLE, f"http://127.0.0.1:{server.server_port}/secret-path")
        yield heard
        server.shutdown()


def failing_run(instance, error: Exception):
    """Run a job that fails, and return what the sensor of failures is asked with."""

    @dg.op
    def fails():
        raise error

    @dg.job
    def a_job():
        fails()

    result = a_job.execute_in_process(instance=instance, raise_on_error=False)
    return dg.build_run_status_sensor_context(
        sensor_name=failed_runs.name,
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()


def test_a_failed_run_of_the_interface_is_told(told):
    with dg.DagsterInstance.ephemeral() as instance:
        failed_runs(failing_run(instance, InputError("a.csv: row 3 is empty. Fill it.")))
        failed_runs(failing_run(instance, ValueError(TEXT)))
    ours, other = told
    assert ours["error"] == "a.csv: row 3 is empty. Fill it."
    assert ours["text"].startswith("ml-headcount: run ")
    assert ours["job"] == "a_job"
    assert other["error"] == "ValueError: see its log."
    assert TEXT not in str(told)


def test_a_failed_run_of_the_command_line_is_told_once(told, place):
    (place.directory / "profile_labels.csv.gz").write_bytes(b"no gzip")
    with pytest.raises(InputError):
        place.run()
    (alert,) = told
    assert "profile_labels.csv.gz" in alert["error"]
    with open_instance(place.warehouse) as instance:
        (run,) = instance.get_runs(limit=1)
        assert run.run_id == alert["run"]
        event = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.PIPELINE_FAILURE)[0]
        context = dg.build_run_status_sensor_context(
            sensor_name=failed_runs.name,
            dagster_instance=instance,
            dagster_run=run,
            dagster_event=event.dagster_event,
        )
        assert isinstance(failed_runs(context.for_run_failure()), dg.SkipReason)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://127.0.0.1:9/secret-path", "webhook at 127.0.0.1 could not be told"),
        ("ftp://example.org/secret-path", "no address of a web server"),
        ("", None),
    ],
)
def test_who_cannot_be_told_is_no_reason_to_fail(address, said):
    run = dg.DagsterRun("a_job", run_id="1")
    found = send_alert(run, "It failed.", {WEBHOOK_VARIABLE: address})
    assert (found is None) == (said is None)
    if said:
        assert said in found
        assert "secret-path" not in found

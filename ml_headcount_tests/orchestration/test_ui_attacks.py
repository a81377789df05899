"""The running web interface and pages of other sites, by plain requests and in a browser."""

import http.client
import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ml_headcount_tests.orchestration.test_ui import ask, unused_port

MUTATION = "mutation {{ setAutoMaterializePaused(paused: {}) }}"
STATE = "{ instance { autoMaterializePaused } }"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_SECONDS = 90
ATTACK = """<!doctype html><img id="image"><script>
const api = "http://127.0.0.1:PORT/graphql", query = `MUTATION`, told = {};
const body = JSON.stringify({query});
const tried = (name, promise) =>
  promise.then(() => told[name] = "sent", () => told[name] = "refused");
const image = new Promise((good, bad) => {
  const element = document.getElementById("image");
  element.onload = good; element.onerror = bad;
  element.src = api + "?query=" + encodeURIComponent(query);
});
const socket = new Promise((good, bad) => {
  const it = new WebSocket(api.replace("http", "ws"), "graphql-ws");
  it.onopen = good; it.onerror = bad;
});
Promise.all([
  tried("image", image), tried("socket", socket),
  tried("plain", fetch(api, {method: "POST", mode: "no-cors", body})),
  tried("json", fetch(api, {method: "POST", body, headers: {"Content-Type": "application/json"}})),
]).then(() => fetch("/told", {method: "POST", body: JSON.stringify(told)}));
</script>"""


@pytest.fixture(scope="module")
def served(pristine, tmp_path_factory):
    """Start the interface in a folder of planted modules; yield its port and what it wrote."""
    root = tmp_path_factory.mktemp("served")
    for found in pristine[1].parent.iterdir():
        copy = shutil.copytree if found.is_dir() else shutil.copy
        copy(found, root / found.name)
    for name in ("yaml", "click", "uvicorn", "sitecustomize", "ml_headcount_assets"):
        (root / f"{name}.py").write_text("raise SystemExit('a planted file was imported')\n")
    port = unused_port()
    command = [sys.executable, "-P", "-m", "ml_headcount_assets.cli", "ui"]
    with (root / "told").open("w") as told:
        server = subprocess.Popen(
            [*command, "--warehouse", str(root / "warehouse"), "--port", str(port)],
            cwd=root,
            stdout=told,
            stderr=subprocess.STDOUT,
        )
    try:
        ask(port)
        yield port, root / "told"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)


def send(port, method, path="/graphql", query=None, **headers):
    """Send one request with exactly these headers; return the status and the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    body = None if query is None else json.dumps({"query": query})
    connection.request(method, path, body, named)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def graphql(port, query, **headers):
    return send(port, "POST", query=query, Content_Type="application/json", **headers)


def paused(port):
    return json.loads(graphql(port, STATE)[1])["data"]["instance"]["autoMaterializePaused"]


@pytest.fixture
def running(served):
    """The port, after automatic runs have been switched on: attacks try to switch them off."""
    port, _ = served
    status, _ = graphql(port, MUTATION.format("false"), Origin=f"http://127.0.0.1:{port}")
    assert status == 200
    assert paused(port) is False
    return port


def test_it_starts_without_a_word_and_imports_nothing_that_lies_there(served):
    port, told = served
    deadline = time.monotonic() + 60
    while (lines := told.read_text().splitlines())[1:] == [] and time.monotonic() < deadline:
        time.sleep(0.1)
    assert lines == [
        "Starting the web interface takes about half a minute ...",
        f"http://127.0.0.1:{port} shows warehouse; Ctrl-C ends it.",
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
    ids=str,
)
def test_requests_of_other_sites_change_nothing(running, headers):
    status, answer = graphql(running, MUTATION.format("true"), **headers)
    assert (status, paused(running)) == (403, False)
    assert "autoMaterialize" not in answer


def test_nothing_but_json_by_post_changes_anything(running):
    query = MUTATION.format("true")
    path = "/graphql?query=" + query.replace(" ", "%20").replace("{", "%7B").replace("}", "%7D")
    assert send(running, "GET", path)[0] == 403
    assert send(running, "POST", query=query, Content_Type="text/plain")[0] == 403
    assert send(running, "POST", path, Content_Type="text/plain")[0] == 403
    assert paused(running) is False
    assert graphql(running, query)[0] == 200
    assert paused(running) is True  # so that what was refused would have done something


class _Attacker(BaseHTTPRequestHandler):
    """Another site: one page, and somebody who hears what came of it."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(self.server.page.encode())

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        self.server.told.append(json.loads(self.rfile.read(length)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def browser(tmp_path):
    """Open an address in a browser for which evil.example is this machine."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(f"no browser here (one of {', '.join(BROWSERS)})")
    command = [
        *(found, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"),
        *(f"--user-data-dir={tmp_path}", "--host-resolver-rules=MAP evil.example 127.0.0.1"),
    ]

    def run(address, *options):
        return subprocess.Popen(
            [*command, *options, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    return run


def test_a_page_of_another_site_changes_nothing_in_a_browser(running, browser):
    site = ThreadingHTTPServer(("127.0.0.1", 0), _Attacker)
    site.page = ATTACK.replace("PORT", str(running)).replace("MUTATION", MUTATION.format("true"))
    site.told = []
    threading.Thread(target=site.serve_forever, daemon=True).start()
    opened = browser(f"http://evil.example:{site.server_port}/", "--remote-debugging-port=0")
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not site.told and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        opened.kill()
        opened.wait()
        site.shutdown()
        site.server_close()
    # A browser sends a plain request without asking; that it was sent does not make it obeyed.
    refused = {"image": "refused", "socket": "refused", "json": "refused", "plain": "sent"}
    assert site.told == [refused]
    assert paused(running) is False


def test_a_name_that_was_made_to_point_here_gets_nothing_in_a_browser(running, browser):
    opened = browser(f"http://evil.example:{running}/", "--dump-dom")
    page, _ = opened.communicate(timeout=PATIENCE_SECONDS)
    assert "This address is not one" in page


def test_the_interface_itself_works_in_a_browser(running, browser):
    options = ("--dump-dom", "--virtual-time-budget=30000")
    opened = browser(f"http://127.0.0.1:{running}/jobs", *options)
    page, _ = opened.communicate(timeout=PATIENCE_SECONDS)
    assert "whole_study" in page  # it has asked for the jobs, and was answered

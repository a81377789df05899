"""What an endpoint says it has counted can never use up more of the cap than was reserved."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ml_headcount_assets.text.llm import LlmAnnotator, label_texts, question_for

from .conftest import PRICE, make_texts


class _Endpoint(BaseHTTPRequestHandler):
    """Answers properly, and counts as it is told."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        request_id = sent["messages"][0]["content"].split()[-1]
        content = json.dumps({"request_id": request_id, "verdict": "REJECT"})
        choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        answer = json.dumps({"choices": [choice], "usage": self.server.usage}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments):
        """Say nothing."""


@pytest.fixture
def endpoint():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def asked(endpoint):
    address = f"http://127.0.0.1:{endpoint.server_port}/v1"
    return LlmAnnotator("llm_a", "model-a", address, price=PRICE)


def spent(endpoint, store):
    report = label_texts(make_texts(3), [asked(endpoint)], store, cap=1)
    assert report.tallies["llm_a"].labels == 3, report.tallies["llm_a"].missing
    return report


def reserved(store):
    return store._one("SELECT total(most_cost) FROM requests")


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 2**62, "completion_tokens": 5},
        {"prompt_tokens": 2**63, "completion_tokens": 5},
        {"prompt_tokens": 10**30, "completion_tokens": 5},
        {"prompt_tokens": 10, "completion_tokens": 10**6},
        {"prompt_tokens": -1, "completion_tokens": 5},
        {"prompt_tokens": 10, "completion_tokens": -(2**70)},
        {"prompt_tokens": True, "completion_tokens": False},
        {"prompt_tokens": float("nan"), "completion_tokens": float("inf")},
        {"prompt_tokens": "10", "completion_tokens": "5"},
        {"prompt_tokens": 10},
        [],
        None,
    ],
    ids=str,
)
def test_what_cannot_have_been_used_counts_as_what_was_reserved(endpoint, store, usage):
    endpoint.usage = usage
    report = spent(endpoint, store)
    assert report.spent == pytest.approx(reserved(store))
    assert report.spent < 0.1
    assert report.tallies["llm_a"].input_tokens == 0
    counts = store.token_counts(question_for("model-a", make_texts(3)))
    assert counts.empty


def test_what_can_have_been_used_is_believed(endpoint, store):
    endpoint.usage = {"prompt_tokens": 100, "completion_tokens": 5}
    report = spent(endpoint, store)
    assert report.spent == pytest.approx(3 * (100 * PRICE.input + 5 * PRICE.output) / 1e6)
    assert report.tallies["llm_a"].input_tokens == 300

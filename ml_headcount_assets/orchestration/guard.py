"""Who may talk to the web interface: the pages it has served itself, and programs of this machine.

A page of any other site can make the browser send requests to 127.0.0.1, by images, forms, scripts
and websockets, or by having its own name point there (DNS rebinding). What a browser says of
where a request comes from it cannot be made to say wrongly: Host, Origin and the Sec-Fetch headers
(W3C, Fetch Metadata Request Headers). What Dagster does with a request does not belong here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

__all__ = ["RequestGuard", "refusal"]

_Message = MutableMapping[str, Any]
_Scope = _Message
_Send = Callable[[_Message], Awaitable[None]]
_Receive = Callable[[], Awaitable[_Message]]

_GRAPHQL = "/graphql"
_OURS = (None, "same-origin", "none")
_POLICY_VIOLATION = 1008
_HEADERS_ADDED = (
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


class RequestGuard:
    """An ASGI application in front of another one, which sees only what is not refused.

    Parameters
    ----------
    app
        The application.
    hosts
        What the Host header may say, with the port where it is not that of the scheme.
    read_only
        Whether nothing may be written: of what is sent, GraphQL alone goes through, which
        Dagster itself keeps to reading.
    """

    def __init__(
        self,
        app: Callable[[_Scope, _Receive, _Send], Awaitable[None]],
        hosts: Collection[str],
        *,
        read_only: bool = False,
    ) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._read_only = read_only

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Hand a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        why = refusal(scope, self._hosts, read_only=self._read_only)
        if why is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": why})
        else:
            await _refuse(send, why)


def refusal(scope: _Scope, hosts: Collection[str], *, read_only: bool = False) -> str | None:
    """Return why a request is refused; None if it is not.

    Parameters
    ----------
    scope
        ASGI scope of a request or a websocket.
    hosts
        What the Host header may say, in small letters.
    read_only
        As for `RequestGuard`.
    """
    host, origin, site, mode, content_type = (
        _header(scope, name)
        for name in (b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"content-type")
    )
    if host is None or host.lower() not in hosts:
        return "This address is not one that the web interface answers for."
    if origin is not None and urlsplit(origin).netloc.lower() not in hosts:
        return "Requests of other sites are refused."
    method, asks = scope.get("method", "GET"), scope["path"].rstrip("/") == _GRAPHQL
    if scope["type"] == "websocket":
        return None if site in _OURS else "Requests of other sites are refused."
    if method in ("GET", "HEAD"):
        # A link on another page may lead to a page here, which changes nothing.
        if site not in _OURS and (mode != "navigate" or asks):
            return "Requests of other sites are refused."
        if asks and "text/html" not in (_header(scope, b"accept") or ""):
            return "GraphQL is answered by POST alone."
        return None
    if site not in _OURS:
        return "Requests of other sites are refused."
    if method != "POST":
        return f"{method} is not answered."
    if (content_type or "").partition(";")[0].strip().lower() != "application/json":
        return "What is sent must be application/json."
    if read_only and not asks:
        return "This web interface is for reading only."
    return None


def _header(scope: _Scope, name: bytes) -> str | None:
    """Return a header's value; what is given twice is as good as a wrong one."""
    values = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
    return ", ".join(values) if values else None


def _with_headers(send: _Send) -> _Send:
    """Add what keeps other sites from framing the pages and from reading what is answered."""

    async def send_more(message: _Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *_HEADERS_ADDED]}
        await send(message)

    return send_more


async def _refuse(send: _Send, why: str) -> None:
    body = f"{why}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})

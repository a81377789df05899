"""A local server that speaks the OpenAI chat-completions protocol, for demonstrations and tests.

It listens on 127.0.0.1 only and answers in place of a model, by a rule about the profile's text
or from a table. On demand it misbehaves as real services do (`Fault`), or as real models do
(`Manner`). Every request is kept with what came of it, so that a test can prove what was asked,
how often, and what a service would have charged.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self

from ..text.recipe import hash_text

__all__ = ["Call", "Fault", "LabellingServer", "Manner", "Seen", "random_faults"]

_LARGEST_REQUEST = 1 << 22


class Fault(StrEnum):
    """What can go wrong with one request."""

    RATE_LIMIT = "status 429 with Retry-After"
    SERVER_ERROR = "status 500"
    HANG = "no reply, for longer than a client waits"
    CUT_SHORT = "the reply breaks off in the middle"
    NOT_JSON = "a reply that is not JSON"
    MALFORMED_ANSWER = "an answer that is not JSON"
    WRONG_ID = "an answer with the id of another request"
    REFUSAL = "the model refuses"
    TOO_LONG = "an answer cut off at the limit of tokens"
    NO_USAGE = "a good reply that does not count tokens"


class Manner(StrEnum):
    """What the model answers when nothing goes wrong."""

    PROPER = "the verdict, in the form asked for"
    FENCED = "the same, with a fence around it"
    ECHO_TEXT = "the text of the profile, as if it were the answer"
    ECHO_MESSAGE = "the message with the profile"
    OBEY = "what the text says it should answer, bare"
    OBEY_IN_FORM = "what the text says it should answer, in the form asked for"


#: Faults of answers that a service charges for.
_CHARGED = frozenset(Fault) - {Fault.RATE_LIMIT, Fault.SERVER_ERROR}


_STATUSES = {Fault.RATE_LIMIT: 429, Fault.SERVER_ERROR: 500, Fault.HANG: None}


@dataclass(frozen=True)
class Call:
    """A request: whom it asks about which text, and which one of its kind it is, from 1."""

    model: str
    text: str
    attempt: int


@dataclass(frozen=True)
class Seen:
    """A request and what came of it.

    Attributes
    ----------
    model, text_hash
        Who was asked about which text.
    at
        When it came, in seconds of a monotonic clock.
    fault
        What went wrong, or None.
    status
        The HTTP status of the reply; None if there was none.
    input_tokens, output_tokens
        What a service would charge for.
    """

    model: str
    text_hash: str
    at: float
    fault: Fault | None
    status: int | None
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether a proper answer was sent."""
        return self.status == 200 and self.fault in (None, Fault.NO_USAGE)


def random_faults(shares: Mapping[Fault, float], seed: int = 0) -> Callable[[Call], Fault | None]:
    """Return a plan by which each share of the requests, drawn at random, has its fault.

    The draw depends on the request alone and not on the order in which requests come.
    """

    def draw(call: Call) -> Fault | None:
        key = f"{seed}/{call.model}/{hash_text(call.text)}/{call.attempt}"
        number = int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) / 2.0**64
        for fault, share in shares.items():
            number -= share
            if number < 0:
                return fault
        return None

    return draw


class LabellingServer:
    """A server that answers while its context is open.

    Parameters
    ----------
    decide
        Says of a model and a text whether the model accepts it.
    faults
        Says of a request what goes wrong with it, if anything does.
    manner
        How the model answers.
    rejects
        Fields, and formats of the response, that are rejected with status 400: "temperature",
        "max_tokens", "json_schema", "json_object".
    models
        Models there are; None for any.
    api_key
        The key that is asked for; None for none.
    retry_after
        Seconds in the Retry-After header.
    hang
        Seconds without a reply, for `Fault.HANG`.
    port
        0 for any free one.
    """

    def __init__(
        self,
        decide: Callable[[str, str], bool],
        *,
        faults: Callable[[Call], Fault | None] = lambda call: None,
        manner: Manner = Manner.PROPER,
        rejects: Collection[str] = (),
        models: Collection[str] | None = None,
        api_key: str | None = None,
        retry_after: float = 1.0,
        hang: float = 600.0,
        port: int = 0,
    ) -> None:
        self.seen: list[Seen] = []
        self._decide, self._faults, self._manner = decide, faults, manner
        self._rejects, self._models, self._api_key = rejects, models, api_key
        self._retry_after, self._hang, self._port = retry_after, hang, port
        self._attempts: Counter[tuple[str, str]] = Counter()

    def __enter__(self) -> Self:
        """Start to listen."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=_LARGEST_REQUEST)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections and stop."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def endpoint(self) -> str:
        """The address to give as an annotator's endpoint."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def _stop(self) -> None:
        self._server.close()
        open_connections = asyncio.all_tasks() - {asyncio.current_task()}
        for connection in open_connections:
            connection.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                sent = await self._answer(head, headers, body, writer)
                await writer.drain()
                if not sent:
                    break
        writer.close()

    async def _answer(
        self,
        head: list[str],
        headers: Mapping[str, str],
        body: bytes,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Answer one request; return whether the connection can go on."""
        if not head[0].startswith("POST /v1/chat/completions "):
            return _send(writer, 404, _error("there is no such address"))
        if self._api_key and headers.get("authorization") != f"bearer {self._api_key}".lower():
            return _send(writer, 401, _error("the key is wrong"))
        request = json.loads(body)
        if self._models is not None and request["model"] not in self._models:
            return _send(writer, 404, _error("there is no such model"))
        rejected = self._rejected(request)
        if rejected is not None:
            return _send(writer, 400, _error(f"{rejected} is not supported", rejected))
        text = json.loads(request["messages"][-1]["content"])["profile"]
        self._attempts[request["model"], text] += 1
        call = Call(request["model"], text, self._attempts[request["model"], text])
        return await self._reply(call, request, body, writer)

    def _rejected(self, request: Mapping[str, Any]) -> str | None:
        fields = {*request, request.get("response_format", {}).get("type")}
        return next((field for field in self._rejects if field in fields), None)

    async def _reply(
        self, call: Call, request: Mapping[str, Any], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        fault = self._faults(call)
        content = self._content(call, request, fault)
        tokens = (math.ceil(len(body) / 4), math.ceil(len(content) / 4))
        status = 200 if fault is None else _STATUSES.get(fault, 200)
        charged = tokens if fault is None or fault in _CHARGED else (0, 0)
        text_hash = hash_text(call.text)
        self.seen.append(Seen(call.model, text_hash, time.monotonic(), fault, status, *charged))
        reply = json.dumps(_completion(call.model, content, tokens, fault)).encode()
        if fault is Fault.RATE_LIMIT:
            wait = f"Retry-After: {self._retry_after:g}\r\n"
            return _send(writer, 429, _error("too many requests"), wait)
        if fault is Fault.SERVER_ERROR:
            return _send(writer, 500, _error(f"cannot handle {call.text}"))
        if fault is Fault.HANG:
            await asyncio.sleep(self._hang)
            return False
        if fault is Fault.NOT_JSON:
            return _send(writer, 200, reply[: len(reply) // 2])
        return _send(writer, 200, reply, cut=fault is Fault.CUT_SHORT)

    def _content(self, call: Call, request: Mapping[str, Any], fault: Fault | None) -> str:
        """Return what the model writes."""
        request_id = request["messages"][0]["content"].split()[-1]
        accepts = self._decide(call.model, call.text)
        if fault is Fault.MALFORMED_ANSWER:
            return f'{{"request_id": "{request_id}", "verdict": "ACC'
        if fault is Fault.WRONG_ID:
            return _answer(request_id[::-1] + "0", accepts)
        if self._manner is Manner.ECHO_TEXT:
            return call.text
        if self._manner is Manner.ECHO_MESSAGE:
            return request["messages"][-1]["content"]
        if self._manner in (Manner.OBEY, Manner.OBEY_IN_FORM):
            accepts = accepts or "accept" in call.text.lower()
            if self._manner is Manner.OBEY:
                return "ACCEPT" if accepts else "REJECT"
        answer = _answer(request_id, accepts)
        return f"```json\n{answer}\n```" if self._manner is Manner.FENCED else answer


def _answer(request_id: str, accepts: bool) -> str:
    return json.dumps({"request_id": request_id, "verdict": "ACCEPT" if accepts else "REJECT"})


def _completion(
    model: str, content: str, tokens: tuple[int, int], fault: Fault | None
) -> dict[str, Any]:
    refused = fault is Fault.REFUSAL
    message = {"role": "assistant", "content": None if refused else content}
    choice = {
        "index": 0,
        "message": {**message, "refusal": "I cannot help with that." if refused else None},
        "finish_reason": "length" if fault is Fault.TOO_LONG else "stop",
    }
    completion = {"id": "chatcmpl-local", "object": "chat.completion", "created": int(time.time())}
    completion |= {"model": model, "choices": [choice]}
    if fault is not Fault.NO_USAGE:
        used = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
        completion["usage"] = {**used, "total_tokens": sum(tokens)}
    return completion


def _error(message: str, field: str | None = None) -> bytes:
    error = {"message": message, "type": "invalid_request_error", "param": field, "code": None}
    return json.dumps({"error": error}).encode()


def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, header: str = "", *, cut: bool = False
) -> bool:
    """Send a response, or the beginning of one; return whether the connection can go on."""
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n{header}\r\n"
    )
    writer.write(head.encode() + (body[: len(body) // 2] if cut else body))
    return not cut

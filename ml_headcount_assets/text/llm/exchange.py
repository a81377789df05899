"""One request to a chat-completions endpoint, and what came of it.

Nothing that an endpoint writes is passed on, save the answer itself: an error of an endpoint may
quote the profile it was sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from .annotator import LlmAnnotator
from .missing import Missing

__all__ = ["Failure", "Reply", "Usage", "read_failure", "read_reply", "send"]

_LARGEST_REPLY = 1 << 20
_TO_CONNECT = 10.0

#: Statuses that say the service gave up waiting for its model, which may have been paid for.
_GATEWAY_TIMEOUTS = frozenset({408, 504, 524})


@dataclass(frozen=True)
class Usage:
    """Tokens that the endpoint counted."""

    input: int
    output: int


@dataclass(frozen=True)
class Reply:
    """A reply of the protocol's form.

    Attributes
    ----------
    content
        What the model wrote, or why there is nothing.
    usage
        Tokens used, if the endpoint says so.
    """

    content: str | Missing
    usage: Usage | None


@dataclass(frozen=True)
class Failure:
    """A request that got no reply of the protocol's form.

    Attributes
    ----------
    missing
        What happened.
    may_be_billed
        Whether the model may have worked for it.
    wait
        Seconds after which the endpoint wants to be asked again, if it says so.
    complaint
        What the endpoint found wrong with the request. It may quote the profile: not to be shown.
    advice
        What the user has to do before any request can succeed: the key is refused, the model or
        the address does not exist, the account is empty.
    """

    missing: Missing
    may_be_billed: bool = False
    wait: float | None = None
    complaint: str = ""
    advice: str | None = None


async def send(
    session: aiohttp.ClientSession, annotator: LlmAnnotator, body: bytes
) -> Reply | Failure:
    """Send one request."""
    headers = {"Content-Type": "application/json"}
    if annotator.api_key is not None:
        headers["Authorization"] = f"Bearer {annotator.api_key}"
    try:
        async with session.post(
            annotator.url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=annotator.timeout, sock_connect=_TO_CONNECT),
        ) as response:
            content = await _read(response)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        return Failure(Missing.UNREACHABLE)
    except TimeoutError:
        return Failure(Missing.TIMED_OUT, may_be_billed=True)
    except (aiohttp.ClientError, OSError):
        return Failure(Missing.DISCONNECTED, may_be_billed=True)
    if response.status < 300:
        return read_reply(content) or Failure(Missing.NOT_PROTOCOL, may_be_billed=True)
    return read_failure(response.status, response.headers, content)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Read a response, of one without end only the beginning."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > _LARGEST_REPLY:
            response.close()
            break
    return bytes(content)


def read_reply(content: bytes) -> Reply | None:
    """Return the reply that a response holds, or None if it is not of the protocol's form."""
    parsed = _parse(content)
    choices = parsed.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return None
    message, end = choices[0].get("message"), choices[0].get("finish_reason")
    if not isinstance(message, dict):
        return None
    usage = _usage(parsed.get("usage"))
    if message.get("refusal") or end == "content_filter":
        return Reply(Missing.REFUSED, usage)
    if end == "length":
        return Reply(Missing.CUT_OFF, usage)
    text = message.get("content")
    if text is None:
        return Reply(Missing.EMPTY, usage)
    return Reply(text, usage) if isinstance(text, str) else None


def _usage(raw: object) -> Usage | None:
    if not isinstance(raw, dict):
        return None
    read, written = raw.get("prompt_tokens"), raw.get("completion_tokens")
    if type(read) is not int or type(written) is not int or min(read, written) < 0:
        return None
    return Usage(read, written)


def read_failure(status: int, headers: Mapping[str, str], content: bytes) -> Failure:
    """Return why there is no reply, by a response's status; nothing of it is taken on trust.

    Parameters
    ----------
    status
        HTTP status, other than 200.
    headers
        Of which ``Retry-After`` says how long to wait.
    content
        JSON with an ``error``, or anything else.
    """
    error = _parse(content).get("error")
    details = error if isinstance(error, dict) else {"message": error}
    wait = _seconds(headers.get("Retry-After"))
    if details.get("code") == "insufficient_quota":  # a 429 that no waiting helps
        return Failure(Missing.REJECTED, advice=_ADVICE[402])
    if status in _ADVICE:
        return Failure(Missing.REJECTED, advice=_ADVICE[status])
    if status < 400:
        return Failure(Missing.REJECTED, advice=_MOVED)
    if status == 429:
        return Failure(Missing.RATE_LIMITED, wait=wait)
    if status >= 500 or status in _GATEWAY_TIMEOUTS:
        return Failure(Missing.SERVER_ERROR, may_be_billed=status in _GATEWAY_TIMEOUTS, wait=wait)
    return Failure(Missing.REJECTED, complaint=f"{details.get('param')} {details.get('message')}")


_ADVICE = {
    401: "The endpoint refuses the key (HTTP 401). Check the environment variable that"
    " 'api_key_env' names.",
    402: "The account at the endpoint has no credit or quota left. Add some, or use another.",
    404: "The endpoint does not know this address or model (HTTP 404). Check 'endpoint' and"
    " 'model' in study.yaml.",
}
_MOVED = "The endpoint redirects to another address. Put the final one into study.yaml."


def _parse(content: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: seconds, or a date."""
    if retry_after is None:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            date = parsedate_to_datetime(retry_after)
        except ValueError:
            return None
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        seconds = (date - datetime.now(UTC)).total_seconds()
    return max(seconds, 0.0) if seconds < float("inf") else None

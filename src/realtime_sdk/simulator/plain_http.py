"""HTTP for what is no websocket: one request, one answer in JSON, end; pages of any origin may ask (CORS).

What is answered comes in as a function. Bodies are read with h11, which the extra `serve` brings; without it every
request is told so.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream

from realtime_sdk.protocol.json_values import JsonObject

if TYPE_CHECKING:
    import h11

__all__ = ["Answer", "Answering", "Asked", "body_of", "converse", "nothing_here", "refused"]

_LARGEST_BODY: Final = 1_000_000
_HEADERS: Final = {
    "Content-Type": "application/json",
    "Connection": "close",
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "*",
    "Access-Control-Allow-Headers": "Authorization, *",
    "Access-Control-Allow-Private-Network": "true",
}
"""There is nothing here that is not for everybody."""
_ALLOWED: Final = "OPTIONS"
"""The method by which browsers ask whether a page may ask."""
_FAREWELL_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: its method, its path without the query, and its body."""

    method: str
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, and the JSON object that goes with it."""

    status: int
    body: JsonObject


Answering = Callable[[Asked], Answer]


def refused(status: int, message: str, *, code: str | None = None) -> Answer:
    """The answer that refuses a request, in the form of the service."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return Answer(status, {"error": {"message": message, "type": kind, "param": None, "code": code}})


def nothing_here(asked: Asked) -> Answer:
    """404 for every path."""
    return refused(404, f"Invalid URL ({asked.method} {asked.path})")


def body_of(answer: Answer) -> str:
    """The body of an answer as text."""
    return json.dumps(answer.body)


async def converse(stream: ByteStream, first: bytes, answer: Answering) -> None:
    """Read the request that begins with these bytes, answer it, and leave the stream to be closed."""
    await stream.send(_bare(await _answer(stream, first, answer)))
    # who closes while something is unread takes back what was said: let the client close first
    with anyio.move_on_after(_FAREWELL_S), suppress(anyio.EndOfStream):
        with suppress(NotImplementedError):  # TLS ends in both directions at once
            await stream.send_eof()
        while True:
            await stream.receive()


async def _answer(stream: ByteStream, first: bytes, answer: Answering) -> Answer:
    try:
        import h11
    except ModuleNotFoundError:
        return refused(501, "HTTP requests need h11: pip install 'realtime-sdk[serve]'", code="not_implemented")
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=65_536)
    connection.receive_data(first)
    try:
        asked = await _asked(stream, connection)
    except h11.RemoteProtocolError as broken:
        return refused(broken.error_status_hint, str(broken))
    return Answer(200, {}) if asked.method == _ALLOWED else answer(asked)


async def _asked(stream: ByteStream, connection: "h11.Connection") -> Asked:
    import h11

    method = path = ""
    body = bytearray()
    while True:
        match connection.next_event():
            case h11.NEED_DATA:
                if connection.they_are_waiting_for_100_continue:
                    go_on = connection.send(h11.InformationalResponse(status_code=100, headers=[]))
                    await stream.send(go_on or b"")
                connection.receive_data(await stream.receive())
            case h11.Request() as request:
                method, path = request.method.decode(), urlsplit(request.target.decode()).path
            case h11.Data() as piece:
                body += piece.data
                if len(body) > _LARGEST_BODY:
                    raise h11.RemoteProtocolError("the body is too large", error_status_hint=413)
            case _:
                return Asked(method, path, bytes(body))


def _bare(answer: Answer) -> bytes:
    """An answer as it goes out, the last on its connection."""
    body = body_of(answer).encode()
    headers = "".join(f"{name}: {value}\r\n" for name, value in {**_HEADERS, "Content-Length": len(body)}.items())
    return f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n{headers}\r\n".encode() + body

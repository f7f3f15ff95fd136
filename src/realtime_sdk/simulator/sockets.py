"""A port that any client may knock at: websockets become transports, other HTTP gets an answer. Knows no event.

One code for asyncio and trio: streams are anyio's, the protocol is `websockets`' own without its sockets. Loaded when a
port is opened.
"""

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from ssl import SSLContext, SSLError
from typing import Final, TypedDict
from urllib.parse import parse_qsl, urlsplit

import anyio
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream
from typing_extensions import Unpack
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.simulator.plain_http import Answering, Asked, body_of, converse, nothing_here
from realtime_sdk.simulator.websocket import ServerSocket
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.endpoint import Endpoint

__all__ = ["LOOPBACK", "Knock", "Listener", "Visit", "Welcome", "Where", "listening", "served_at"]

LOOPBACK: Final = "127.0.0.1"
_ENDS_IN = ("/realtime", "/realtime/translations")
_HEAD_BYTES: Final = 65_536
_HEAD_TIMEOUT_S: Final = 10.0
_UPGRADE: Final = re.compile(rb"\r\nupgrade:[ \t]*websocket[ \t]*\r\n", re.IGNORECASE)
_GONE = (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream, SSLError)
_logger = logging.getLogger(__name__)
_wire_logger = logging.getLogger("realtime_sdk.simulator.websockets")
if _wire_logger.level == logging.NOTSET:
    _wire_logger.setLevel(logging.CRITICAL)  # who knocks and is turned away is no trouble of ours


@dataclass(frozen=True, slots=True)
class Knock:
    """How a client came: path and query of its URL, headers of its handshake with their names in small letters."""

    path: str = "/v1/realtime"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    subprotocols: tuple[str, ...] = field(default=(), repr=False)
    """What the client offers to speak; browsers put their key there, for want of headers."""

    @property
    def is_realtime(self) -> bool:
        """Whether there are sessions at this path: `…/realtime`, `…/realtime/translations`, or none."""
        path = self.path.rstrip("/")
        return not path or path.endswith(_ENDS_IN)

    @property
    def is_beta(self) -> bool:
        """Whether the client speaks the dialect of 2024: a header says so or, in a browser, a subprotocol."""
        return "realtime=v1" in self.headers.get("openai-beta", "") or "openai-beta.realtime-v1" in self.subprotocols


class Visit:
    """A client that asks for a websocket, and has no answer yet."""

    def __init__(self, stream: ByteStream, protocol: ServerProtocol, request: Request) -> None:
        self._stream = stream
        self._protocol = protocol
        self._request = request
        self.knock = _knock(request)

    async def accept(self) -> Transport:
        """Open the websocket. ConnectionClosed if what the client asked for cannot be opened."""
        socket = ServerSocket(self._stream, self._protocol)
        await socket.respond(self._protocol.accept(self._request))
        return socket

    async def refuse(self, status: int, body: str) -> None:
        """Answer with this HTTP status, and a body that is JSON or text."""
        response: Response = self._protocol.reject(HTTPStatus(status), body)
        if body.startswith("{"):
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = "application/json"
        with suppress(ConnectionClosed):
            await ServerSocket(self._stream, self._protocol).respond(response)

    async def refuse_path(self) -> None:
        """Answer that there is nothing at this path."""
        answer = nothing_here(Asked("GET", self.knock.path))
        await self.refuse(answer.status, body_of(answer))


Welcome = Callable[[Visit], Awaitable[None]]
"""Called for each client that asks for a websocket; when it returns the connection ends."""


class Where(TypedDict, total=False):
    """Where a server listens; keyword arguments of all that do."""

    host: str
    """Default 127.0.0.1."""
    port: int
    """Default 0: a free one."""
    tls: SSLContext | None
    """Makes it a `wss://` server, with this certificate. Default None."""


def served_at(host: str, port: int, *, tls: bool) -> str:
    """The URL of a server here: `ws://127.0.0.1:PORT/v1/realtime`."""
    return f"{'wss' if tls else 'ws'}://{f'[{host}]' if ':' in host else host}:{port}/v1/realtime"


class Listener(ABC):
    """A server with a port; `url` and `endpoint` say where it listens."""

    url: str = ""
    """The address of the server: `ws://127.0.0.1:PORT/v1/realtime`."""

    @property
    def endpoint(self) -> Endpoint:
        """What `rt.connect` takes."""
        return Endpoint(self.url)

    @abstractmethod
    async def serve(self, visit: Visit) -> None:
        """Serve one client until its connection ends."""

    @asynccontextmanager
    async def listening(self, **where: Unpack[Where]) -> AsyncGenerator[None, None]:
        """Serve every client until the block ends. OSError if the port cannot be opened."""
        async with listening(self.serve, **where) as port:
            self.url = served_at(where.get("host", LOOPBACK), port, tls=where.get("tls") is not None)
            yield


@asynccontextmanager
async def listening(
    welcome: Welcome, *, answer: Answering = nothing_here, **where: Unpack[Where]
) -> AsyncGenerator[int, None]:
    """Welcome every client of a port until the block ends; the value is the port.

    `answer` answers what is HTTP and no websocket. OSError if the port cannot be opened.
    """
    take = partial(_take, welcome=welcome, tls=where.get("tls"), answer=answer)
    listener = await anyio.create_tcp_listener(local_host=where.get("host", LOOPBACK), local_port=where.get("port", 0))
    raised: Exception | KeyboardInterrupt | None = None
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, take)
        try:
            yield int(listener.listeners[0].extra(SocketAttribute.local_port))  # noqa: S610 - not Django
        except (Exception, KeyboardInterrupt) as error:
            raised = error  # raised outside of the group, so that it arrives as it is and in no group
        group.cancel_scope.cancel()
    if raised is not None:
        raise raised


async def _take(stream: ByteStream, *, welcome: Welcome, tls: SSLContext | None, answer: Answering) -> None:
    """Serve one connection, and close it. What breaks with the connection ends with it."""
    try:
        if tls is not None:
            stream = await TLSStream.wrap(stream, server_side=True, ssl_context=tls, standard_compatible=False)
        await _meet(stream, welcome, answer)
    except (*_GONE, ConnectionClosed):
        pass
    except OSError as error:
        _logger.warning("a connection could not be served: %s", error.strerror or type(error).__name__)
    finally:
        with anyio.CancelScope(shield=True), suppress(OSError, *_GONE):
            await anyio.aclose_forcefully(stream)


async def _meet(stream: ByteStream, welcome: Welcome, answer: Answering) -> None:
    head = await _head(stream)
    if not _UPGRADE.search(head):
        await converse(stream, head, answer)
        return
    protocol = ServerProtocol(select_subprotocol=_subprotocol, max_size=None, logger=_wire_logger)
    protocol.receive_data(head)
    request = next(iter(protocol.events_received()), None)
    if isinstance(request, Request):
        await welcome(Visit(stream, protocol, request))
    else:
        await stream.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


async def _head(stream: ByteStream) -> bytes:
    """What comes up to the end of the first request's headers."""
    head = b""
    with anyio.move_on_after(_HEAD_TIMEOUT_S):
        while b"\r\n\r\n" not in head and len(head) < _HEAD_BYTES:
            head += await stream.receive()
    return head


def _knock(request: Request) -> Knock:
    url = urlsplit(request.path)
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    offered = tuple(name.strip() for name in headers.get("sec-websocket-protocol", "").split(",") if name.strip())
    return Knock(url.path, dict(parse_qsl(url.query, keep_blank_values=True)), headers, offered)


def _subprotocol(_: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """What browsers are told: `realtime`, whatever else they offer beside it (their key, for want of headers)."""
    return Subprotocol("realtime") if "realtime" in offered else None

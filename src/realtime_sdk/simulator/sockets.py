"""A websocket server on asyncio and on trio, whose connections are transports. Knows no event.

Loaded when a simulation opens a port; `websockets`' server is imported here alone.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import anyio
from websockets.exceptions import ConnectionClosed as WebsocketClosed

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.closing import ABNORMAL, Close, closed_by_peer, closed_here, sendable
from realtime_sdk.transport.websocket import running_loop

__all__ = ["Knock", "Serve", "listening"]

_ENDS_IN = ("/realtime", "/realtime/translations")
_CLOSE_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Knock:
    """How a client came: path and query of its URL, headers of its handshake with their names in small letters."""

    path: str = "/v1/realtime"
    query: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


Serve = Callable[[Transport, Knock], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, *, host: str, port: int) -> AsyncGenerator[int, None]:
    """Serve every connection to this port (0: a free one) until the block ends; the value is the port.

    OSError if the port cannot be opened.
    """
    open_port = _on_trio if running_loop() == "trio" else _on_asyncio
    async with AsyncExitStack() as stack:
        yield await open_port(stack, _accepting(serve), host, port)


def _accepting(serve: Serve) -> Callable[[Any], Awaitable[None]]:
    async def accept(websocket: Any) -> None:
        await serve(_Socket(websocket), _knock(websocket.request))

    return accept


def _knock(request: Any) -> Knock:
    url = urlsplit(str(request.path))
    headers = {name.lower(): value for name, value in request.headers.raw_items()}
    return Knock(url.path, dict(parse_qsl(url.query, keep_blank_values=True)), headers)


async def _on_asyncio(stack: AsyncExitStack, accept: Callable[[Any], Awaitable[None]], host: str, port: int) -> int:
    from websockets.asyncio.server import serve

    server = await serve(accept, host, port, **_arguments())
    stack.push_async_callback(_shut, server)
    return int(server.sockets[0].getsockname()[1])


async def _shut(server: Any) -> None:
    """Close the port and wait for what is left, also where the block was cancelled."""
    with anyio.move_on_after(2 * _CLOSE_TIMEOUT_S, shield=True):
        server.close()
        await server.wait_closed()


async def _on_trio(stack: AsyncExitStack, accept: Callable[[Any], Awaitable[None]], host: str, port: int) -> int:
    import trio
    from websockets.trio.server import serve

    nursery = await stack.enter_async_context(trio.open_nursery())
    listeners = await trio.open_tcp_listeners(port, host=host)
    arguments = _arguments()

    async def run(task_status: Any) -> None:
        await serve(accept, listeners=listeners, task_status=task_status, **arguments)

    server: Any = await nursery.start(run)
    stack.push_async_callback(server.aclose)
    return int(listeners[0].socket.getsockname()[1])


def _arguments() -> dict[str, Any]:
    logger = logging.getLogger("realtime_sdk.simulator.websockets")
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.CRITICAL)  # who knocks and is turned away is no trouble of ours
    return {
        "process_request": _known_path,
        "select_subprotocol": _subprotocol,
        "compression": None,
        "max_size": None,
        "ping_interval": None,
        "close_timeout": _CLOSE_TIMEOUT_S,
        "server_header": None,
        "logger": logger,
    }


def _known_path(websocket: Any, request: Any) -> Any:
    path = urlsplit(str(request.path)).path.rstrip("/")
    return None if not path or path.endswith(_ENDS_IN) else websocket.respond(404, "There is nothing here.\n")


def _subprotocol(websocket: Any, offered: Any) -> Any:
    """What browsers are told: `realtime`, whatever else they offer beside it (their key, for want of headers)."""
    return "realtime" if "realtime" in offered else None


class _Socket:
    """The server's end of a websocket as a transport."""

    def __init__(self, websocket: Any) -> None:
        self._websocket = websocket
        self._closed: Close | None = None
        self._aclose: Callable[..., Awaitable[None]] = getattr(websocket, "aclose", None) or websocket.close

    async def send(self, frame: bytes) -> None:
        if self._closed is not None:
            raise closed_here(self._closed)
        try:
            await self._websocket.send(frame.decode())
        except WebsocketClosed as end:
            raise self._ended(end) from None

    async def receive(self) -> bytes:
        if self._closed is not None:
            raise closed_here(self._closed)
        try:
            message: str | bytes = await self._websocket.recv()
        except WebsocketClosed as end:
            raise self._ended(end) from None
        return message.encode() if isinstance(message, str) else message

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Close with the closing handshake, or drop the connection: code 1006 is a cut cable."""
        if self._closed is not None:
            return
        if code == ABNORMAL:
            self._closed = Close(code, reason)
            await self._drop()
            return
        self._closed = sendable(code, reason)
        with anyio.move_on_after(_CLOSE_TIMEOUT_S), suppress(WebsocketClosed):
            await self._aclose(self._closed.code, self._closed.reason)

    async def _drop(self) -> None:
        if running_loop() == "trio":
            import trio

            await trio.aclose_forcefully(self._websocket.stream)
        else:
            self._websocket.transport.abort()

    def _ended(self, end: WebsocketClosed) -> ConnectionClosed:
        if end.rcvd is not None:
            return closed_by_peer(Close(end.rcvd.code, end.rcvd.reason))
        return closed_by_peer(Close(ABNORMAL))

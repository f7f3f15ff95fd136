"""Servers on loopback that the transport tests talk to: real `websockets` servers on both loops, and raw TCP."""

import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import anyio
import trustme
from anyio.abc import SocketStream

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.transport import Transport, WebsocketOptions, connect
from realtime_sdk.transport.websocket import running_loop

SECRET = "sk-proj-0123456789abcdef"
QUIET = logging.getLogger("tests.transport.server")
QUIET.setLevel(logging.CRITICAL)

DIRECT = WebsocketOptions(proxy=False, close_timeout=1)

Handle = Callable[[Any], Awaitable[None]]


@asynccontextmanager
async def serving(handle: Handle, *, tls: ssl.SSLContext | None = None, **arguments: Any) -> AsyncGenerator[str, None]:
    """A websocket server of the running loop; the value is its URL without path."""
    arguments = {"ping_interval": None, "max_size": None, "close_timeout": 1, "logger": QUIET} | arguments
    scheme = "ws" if tls is None else "wss"
    async with AsyncExitStack() as stack:
        open_port = _trio_port if running_loop() == "trio" else _asyncio_port
        port = await open_port(stack, handle, arguments | {"ssl": tls})
        yield f"{scheme}://localhost:{port}"


async def _asyncio_port(stack: AsyncExitStack, handle: Handle, arguments: dict[str, Any]) -> int:
    from websockets.asyncio.server import serve

    server = await stack.enter_async_context(serve(handle, "localhost", 0, family=2, **arguments))
    return int(server.sockets[0].getsockname()[1])


async def _trio_port(stack: AsyncExitStack, handle: Handle, arguments: dict[str, Any]) -> int:
    import trio
    from websockets.trio.server import serve

    nursery = await stack.enter_async_context(trio.open_nursery())
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    server = await nursery.start(
        lambda task_status: serve(handle, listeners=listeners, task_status=task_status, **arguments)
    )
    stack.push_async_callback(server.aclose)
    return int(listeners[0].socket.getsockname()[1])


@asynccontextmanager
async def tcp_serving(handle: Callable[[SocketStream], Awaitable[None]]) -> AsyncGenerator[int, None]:
    """A TCP server; the value is its port."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield int(listener.extra(anyio.abc.SocketAttribute.local_port))
        group.cancel_scope.cancel()


async def closed_port() -> int:
    """A port on which nothing listens."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        return int(listener.extra(anyio.abc.SocketAttribute.local_port))


async def close(websocket: Any, code: int | None, reason: str = "") -> None:
    """Close a server's connection with a code, or with an empty close frame."""
    await (websocket.aclose if running_loop() == "trio" else websocket.close)(code, reason)


async def cut(websocket: Any) -> None:
    """End a server's connection without a close frame."""
    if running_loop() == "trio":
        import trio

        await trio.aclose_forcefully(websocket.stream)
    else:
        websocket.transport.abort()


async def until_closed(websocket: Any) -> None:
    """Read and forget until the client is gone."""
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            await websocket.recv()
    except ConnectionClosed:
        return


async def echo(websocket: Any) -> None:
    """Send back every message as it came."""
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            await websocket.send(await websocket.recv())
    except ConnectionClosed:
        return


def tls_contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's TLS context for localhost, and a client's that trusts it."""
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def shape(error: ConnectionClosed) -> tuple[type[ConnectionClosed], int | None, str]:
    return type(error), error.code, error.reason


@asynccontextmanager
async def connected(
    handle: Callable[[Any], Awaitable[None]], options: WebsocketOptions = DIRECT, **server: Any
) -> AsyncGenerator[Transport, None]:
    with anyio.fail_after(5):
        async with serving(handle, **server) as url, connect(url, options=options) as transport:
            yield transport

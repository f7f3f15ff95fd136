"""Opening a websocket on whichever event loop runs. `websockets` itself is loaded at the first connect, not before."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Literal

from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.options import WebsocketOptions, checked_headers, checked_url

if TYPE_CHECKING:
    from realtime_sdk.transport.link import OpenLink

__all__ = ["WebsocketOptions", "connect", "running_loop"]

_DEFAULT = WebsocketOptions()


def running_loop() -> Literal["asyncio", "trio"]:
    """The event loop that runs the calling task."""
    trio = sys.modules.get("trio")
    return "trio" if trio is not None and trio.lowlevel.in_trio_task() else "asyncio"


def _open_link() -> "OpenLink":
    if running_loop() == "trio":
        from realtime_sdk.transport import _trio

        return _trio.open_link
    from realtime_sdk.transport import _asyncio

    return _asyncio.open_link


@asynccontextmanager
async def connect(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    options: WebsocketOptions = _DEFAULT,
) -> AsyncGenerator[Transport, None]:
    """Open a websocket to a `ws://` or `wss://` URL as a `Transport`; close it with 1000 when the block ends.

    Redirects are not followed: `headers` go to this host alone. A block that is cancelled leaves without
    waiting for the server. Enter and leave it in one task; on trio, blocks within one task must end in the
    reverse of the order in which they began, so give each connection a task of its own.

    Raises HandshakeError when the server refuses (status, body, code) or its certificate is not accepted;
    ConnectionLost when it cannot be reached; RequestTimeout after `options.open_timeout`; LocalProtocolError
    for a URL, header or option that cannot be used; ImportError on trio with websockets older than 17.
    """
    from realtime_sdk.transport._connection import WebsocketTransport
    from realtime_sdk.transport.handshake import Attempt, explained

    attempt = Attempt(checked_url(url, options), checked_headers(headers), options)
    async with AsyncExitStack() as stack:
        with explained(attempt):
            link = await stack.enter_async_context(_open_link()(attempt))
        transport = WebsocketTransport(link, attempt)
        try:
            yield transport
        finally:
            await transport.aclose()

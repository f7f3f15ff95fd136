"""A websocket on asyncio: `websockets.asyncio.client` as a link. Loaded when that loop is the running one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from websockets.asyncio.client import ClientConnection, connect as open_websocket

from realtime_sdk.transport.handshake import Attempt
from realtime_sdk.transport.link import Link, connect_arguments

__all__ = ["open_link"]


class _Connect(open_websocket):
    """Follows no redirect: the headers hold keys, and `websockets` would send an `api-key` on to another host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _AsyncioLink:
    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self.recv = websocket.recv
        # Written to the socket's buffer before anything is awaited: cancelling gives up only the wait for room.
        self.send = partial(websocket.send, text=True)

    async def close(self, code: int, reason: str) -> None:
        await self._websocket.close(code, reason)

    async def drop(self) -> None:
        with anyio.CancelScope(shield=True):
            self._websocket.transport.abort()
            await self._websocket.wait_closed()  # the loop's next turn, not the other side


@asynccontextmanager
async def open_link(attempt: Attempt) -> AsyncGenerator[Link, None]:
    """The link for an attempt. Raises what `websockets` raises."""
    arguments: dict[str, Any] = connect_arguments(attempt)
    async with _Connect(attempt.url, **arguments) as websocket:
        yield _AsyncioLink(websocket)

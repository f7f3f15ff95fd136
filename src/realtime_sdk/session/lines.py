"""One open connection, held by a task of its own: so that it can be opened and closed whenever that is wanted.

A websocket must be entered and left by one task, in order; a session opens a second before it closes the first.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeAlias

import anyio
from anyio.abc import TaskGroup, TaskStatus

from realtime_sdk.transport import Endpoint, Transport, WebsocketOptions, connect

__all__ = ["Line", "OpenTransport", "given", "open_line", "over_websocket", "task_home"]

_logger: Final = logging.getLogger(__name__)

OpenTransport: TypeAlias = Callable[[Endpoint], AbstractAsyncContextManager[Transport]]
"""Opens a connection to an endpoint; the connection is closed when the context ends."""


class Line:
    """An open connection. Its task holds it, cancelled or not, until `end` or `release` is called."""

    def __init__(self, transport: Transport, endpoint: Endpoint) -> None:
        self.transport: Final = transport
        self.endpoint: Final = endpoint
        self._released = anyio.Event()

    async def end(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection. Cancelling leaves nothing of it open."""
        try:
            await self.transport.aclose(code, reason)
        finally:
            self._released.set()

    def release(self) -> None:
        """Let its task go; the connection is over."""
        self._released.set()

    async def held(self) -> None:
        """Wait until it is ended."""
        await self._released.wait()


async def open_line(group: TaskGroup, opening: OpenTransport, endpoint: Endpoint) -> Line:
    """A new connection, held by a task of `group`. Raises what `opening` raises."""
    line: Line | Exception = await group.start(_hold, opening, endpoint, name=f"connection to {endpoint.shown}")
    if isinstance(line, Exception):
        raise line
    return line


async def _hold(opening: OpenTransport, endpoint: Endpoint, *, task_status: TaskStatus["Line | Exception"]) -> None:
    line: Line | None = None
    try:
        async with opening(endpoint) as transport:
            line = Line(transport, endpoint)
            task_status.started(line)
            with anyio.CancelScope(shield=True):  # the session closes its gate before the connection goes
                await line.held()
    except Exception as error:
        if line is None:
            task_status.started(error)
        else:
            _logger.debug("closing a connection ended with %s", type(error).__name__)


def over_websocket(options: WebsocketOptions) -> OpenTransport:
    """Opens websockets with these options."""

    def opening(endpoint: Endpoint) -> AbstractAsyncContextManager[Transport]:
        return connect(endpoint.url, headers=endpoint.headers, options=options)

    return opening


def given(transport: Transport) -> OpenTransport:
    """Gives a transport that is open already, and closes it in the end."""

    @asynccontextmanager
    async def opening(_: Endpoint) -> AsyncGenerator[Transport, None]:
        try:
            yield transport
        finally:
            await transport.aclose()

    return opening


@asynccontextmanager
async def task_home() -> AsyncGenerator[TaskGroup, None]:
    """A task group that is cancelled when its block ends; the block's exception is raised as it is, in no group."""
    raised: Exception | None = None
    async with anyio.create_task_group() as group:
        try:
            yield group
        except Exception as error:
            raised = error
        group.cancel_scope.cancel()
    if raised is not None:
        try:
            raise raised
        finally:
            del raised

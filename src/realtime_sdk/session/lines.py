"""One open connection, held by a task of its own: so that it can be opened and closed whenever that is wanted.

A websocket must be entered and left by one task, in order; a session opens a second before it closes the first.
"""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, TypeAlias

import anyio
from anyio.abc import TaskGroup

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
    """A new connection, held by a task of `group`. Raises what `opening` raises; cancelling it leaves nothing open.

    `group.start` would wait for the end of a task that is held: cancelled as it opens, it never came back.
    """
    attempt = _Attempt()
    group.start_soon(attempt.hold, opening, endpoint, name=f"connection to {endpoint.shown}")
    try:
        await attempt.told.wait()
    except BaseException:
        attempt.give_up()
        raise
    if attempt.line is None:
        raise attempt.error or RuntimeError("the task of a connection was cancelled before it was open")
    return attempt.line


class _Attempt:
    """Opens a connection and holds it; `told` when it is open or will never be."""

    def __init__(self) -> None:
        self.told: Final = anyio.Event()
        self.scope: Final = anyio.CancelScope()
        self.line: Line | None = None
        self.error: Exception | None = None

    def give_up(self) -> None:
        """Let go of what nobody waits for any more, open or not."""
        self.scope.cancel()
        if self.line is not None:
            self.line.release()

    async def hold(self, opening: OpenTransport, endpoint: Endpoint) -> None:
        try:
            with self.scope:
                await self._open(opening, endpoint)
        except Exception as error:
            self.error = error
            if self.line is not None:
                _logger.debug("closing a connection ended with %s", type(error).__name__)
        finally:
            self.told.set()

    async def _open(self, opening: OpenTransport, endpoint: Endpoint) -> None:
        async with opening(endpoint) as transport:
            if self.scope.cancel_called:
                return
            self.line = line = Line(transport, endpoint)
            self.told.set()
            with anyio.CancelScope(shield=True):  # the session closes its gate before the connection goes
                await line.held()


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

"""A websocket on trio: `websockets.trio.client` as a link. Loaded when that loop is the running one.

Trio can cancel a write half-way, which would tear a frame and with it the connection. So frames are
written by a task of their own, in the connection's nursery, and `send` waits for room only: the same
promise that asyncio's buffered sockets give.
"""

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import trio

try:
    from websockets.trio.client import ClientConnection, connect as open_websocket
except ModuleNotFoundError as exc:
    from websockets.version import version

    raise ImportError(
        f"on trio this needs websockets>=17, but {version} is installed: pip install 'realtime-sdk[trio]', "
        "or run on asyncio"
    ) from exc
from websockets.exceptions import ConnectionClosed, ConnectionClosedError
from websockets.protocol import State

from realtime_sdk.transport.handshake import Attempt
from realtime_sdk.transport.link import Link, connect_arguments

__all__ = ["open_link"]

WRITE_LIMIT_BYTES = 32 * 1024  # as asyncio's: `send` waits while more than this is unwritten
LAST_WORD_S = 0.1


class _Connect(open_websocket):
    """Follows no redirect: the headers hold keys, and `websockets` would send an `api-key` on to another host."""

    def process_redirect(self, exc: Exception) -> Exception:
        return exc


class _TrioLink:
    def __init__(self, websocket: ClientConnection) -> None:
        self._websocket = websocket
        self.recv = websocket.recv
        self._unwritten: deque[bytes] = deque()
        self._unwritten_bytes = 0
        self._queued = trio.Event()
        self._written = trio.Event()
        self._closing = False
        self._end: ConnectionClosed | None = None
        websocket.nursery.start_soon(self._write)

    async def send(self, frame: bytes) -> None:
        if self._end is not None:
            raise self._end
        if self._websocket.state is not State.OPEN:
            await self._websocket.send(frame, text=True)  # waits for the end and raises it
        self._unwritten.append(frame)
        self._unwritten_bytes += len(frame)
        self._queued.set()
        await trio.lowlevel.checkpoint_if_cancelled()  # after it: cancelling gives up only the wait for room
        if self._unwritten_bytes > WRITE_LIMIT_BYTES:
            await self._written_down_to(WRITE_LIMIT_BYTES)

    async def _written_down_to(self, unwritten_bytes: int) -> None:
        while self._unwritten_bytes > unwritten_bytes:
            if self._end is not None:
                raise self._end
            await self._written.wait()

    async def _write(self) -> None:
        end: ConnectionClosed = ConnectionClosedError(None, None)
        try:
            while self._unwritten or not self._closing:
                await self._queued.wait()
                self._queued = trio.Event()
                await self._write_all()
        except ConnectionClosed as exc:
            end = exc
        finally:
            self._end = end
            self._written.set()

    async def _write_all(self) -> None:
        """Write all that is queued, in as few turns as there are: a turn costs more than a frame."""
        while self._unwritten:
            frames = tuple(self._unwritten)
            self._unwritten.clear()
            async with self._websocket.send_context():
                for frame in frames:
                    self._websocket.protocol.send_text(frame)
            self._unwritten_bytes -= sum(map(len, frames))
            self._written.set()
            self._written = trio.Event()

    def _stop_writing(self) -> None:
        """Let the writing task end once all is written."""
        self._closing = True
        self._queued.set()

    async def close(self, code: int, reason: str) -> None:
        self._stop_writing()
        try:
            await trio.lowlevel.checkpoint()
            with suppress(ConnectionClosed):
                await self._written_down_to(0)
            await self._websocket.aclose(code, reason)
            self._free_reader()
            await trio.lowlevel.checkpoint_if_cancelled()  # aclose() swallows a cancellation
        except trio.Cancelled:
            await self._last_word(code, reason)
            raise

    async def _last_word(self, code: int, reason: str) -> None:
        """Send the close frame in spite of the cancellation, if it can go out at once."""
        protocol = self._websocket.protocol
        with trio.CancelScope(shield=True, deadline=trio.current_time() + LAST_WORD_S):
            if protocol.state is State.OPEN:
                protocol.send_close(code, reason)
                with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
                    await self._websocket.send_data()

    async def drop(self) -> None:
        self._stop_writing()
        self._websocket.protocol.data_to_send()  # `websockets` would try to write it, and log its failure
        await trio.aclose_forcefully(self._websocket.stream)
        self._free_reader()

    def _free_reader(self) -> None:
        """Let the reading task of `websockets` 17 end: with `max_queue` frames unread it waits for ever."""
        if self._websocket.recv_flow_control is not None:
            self._websocket.recv_messages.close()
            self._websocket.resume_reading()


@asynccontextmanager
async def open_link(attempt: Attempt) -> AsyncGenerator[Link, None]:
    """The link for an attempt. Raises what `websockets` raises."""
    arguments: dict[str, Any] = connect_arguments(attempt)
    async with _Connect(attempt.url, **arguments) as websocket:
        yield _TrioLink(websocket)

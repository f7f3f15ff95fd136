"""The server's end of a websocket as a transport: `websockets`' protocol without its sockets, over a stream of anyio's.

Nothing reads in the background: pings are answered while somebody receives, as the simulator always does.
"""

from collections import deque
from contextlib import suppress
from typing import Final

import anyio
from anyio.abc import ByteStream
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.server import ServerProtocol

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.transport.closing import ABNORMAL, Close, closed_by_peer, closed_here, sendable

__all__ = ["NO_CODE", "ServerSocket"]

NO_CODE: Final = 1005
"""The close code that stands for a close frame without one."""
_CLOSE_TIMEOUT_S = 1.0
_BROKEN = (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError)


class ServerSocket:
    """A websocket that is opened by the response to its request. A `Transport`, frames are text."""

    def __init__(self, stream: ByteStream, protocol: ServerProtocol) -> None:
        self._stream = stream
        self._protocol = protocol
        self._inbox: deque[bytes] = deque()
        self._parts: list[bytes] = []
        self._closed: Close | None = None
        self._over = anyio.Event()
        self._torn = False
        self._writing = anyio.Lock()
        self._reading = False

    async def respond(self, response: Response) -> None:
        """Answer the request. ConnectionClosed if that does not open the websocket."""
        self._protocol.send_response(response)
        await self._flush()
        if self._protocol.state is not State.OPEN:
            raise self._ended()

    async def send(self, frame: bytes) -> None:
        """Send a frame as a text message; see `Transport.send`."""
        if self._closed is not None:
            raise closed_here(self._closed)
        if self._protocol.state is not State.OPEN:
            raise self._ended()
        self._protocol.send_text(frame)
        await self._flush()
        if self._over.is_set():
            raise self._ended()

    async def receive(self) -> bytes:
        """The next message, text or binary, as bytes; see `Transport.receive`."""
        if self._reading:
            raise anyio.BusyResourceError("receiving from")
        self._reading = True
        try:
            while not self._inbox or self._closed is not None:
                if self._over.is_set():
                    raise self._ended()
                await self._read()
            return self._inbox.popleft()
        finally:
            self._reading = False

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """Close with the closing handshake, or drop the connection: code 1006 is a cut cable, 1005 gives no code."""
        if self._closed is not None:
            return
        self._closed = Close(code, reason) if code in (ABNORMAL, NO_CODE) else sendable(code, reason)
        if code != ABNORMAL and not self._torn:
            with anyio.move_on_after(_CLOSE_TIMEOUT_S):
                await self._shake_hands(self._closed)
        if not self._over.is_set():
            await anyio.aclose_forcefully(self._stream)

    async def _shake_hands(self, close: Close) -> None:
        if self._protocol.state is State.OPEN:
            self._protocol.send_close(None if close.code == NO_CODE else close.code, close.reason)
            await self._flush()
        while not self._over.is_set():
            if self._reading:  # whoever receives reads on to the end
                await self._over.wait()
            else:
                await self._read()

    async def _read(self) -> None:
        try:
            self._protocol.receive_data(await self._stream.receive())
        except (anyio.EndOfStream, *_BROKEN):
            self._protocol.receive_eof()
            self._over.set()
        for event in self._protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
        await self._flush()
        if self._protocol.close_rcvd is not None or self._protocol.state is State.CLOSED:
            self._over.set()

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            self._parts.append(bytes(frame.data))
            if frame.fin:
                self._inbox.append(self._parts[0] if len(self._parts) == 1 else b"".join(self._parts))
                self._parts.clear()

    async def _flush(self) -> None:
        """Write what the protocol has to say, in its order. A write that was cancelled leaves the connection torn."""
        async with self._writing:
            pieces = self._protocol.data_to_send()
            if not pieces or self._torn:
                return
            self._torn = True
            try:
                await self._stream.send(b"".join(pieces))
            except _BROKEN:
                self._protocol.receive_eof()
                self._over.set()
            self._torn = False
            if b"" in pieces:  # the end of what is said
                with suppress(NotImplementedError, *_BROKEN):
                    await self._stream.send_eof()

    def _ended(self) -> ConnectionClosed:
        if self._closed is not None:
            return closed_here(self._closed)
        received = self._protocol.close_rcvd
        return closed_by_peer(Close(ABNORMAL) if received is None else Close(received.code, received.reason))

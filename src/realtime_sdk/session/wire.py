"""A connection put to work: frames in to the core by one task, frames out under one gate, and one record of its end.

Knows how frames move and nothing of what they say.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionClosed, ConnectionLost
from realtime_sdk.protocol.local import ConnectionClosed as ClosedRecord, ConnectionOpened
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.endings import Ending, ending_of
from realtime_sdk.session.lines import Line
from realtime_sdk.session.outbound import Outbound

__all__ = ["Wire"]

_FRAMES_A_TURN: Final = 256
"""After so many frames without a pause subscribers get a turn."""

_LAST_FRAMES_S: Final = 1.0


def _nobody(_: bytes) -> None:
    pass


class Wire:
    """The session's connection. `ended` is called once for each, after its end was recorded."""

    def __init__(
        self,
        core: SessionCore,
        group: TaskGroup,
        *,
        outbound: Outbound,
        now_ns: Callable[[], int],
        ended: Callable[[Ending], object],
    ) -> None:
        self.now_ns: Final = now_ns
        self._core = core
        self._group = group
        self._outbound = outbound
        self._ended = ended
        self.appended: Callable[[bytes], object] = _nobody
        """Called with each piece of audio when it is sent, after it was recorded."""
        self._line: Line | None = None
        self._closing: ConnectionClosed | None = None
        self._fatal: Exception | None = None
        self._at_end = anyio.Event()
        self.opened_ns = 0
        """When the connection was opened, by the clock of the log."""

    @property
    def line(self) -> Line | None:
        """The connection, None while there is none."""
        return self._line

    def open(self, line: Line, *, let_out: bool = True) -> None:
        """Record that a connection stands, read from it, and let frames out to it (or leave the gate to be opened)."""
        self._line = line
        self.opened_ns = self.now_ns()
        self._at_end = anyio.Event()
        url = line.endpoint.shown if line.endpoint.url else None
        self._core.note(ConnectionOpened(dialect=line.endpoint.dialect.name, url=url), at_ns=self.now_ns())
        if let_out:
            self._outbound.open(line.transport)
        self._group.start_soon(self._read, line, name=f"reading from {line.endpoint.shown}")

    async def send(self, frames: tuple[bytes, ...]) -> None:
        """Send frames: recorded when their turn has come. Raises the ConnectionClosed family, OutboundFull."""
        await self.send_what(lambda: frames, size=sum(map(len, frames)))

    async def send_what(self, frames: Callable[[], tuple[bytes, ...]], *, size: int = 0) -> None:
        """Send the frames that are given when the turn has come, perhaps none."""
        transport = await self._outbound.enter(size)
        try:
            for number, frame in enumerate(frames()):
                if number and (self._line is None or self._line.transport is not transport):
                    raise ConnectionLost("the connection broke before all of it was sent")
                self._core.say((frame,), at_ns=self.now_ns())
                await transport.send(frame)
        finally:
            self._outbound.leave()

    async def append(self, sound: bytes, frame: bytes | None = None) -> None:
        """Send audio for the server's input buffer, in this frame if one is given."""
        transport = self._outbound.enter_at_once()
        if transport is None:
            transport = await self._outbound.enter(len(sound) * 4 // 3)
        try:
            await transport.send(self._appended(sound, frame))
        finally:
            self._outbound.leave()

    async def send_past_the_gate(self, line: Line, frames: tuple[bytes, ...]) -> None:
        """Send frames on a connection whose gate is shut; for whoever prepares it, and nobody else then."""
        for frame in frames:
            self.must_be(line)
            self._core.say((frame,), at_ns=self.now_ns())
            await line.transport.send(frame)

    async def append_past_the_gate(self, line: Line, sound: bytes) -> None:
        """Send audio on a connection whose gate is shut."""
        self.must_be(line)
        await line.transport.send(self._appended(sound))

    def _appended(self, sound: bytes, frame: bytes | None = None) -> bytes:
        frame = self._core.append(sound, frame, at_ns=self.now_ns())
        self.appended(sound)
        return frame

    def must_be(self, line: Line) -> None:
        """Raise ConnectionLost if the end of this connection is recorded."""
        if self._line is not line:
            raise ConnectionLost("the new connection broke before the session stood on it")

    async def over(self, line: Line) -> None:
        """Wait until the end of a connection that no longer works is recorded."""
        if self._line is line:
            await self._at_end.wait()

    def retire(self, reason: str) -> None:
        """Record that the connection was left for another one, and close it on the side."""
        line, self._line = self._line, None
        if line is None:
            return
        self._core.note(ClosedRecord(code=1000, reason=reason, by="client"), at_ns=self.now_ns())
        self._at_end.set()
        self._group.start_soon(self._put_down, line, name="closing the connection that was left")

    async def _put_down(self, line: Line) -> None:
        with suppress(Exception):  # it is over, whatever it still says
            await line.end()

    async def close(self, code: int = 1000, reason: str = "", *, fatal: Exception | None = None) -> None:
        """End the connection, take in what still comes, and record the end. Cancelled, it does so at once."""
        line = self._line
        if line is None:
            return
        closed = ConnectionClosed("the session was closed by this side", code=code, reason=reason)
        self._closing, self._fatal = closed, fatal
        self._outbound.close(fatal or closed)
        try:
            await line.end(code, reason)
            with anyio.move_on_after(_LAST_FRAMES_S):
                await self._at_end.wait()
        except BaseException:
            closed.code = None
            raise
        finally:
            self._record_end(line, closed)

    async def _read(self, line: Line) -> None:
        closed = await self._read_to_end(line)
        self._record_end(line, closed)

    async def _read_to_end(self, line: Line) -> ConnectionClosed:
        receive, take, now_ns = line.transport.receive, self._core.receive, self.now_ns
        frames = 0
        while True:
            try:
                frame = await receive()
            except ConnectionClosed as closed:
                return closed
            except Exception as error:
                return ConnectionLost(f"the transport failed: {type(error).__name__}: {error}")
            if self._line is not line:  # its end is recorded
                return ConnectionClosed()
            take(frame, at_ns=now_ns())
            frames += 1
            if not frames % _FRAMES_A_TURN:
                await checkpoint()

    def _record_end(self, line: Line, closed: ConnectionClosed) -> None:
        if self._line is not line:
            return
        self._line = None
        by_us = self._closing is not None
        ending = ending_of(self._closing or closed, self._core.state, by_us=by_us, fatal=self._fatal)
        self._core.note(ending.record, at_ns=self.now_ns())
        self._at_end.set()
        line.release()
        self._ended(ending)

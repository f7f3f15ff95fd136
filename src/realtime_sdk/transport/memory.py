"""Two transports joined in memory: what one end sends, the other receives. No socket, no clock, no task of its own.

So it runs on either event loop, and as fast as virtual time allows.
"""

from collections import deque

import anyio
from anyio.lowlevel import checkpoint

from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.closing import Close, closed_by_peer, closed_here

__all__ = ["pair"]


def pair(*, limit: int | None = None) -> tuple[Transport, Transport]:
    """Two joined ends. With `limit`, `send` waits while so many frames lie unreceived at the other end.

    A close carries its code and reason over, and may have any code: `aclose(1006)` is a dropped connection.
    """
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, not {limit}")
    one, other = _End(limit), _End(limit)
    one.peer, other.peer = other, one
    return one, other


class _End:
    """One end: its inbox, and how the connection ended as seen from here."""

    peer: "_End"

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._inbox: deque[bytes] = deque()
        self._closed_here: Close | None = None
        self._changed = anyio.Event()
        self._reading = anyio.ResourceGuard("receiving from")

    def __repr__(self) -> str:
        state = "open" if self._end() is None else "closed"
        return f"<memory transport {state}, {len(self._inbox)} to receive>"

    async def send(self, frame: bytes) -> None:
        while (end := self._end()) is None and self.peer._full():
            await self.peer._changed.wait()
        if end is not None:
            raise end
        self.peer._inbox.append(frame)
        self.peer._tell()
        await checkpoint()  # after the frame was sent: cancelling gives up only the wait for room

    async def receive(self) -> bytes:
        with self._reading:
            await checkpoint()
            while not self._inbox or self._closed_here is not None:
                if (end := self._end()) is not None:
                    raise end
                await self._changed.wait()
            frame = self._inbox.popleft()
            self._tell()
            return frame

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        if self._end() is None:
            self._closed_here = Close(code, reason)
            self._tell()
            self.peer._tell()
        await checkpoint()

    def _end(self) -> Exception | None:
        if self._closed_here is not None:
            return closed_here(self._closed_here)
        if self.peer._closed_here is not None:
            return closed_by_peer(self.peer._closed_here)
        return None

    def _full(self) -> bool:
        return self._limit is not None and len(self._inbox) >= self._limit

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

"""The one way out: frames leave one after the other, in the order in which they are recorded.

A sender enters, records, hands its frames to the transport, and leaves. Who must wait waits here, before anything is
recorded, so that cancelling a wait leaves no trace. Knows no event and no log.
"""

from collections import deque
from copy import copy

import anyio

from realtime_sdk.errors import OutboundFull
from realtime_sdk.transport import Transport

__all__ = ["Outbound"]


class Outbound:
    """A gate that one sender passes at a time. Closed until `open`; between connections senders wait at it.

    `limit_bytes`: more than that waiting at the gate is refused with OutboundFull; None lets any number wait.
    """

    def __init__(self, *, limit_bytes: int | None = None) -> None:
        self._limit_bytes = limit_bytes
        self._transport: Transport | None = None
        self._is_taken = False
        self._queue: deque[anyio.Event] = deque()
        self._waiting_bytes = 0
        self._error: Exception | None = None

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames whose senders wait at the gate."""
        return self._waiting_bytes

    @property
    def is_shut(self) -> bool:
        """Whether there is no connection now, and another will come."""
        return self._transport is None and self._error is None

    @property
    def is_closed(self) -> bool:
        """Whether no connection comes any more."""
        return self._error is not None

    @property
    def is_busy(self) -> bool:
        """Whether a sender is at it, or waits."""
        return self._is_taken or bool(self._queue)

    def open(self, transport: Transport) -> None:
        """From now on frames go to `transport`; unless no connection was to come any more."""
        if self._error is None:
            self._transport = transport
            self._let_in()

    def shut(self) -> None:
        """The connection is gone, another will come: senders wait."""
        self._transport = None

    def close(self, error: Exception) -> None:
        """No connection comes any more: whoever waits, or comes later, gets `error`."""
        self._transport, self._error = None, error
        while self._queue:
            self._queue.popleft().set()

    def enter_at_once(self) -> Transport | None:
        """The turn to send, if nobody has it and none need be waited for: then `leave` as after `enter`."""
        if self._is_taken or self._transport is None:
            return None
        self._is_taken = True
        return self._transport

    async def enter(self, size: int) -> Transport:
        """Wait for the turn to send `size` bytes. Whoever entered must `leave`, and await nothing but the transport.

        Raises OutboundFull, and what `close` was called with.
        """
        transport = self.enter_at_once()
        if transport is not None:
            return transport
        if self._error is not None:
            raise copy(self._error)
        return await self._wait(size)

    def leave(self) -> None:
        """Let the next one in."""
        self._is_taken = False
        if self._queue:
            self._let_in()

    async def _wait(self, size: int) -> Transport:
        if self._limit_bytes is not None and self._waiting_bytes + size > self._limit_bytes:
            raise OutboundFull(
                f"{self._waiting_bytes} bytes wait to be sent and the limit is {self._limit_bytes}: send slower",
                queued=self._waiting_bytes,
                limit=self._limit_bytes,
            )
        self._waiting_bytes += size
        try:
            transport = await self._turn()
            while transport is None:  # shut again before we ran
                transport = await self._turn(first=True)
            return transport
        finally:
            self._waiting_bytes -= size

    async def _turn(self, *, first: bool = False) -> Transport | None:
        """Wait to be let in; None if there is no connection by then."""
        turn = anyio.Event()
        if first:
            self._queue.appendleft(turn)
        else:
            self._queue.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():
                self.leave()
            else:
                self._queue.remove(turn)
            raise
        if self._error is not None:
            raise copy(self._error)
        if self._transport is None:
            self._is_taken = False
        return self._transport

    def _let_in(self) -> None:
        if self._transport is not None and not self._is_taken and self._queue:
            self._is_taken = True  # theirs already: nobody slips in before they run
            self._queue.popleft().set()

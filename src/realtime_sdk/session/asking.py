"""Asking for responses: sends what is due in the queue, at once by whoever asks, later by a task of the session."""

from collections import deque
from typing import Any

import anyio

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.protocol.client_events import ResponseCancel
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.response_queue import Held, ResponseQueue
from realtime_sdk.session.wire import Wire

__all__ = ["Asking"]


class Asking:
    """The queue of requests for responses, and who sends them. `run` is a task that the session owns."""

    def __init__(self, queue: ResponseQueue, core: SessionCore, wire: Wire) -> None:
        self.queue = queue
        self._core = core
        self._wire = wire
        self._due = anyio.Event()
        self._unwanted: deque[str | None] = deque()

    async def put(self, held: Held) -> None:
        """Send a request, or leave it in the queue until its turn comes; never waits for a response.

        Raises LocalProtocolError if the dialect cannot say it.
        """
        self._core.write(held.event)
        if not held.wanted_by:
            return
        self.queue.put(held)
        try:
            await self._send_due()
        except BaseException as error:
            self._due.set()  # someone else's may be due as well
            if not isinstance(error, ConnectionClosed):
                self.queue.leave(held)
            raise

    def take_back(self, held: Held) -> None:
        """What one of them wanted answered was refused: with the last one it goes off the wire, sent or not."""
        held = held.goes_out
        held.wanted_by -= 1
        if held.wanted_by or self.queue.withdraw(held):
            return
        if held.response_id is None:
            held.answered = lambda _: self._cancel(held)
        else:
            self._cancel(held)

    def _cancel(self, held: Held) -> None:
        self._unwanted.append(held.response_id)
        self._due.set()

    def look(self) -> None:
        """Something has happened: what waits may be due now."""
        if self.queue.is_due(self._core.state):
            self._due.set()

    async def run(self) -> None:
        """Send what becomes due, until it is cancelled."""
        while True:
            await self._due.wait()
            self._due = anyio.Event()
            try:
                await self._cancel_unwanted()
                await self._send_due()
            except ConnectionClosed:
                continue  # whoever waits for it was told

    async def _cancel_unwanted(self) -> None:
        while self._unwanted:
            response = self._core.state.responses.get(self._unwanted.popleft() or "")
            if response is not None and response.is_active:
                await self._wire.send(self._core.write(ResponseCancel(response_id=response.id)))

    async def _send_due(self) -> None:
        while self.queue.is_due(self._core.state):
            await self._wire.send_what(self._next)

    def _next(self) -> tuple[Any, ...]:
        held = self.queue.take(self._core.state)
        return () if held is None else self._core.write(held.event)

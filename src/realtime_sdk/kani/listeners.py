"""Who listens to a session: each in a task of its own, so that none can hold the session or another one up.

Every listener gets every event of the server in wire order, when the state already has it; where the 2024 dialect had
the event, in that class. One that raises is logged and goes on listening.
"""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, Final

from realtime_sdk.errors import RealtimeError
from realtime_sdk.fold import Update
from realtime_sdk.kani.translate.seed import as_listened
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.session import RealtimeSession as Live

__all__ = ["Listener", "Listeners"]

_logger: Final = logging.getLogger(__name__)

Callback = Callable[[Any], Any]


class Listener:
    """One callback and the task that calls it."""

    def __init__(self, callback: Callback) -> None:
        self.callback: Final = callback
        self.is_removed = False
        self._task: asyncio.Task[None] | None = None

    def follow(self, past: Iterable[Update], updates: AsyncIterable[Update]) -> None:
        """Listen to a connection: first to what was said before, then to what comes."""
        self._task = asyncio.create_task(self._listen(past, updates), name="a listener of a realtime session")

    async def _listen(self, past: Iterable[Update], updates: AsyncIterable[Update]) -> None:
        try:
            for update in past:
                await self._tell(update)
            async for update in updates:
                if self.is_removed:
                    return
                await self._tell(update)
        except RealtimeError:
            return  # the connection has ended; who waits for something is told

    async def _tell(self, update: Update) -> None:
        if update.record.sender != "server":
            return
        for event in update.events:
            if not self.is_removed and isinstance(event, WireModel | UnknownEvent):
                await self._call(as_listened(event))

    async def _call(self, event: Any) -> None:
        try:
            given = self.callback(event)
            if inspect.isawaitable(given):
                await given
        except Exception:
            _logger.warning("a listener failed on %s", type(event).__name__, exc_info=True)


class Listeners:
    """The listeners of a session, over all of its connections."""

    def __init__(self) -> None:
        self._all: list[Listener] = []
        self._live: Live | None = None

    def add(self, callback: Callback) -> None:
        """Listen from the next event on; before connecting, from the first."""
        listener = Listener(callback)
        self._all.append(listener)
        if self._live is not None and self._live.is_open:
            listener.follow((), self._live.updates(limit=None, sent_audio=False))

    def remove(self, callback: Callback) -> None:
        """Listen no more; a call that runs is left to end. ValueError for one that does not listen."""
        listener = next((one for one in self._all if one.callback == callback), None)
        if listener is None:
            raise ValueError(f"{callback!r} does not listen to this session")
        listener.is_removed = True
        self._all.remove(listener)

    def follow(self, live: Live, past: tuple[Update, ...]) -> None:
        """A new connection, and what was said on it before anybody could listen."""
        self._live = live
        for listener in self._all:
            listener.follow(past, live.updates(limit=None, sent_audio=False))

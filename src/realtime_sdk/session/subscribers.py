"""Every update once, in order, to any number of subscribers; none of them can hold the session up.

Updates form a chain: the feed holds its end, each subscriber the place it has read to. So an update is stored once,
memory is what the slowest subscriber has not read (up to its limit), and one that is dropped leaves nothing behind.
Those who wait are woken together, once for all that came until they run; for audio that was sent, fifty frames a
second, only those who want it.
"""

from collections.abc import Iterator
from copy import copy
from typing import Any, Final, TypeAlias
from weakref import WeakSet

import anyio

from realtime_sdk.errors import SubscriberTooSlow
from realtime_sdk.fold import Update
from realtime_sdk.protocol import registries
from realtime_sdk.session.core import APPENDS

__all__ = ["DEFAULT_LIMIT", "Events", "Feed", "Subscriber", "hears_sent_audio"]

DEFAULT_LIMIT: Final = 4_096
"""How many updates a subscriber may fall behind. Of audio deltas that is some fifteen minutes of speech."""

_LOOK_EVERY: Final = 64


_Link: TypeAlias = list[Any]
"""A place in the chain: [update, next place], both None until it is published. A list: one is made for every update."""


class Feed:
    """The sender's side: `publish` and `close` never wait and never raise."""

    def __init__(self) -> None:
        self._end_of_chain: _Link = [None, None]
        self._published = 0
        self._waiting: dict[bool, anyio.Event] = {}  # by whether they want audio that was sent
        self._subscribers: WeakSet[Subscriber] = WeakSet()
        self._is_closed = False
        self._ended = anyio.Event()
        # anyio.Event looks for the loop each time, which takes longer than all the rest
        self._new_event = type(self._ended)
        self._error: Exception | None = None

    def publish(self, update: Update) -> None:
        """Tell everybody."""
        link = self._end_of_chain
        self._end_of_chain = place = [None, None]
        link[1] = place
        link[0] = update
        self._published += 1
        waiting = self._waiting
        if waiting and (True in waiting or not update.is_unread):
            self._wake(everybody=not update.is_unread)
        if not self._published % _LOOK_EVERY:
            for subscriber in self._subscribers:
                subscriber.drop_if_too_slow()

    def close(self, error: Exception | None) -> None:
        """No more updates come. Subscribers read what is left; then they end, or raise `error`."""
        self._is_closed, self._error = True, error
        self._wake(everybody=True)
        self._ended.set()

    async def ended(self) -> None:
        """Wait for `close`. Raises the error it was called with."""
        await self._ended.wait()
        if self._error is not None:
            raise copy(self._error)

    def subscribe(self, *, limit: int | None = DEFAULT_LIMIT, sent_audio: bool = True) -> "Subscriber":
        """A subscriber to everything from now on, or to all but audio that was sent.

        `limit` None: it may fall behind as far as memory goes.
        """
        subscriber = Subscriber(self, limit, sent_audio=sent_audio)
        self._subscribers.add(subscriber)
        return subscriber

    def _wake(self, *, everybody: bool) -> None:
        for wants_sent_audio in (True, False) if everybody else (True,):
            event = self._waiting.pop(wants_sent_audio, None)
            if event is not None:
                event.set()

    # --- what subscribers ask ------------------------------------------------------------------------------------

    @property
    def here(self) -> _Link:
        """Where the next update will stand."""
        return self._end_of_chain

    @property
    def published(self) -> int:
        """How many updates there have been."""
        return self._published

    @property
    def is_closed(self) -> bool:
        """Whether there will be no more updates."""
        return self._is_closed

    def raise_if_closed(self) -> None:
        """Raise how the feed ended, StopAsyncIteration if it ended well; nothing while it goes on."""
        if self._is_closed:
            raise StopAsyncIteration if self._error is None else copy(self._error)

    async def wait(self, *, sent_audio: bool) -> None:
        """Wait for the next update, or the next but audio that was sent, or the end; at times it is none of them."""
        event = self._waiting.get(sent_audio)
        if event is None:
            event = self._waiting[sent_audio] = self._new_event()
        await event.wait()


class Subscriber:
    """The updates from the moment it was made, as an asynchronous iterator. For one task.

    Leaving the loop is enough to unsubscribe. Raises SubscriberTooSlow, once, after it fell behind further than its
    limit; it gets nothing more after that.
    """

    def __init__(self, feed: Feed, limit: int | None, *, sent_audio: bool = True) -> None:
        self._feed = feed
        self._limit = limit
        self._wants_sent_audio = sent_audio
        self._at: _Link | None = feed.here
        self._read = feed.published
        self._missed = 0

    def __aiter__(self) -> "Subscriber":
        return self

    async def __anext__(self) -> Update:
        while True:
            at = self._at
            if at is None:
                raise self._too_slow()
            update: Update | None = at[0]
            if update is not None:
                self._at = at[1]
                self._read += 1
                if self._wants_sent_audio or not update.is_unread:
                    return update
            else:
                self._feed.raise_if_closed()
                await self._feed.wait(sent_audio=self._wants_sent_audio)

    def unread(self) -> Iterator[Update]:
        """What there is to read without waiting; what is taken counts as read."""
        while self._at is not None and self._at[0] is not None:
            update: Update = self._at[0]
            self._at = self._at[1]
            self._read += 1
            if self._wants_sent_audio or not update.is_unread:
                yield update

    def leave(self) -> None:
        """Get nothing more, and hold nothing."""
        self._at = None

    @property
    def behind(self) -> int:
        """How many updates it has not read yet."""
        return self._feed.published - self._read

    @property
    def is_at_end(self) -> bool:
        """Whether everything was read, and nothing more comes."""
        return self._feed.is_closed and self.behind == 0

    def drop_if_too_slow(self) -> None:
        """Let go of everything unread if that is more than the limit; audio that it does not want is passed over."""
        if not self._wants_sent_audio:
            self._pass_sent_audio()
        if self._limit is not None and self._at is not None and self.behind > self._limit:
            self._missed = self.behind
            self._at = None

    def _pass_sent_audio(self) -> None:
        """Read on to what it wants, since nobody wakes it for the rest."""
        while self._at is not None and self._at[0] is not None and self._at[0].is_unread:
            self._at = self._at[1]
            self._read += 1

    def _too_slow(self) -> Exception:
        missed, self._missed = self._missed, 0
        if not missed:
            return StopAsyncIteration()
        return SubscriberTooSlow(
            f"a subscriber was {missed} updates behind, more than its limit of {self._limit}: read faster, "
            "or subscribe with a larger limit",
            missed=missed,
        )


class Events:
    """The events of some classes, out of updates."""

    def __init__(self, updates: Subscriber, classes: tuple[type[Any], ...]) -> None:
        self._updates = updates
        self._classes = classes
        self._wanted: dict[type[Any], bool] = {}
        self._found: Iterator[Any] = iter(())

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Any:
        while True:
            for event in self._found:
                return event
            update = await anext(self._updates)
            self._found = filter(self._wants, update.events)

    def _wants(self, event: Any) -> bool:
        wanted = self._wanted.get(event.__class__)
        if wanted is None:
            wanted = self._wanted[event.__class__] = not self._classes or isinstance(event, self._classes)
        return wanted


def hears_sent_audio(classes: tuple[type[Any], ...]) -> bool:
    """Whether audio that was sent is among the events of these classes; no class at all stands for all."""
    return not classes or any(issubclass(append, classes) for append in _APPENDS)


_APPENDS: Final = tuple(
    registry.client[kind]
    for registry in (registries.GA, registries.TRANSLATION)
    for kind in APPENDS
    if kind in registry.client
)

"""The assistant's voice as a session hands it over: deltas in, positions out as `local` events. Any thread, one clock.

Without a device the clock alone moves the position. `Speaker` in `devices` is a player that is heard.
"""

import time
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Protocol

import anyio

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.playback import PlaybackBuffer, Position
from realtime_sdk.protocol.local import PlaybackHeard

__all__ = ["Player", "SoundDelta"]


class SoundDelta(Protocol):
    """What a player needs of a delta; every `response.output_audio.delta` has it."""

    @property
    def item_id(self) -> str:
        """Whose sound it is."""
        ...

    @property
    def content_index(self) -> int:
        """In which content part."""
        ...

    @property
    def pcm(self) -> bytes:
        """The sound, in the session's output format."""
        ...


class Player:
    """Plays deltas in their order and knows to the millisecond what was heard of each item.

    By itself it makes no sound: it is a player without a device, heard in real time, or in virtual time if `now_ns`
    (any count of nanoseconds) and `sleep` say so. May be called from any thread.
    """

    def __init__(
        self,
        wire: WireFormat = PCM,
        *,
        buffer: PlaybackBuffer | None = None,
        now_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._buffer = buffer or PlaybackBuffer(wire, direct=True)
        self._now_ns = now_ns
        self._sleep = sleep
        self._lock = Lock()

    @property
    def wire(self) -> WireFormat:
        """The format of the deltas."""
        return self._buffer.wire

    @property
    def playing(self) -> bool:
        """Whether something is still to be heard."""
        with self._lock:
            self._buffer.tick(self._now_ns())
            return self._buffer.playing

    @property
    def unheard_ms(self) -> int:
        """Sound that was fed and not yet heard."""
        with self._lock:
            self._buffer.tick(self._now_ns())
            return self._buffer.unheard_ms

    def feed(self, delta: SoundDelta) -> bool:
        """Play this delta after those before it; False if its item began before an interruption: it is left out."""
        sound = delta.pcm
        with self._lock:
            return self._buffer.feed(delta.item_id, delta.content_index, sound, at_ns=self._now_ns())

    def interrupt(self) -> tuple[Position, ...]:
        """Stop now. What was cut off, in playing order, each with how much of it was heard; empty if all was.

        One with `heard_ms` 0 was not heard at all. Late deltas of any item that has begun are left out.
        """
        with self._lock:
            return self._buffer.clear(at_ns=self._now_ns())

    def position(self, item_id: str, content_index: int = 0) -> Position | None:
        """How far this part is now; None if no sound of it came."""
        with self._lock:
            self._buffer.tick(self._now_ns())
            return self._buffer.position(item_id, content_index)

    def positions(self) -> tuple[Position, ...]:
        """How far all parts are now, in the order of their first delta."""
        with self._lock:
            self._buffer.tick(self._now_ns())
            return self._buffer.positions()

    def heard(self, *, step_ms: int = 1) -> tuple[PlaybackHeard, ...]:
        """What was heard since this was asked last, for the log: parts that moved by `step_ms`, ended or were cut."""
        with self._lock:
            self._buffer.tick(self._now_ns())
            moved = self._buffer.reports(step_ms=step_ms)
        return tuple(
            PlaybackHeard(item_id=part.item_id, content_index=part.content_index, heard_ms=part.heard_ms)
            for part in moved
        )

    async def tell(self, listener: Callable[[PlaybackHeard], object], *, every_ms: int = 100) -> None:
        """Tell the listener what was heard, every `every_ms` until cancelled, and the rest then. Run it in a task."""
        try:
            while True:
                self._tell(listener, step_ms=every_ms)
                await self._sleep(every_ms / 1_000)
        except anyio.get_cancelled_exc_class():
            self._tell(listener, step_ms=1)
            raise

    async def drained(self, *, every_ms: int = 10) -> None:
        """Return when all that was fed has been heard, or was cut."""
        while self.playing:
            await self._sleep(every_ms / 1_000)

    def _tell(self, listener: Callable[[PlaybackHeard], object], *, step_ms: int) -> None:
        for event in self.heard(step_ms=step_ms):
            listener(event)

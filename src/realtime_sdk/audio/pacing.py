"""The time in which sound passes: real time at any speed, or at once. The only clock of this room."""

from collections.abc import AsyncIterator, Iterable
from typing import Protocol

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["Clock", "Pacer", "RealClock", "pace"]


class Clock(Protocol):
    """What tells the time and waits, in seconds from any origin. Tests and simulations bring their own."""

    def now(self) -> float:
        """Seconds that have passed."""
        ...

    async def sleep_until(self, at: float) -> None:
        """Return when `now` is at least `at`; let others run even where it already is."""
        ...


class RealClock:
    """The event loop's clock."""

    def now(self) -> float:
        """Seconds that have passed."""
        return anyio.current_time()

    async def sleep_until(self, at: float) -> None:
        """Return when `now` is at least `at`; lets others run even where it already is."""
        await (anyio.sleep_until(at) if at > anyio.current_time() else checkpoint())


class Pacer:
    """Lets one piece of sound through every `piece_ms` at `speed` 1, the first at once; all at once at speed None.

    Who comes late catches up: the times are counted from the first piece. Raises ValueError for a piece or a speed
    that is not above 0.
    """

    def __init__(self, piece_ms: float, *, speed: float | None = 1.0, clock: Clock | None = None) -> None:
        if piece_ms <= 0 or (speed is not None and speed <= 0):
            raise ValueError(f"no pace: pieces of {piece_ms} ms at speed {speed}; both must be above 0")
        self._step_s = piece_ms / 1_000 / speed if speed else 0.0
        self._clock = clock or RealClock()
        self._started: float | None = None
        self._passed = 0

    async def next(self) -> None:
        """Return when it is time for the next piece; lets others run in any case."""
        if self._started is None:
            self._started = self._clock.now()
        await self._clock.sleep_until(self._started + self._passed * self._step_s)
        self._passed += 1


async def pace(
    pieces: Iterable[bytes], piece_ms: float, *, speed: float | None = 1.0, clock: Clock | None = None
) -> AsyncIterator[bytes]:
    """`pieces` as they would come from a microphone, one every `piece_ms`; see `Pacer`."""
    pacer = Pacer(piece_ms, speed=speed, clock=clock)
    for piece in pieces:
        await pacer.next()
        yield piece

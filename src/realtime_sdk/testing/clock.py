"""Time that passes when a test says so. For `simulate(port=None, speed=1, clock=SteppedClock())`."""

import anyio
from anyio.lowlevel import checkpoint

__all__ = ["SteppedClock"]

_ROUNDS = 20
"""How often others run before the time goes on: more than a frame needs from the simulator to the session's state."""


class SteppedClock:
    """A `Clock` that stands still until `advance` is awaited; then everything that is due happens in its order.

    For sessions in memory: what travels through a socket needs time that no clock of ours counts.
    """

    def __init__(self) -> None:
        self._now = 0.0
        self._sleepers: list[tuple[float, anyio.Event]] = []

    def now(self) -> float:
        """Seconds that have passed."""
        return self._now

    async def sleep_until(self, at: float) -> None:
        """Return when `now` is at least `at`; let others run even where it already is."""
        if at <= self._now:
            await checkpoint()
            return
        sleeper = (at, anyio.Event())
        self._sleepers.append(sleeper)
        try:
            await sleeper[1].wait()
        finally:
            self._sleepers.remove(sleeper)

    async def advance(self, ms: float) -> None:
        """Let so many ms pass, and all that is due meanwhile happen."""
        until = self._now + ms / 1_000
        await _settle()
        while due := [sleeper for sleeper in self._sleepers if sleeper[0] <= until]:
            at, woken = min(due, key=lambda sleeper: sleeper[0])
            self._now = max(self._now, at)
            woken.set()
            await _settle()
        self._now = until


async def _settle() -> None:
    for _ in range(_ROUNDS):
        await checkpoint()

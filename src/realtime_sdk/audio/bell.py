"""From a sound card's thread into the event loop, on asyncio and trio: a ring that never blocks who rings."""

from collections.abc import Callable
from contextlib import suppress

import anyio
from anyio.lowlevel import current_token

__all__ = ["Bell"]


class Bell:
    """Wakes one task of the event loop it was made in. Rings before a wait are remembered, as one."""

    def __init__(self) -> None:
        loop = current_token().native_token
        # asyncio's name for it, then trio's.
        soon = getattr(loop, "call_soon_threadsafe", None) or getattr(loop, "run_sync_soon", None)
        assert soon is not None, f"unknown event loop {loop!r}"
        self._soon: Callable[[Callable[[], object]], object] = soon
        self._event = anyio.Event()

    def ring(self) -> None:
        """Wake the waiting task, from any thread; nothing happens once the loop has ended."""
        with suppress(RuntimeError):
            self._soon(self._set)

    async def wait(self) -> None:
        """Return at the next ring, or at once if one came since the last wait."""
        await self._event.wait()
        self._event = anyio.Event()

    def _set(self) -> None:
        self._event.set()

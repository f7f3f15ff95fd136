"""From a thread into the event loop, on asyncio and trio: a ring that never blocks who rings."""

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar, TypeVarTuple

import anyio
from anyio.lowlevel import current_token

__all__ = ["Bell", "aside"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


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


async def aside(call: Callable[[*Ts], T], *args: *Ts) -> T:
    """What a call gives that may block for ever, made in a thread of its own.

    Cancelling abandons the call. A program that ends does not wait for it: unlike a worker thread of the loop.
    """
    bell = Bell()
    given: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            given.append(call(*args))
        except BaseException as error:
            failed.append(error)
        bell.ring()

    Thread(target=run, name="sound of a pipe", daemon=True).start()
    await bell.wait()
    if failed:
        raise failed[0]
    return given[0]

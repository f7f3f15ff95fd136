"""From a thread into the event loop, on asyncio and trio: a ring that never blocks who rings."""

from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar, TypeVarTuple

import anyio
from anyio.lowlevel import current_token

__all__ = ["Aside", "Bell"]

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


class Aside:
    """A thread of its own for calls that may block for ever, one at a time. Close it when done.

    A program that ends does not wait for it: unlike a worker thread of the loop. Cancelling abandons the call, and
    then there must be no other.
    """

    def __init__(self, name: str) -> None:
        self._bell = Bell()
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._failed: BaseException | None = None
        Thread(target=self._serve, name=name, daemon=True).start()

    async def run(self, call: Callable[[*Ts], T], *args: *Ts) -> T:
        """What the call gives, made in the thread."""
        given: list[T] = []
        self._calls.put(lambda: given.append(call(*args)))
        await self._bell.wait()
        if self._failed is not None:
            raise self._failed
        return given[0]

    def close(self, last: Callable[[], object]) -> None:
        """Let the thread end, after the call that it is in and the last one."""
        self._calls.put(last)
        self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            try:
                call()
            except BaseException as error:
                self._failed = error
            del call  # while the next one is awaited, the program may end, and nothing of it must be held here
            self._bell.ring()

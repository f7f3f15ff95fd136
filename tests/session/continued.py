"""What the tests of going on over breaks have in common."""

import base64
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.session import RealtimeSession
from realtime_sdk.transport import Transport
from tests.session.scripted import AT_ONCE, Server

ROLLING = replace(AT_ONCE, rollover_before_s=60.0, wall_s=lambda: 59.99)
"""A session that rolls over a minute before it expires, and it is nearly that late."""


async def idle() -> None:
    for _ in range(60):
        await checkpoint()


async def brought_back(session: RealtimeSession, epoch: int = 1) -> None:
    """Wait until the session stands again, restored."""
    await session.until(lambda state: len(state.epochs) > epoch and state.epochs[epoch].session_id is not None)
    await idle()


def told(server: Server) -> list[tuple[str, Any]]:
    """What a server was told, item by item: (kind, words)."""
    found: list[tuple[str, Any]] = []
    for event in server.heard_of("conversation.item.create"):
        item = event["item"]
        words = [part.get("text") or part.get("image_url") for part in item.get("content", ())]
        found.append((item.get("role") or item["type"], words or item.get("call_id")))
    return found


def texts(session: RealtimeSession) -> list[str | None]:
    return [item.text for item in session.state.conversation.items.values()]


class Prompt:
    """A transport that never lets another task run while it has something; held back, it gives all at the end."""

    def __init__(self, inner: Transport) -> None:
        self.send: Callable[[bytes], Awaitable[None]] = inner.send
        self.aclose = inner.aclose
        self.is_holding = False
        self._inner = inner
        self._came: deque[bytes | ConnectionClosed] = deque()
        self._changed = anyio.Event()

    async def pump(self) -> None:
        while True:
            try:
                self._came.append(await self._inner.receive())
            except ConnectionClosed as end:
                self._came.append(end)
                self._changed.set()
                return
            if not self.is_holding:
                self._changed.set()
                self._changed = anyio.Event()

    async def receive(self) -> bytes:
        while not self._came:
            await self._changed.wait()
        if isinstance(found := self._came[0], ConnectionClosed):
            raise found
        self._came.popleft()
        return found


def appended(server: Server) -> bytes:
    return b"".join(base64.b64decode(event["audio"]) for event in server.heard_of("input_audio_buffer.append"))


def expiring(server: Server, number: int) -> None:
    """The first session expires in a minute, so that it is time to roll over."""
    server.session["expires_at"] = 60 if number == 0 else 100_000

"""Many events through one session: each is told once, in order, and memory stays flat.

CI passes some thousands. In `nox -s soak` 10,000 events a second go on for `SOAK_SECONDS`, and it is asked whether one
core kept up with them: by CPU time, for the machine may have others to serve.
"""

import os
import sys
import tracemalloc
from collections import deque
from collections.abc import Iterable
from functools import lru_cache
from time import process_time

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionClosed
from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Transport, pair
from tests import said

EVENTS = 2_000
PER_SECOND = 10_000
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
WARM_UP = 1_000
TICK_S = 0.01
GREETING = b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"sess_1"}}'
LIMITS = b'{"type":"rate_limits.updated","event_id":"e","rate_limits":[{"name":"tokens","limit":%d,"remaining":1}]}'
GROWTH_BYTES = 300_000
GROWTH_BLOCKS = 5_000
BLOCKS_OF_ITEM = 20
EVENTS_OF_ITEM = 500
"""An item is what a conversation keeps; its deltas are kept apart until it ends."""


@lru_cache(maxsize=4)
def item(number: int) -> tuple[bytes, bytes, bytes]:
    """How an item begins, sounds and ends."""
    item_id = f"item_{number}"
    ended = said.assistant(item_id, status="completed")
    return encode(said.added(said.assistant(item_id))), encode(said.sound(item_id, 20)), encode(said.done(ended))


def frame(number: int) -> bytes:
    """What is said: an item begins, sounds at every second event and ends, then comes the next."""
    began, sounds, ended = item(number // EVENTS_OF_ITEM)
    place = number % EVENTS_OF_ITEM
    if place in (0, EVENTS_OF_ITEM - 1):
        return ended if place else began
    return sounds if number % 2 else LIMITS % number


async def speak(transport: Transport, first: int, count: int) -> None:
    """Send so many events."""
    for number in range(first, first + count):
        await transport.send(frame(number))


class Bursts:
    """A transport on which many frames come at once, as they do from a socket; what it costs is the session's."""

    def __init__(self) -> None:
        self._frames = deque([GREETING])
        self._came = anyio.Event()
        self._is_closed = False

    def come(self, frames: Iterable[bytes]) -> None:
        self._frames.extend(frames)
        self._came.set()

    async def send(self, frame: bytes) -> None:
        await checkpoint()

    async def receive(self) -> bytes:
        while not self._frames:
            if self._is_closed:
                raise ConnectionClosed
            self._came = anyio.Event()
            await self._came.wait()
        return self._frames.popleft()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        self._is_closed = True
        self._came.set()
        await checkpoint()


async def speak_in_time(bursts: Bursts, first: int, count: int) -> None:
    """Let so many events come at their pace; who is late catches up."""
    started = anyio.current_time()
    step = round(PER_SECOND * TICK_S)
    for tick, start in enumerate(range(first, first + count, step)):
        await anyio.sleep_until(started + tick * TICK_S)
        bursts.come([frame(number) for number in range(start, start + step)])


async def listen(session: RealtimeSession, first: int, count: int) -> None:
    """Hear so many events, in order; none is missing."""
    number = first
    async for update in session.updates():
        assert update.record.frame == frame(number)
        number += 1
        if number == first + count:
            return


async def passed(session: RealtimeSession, far: Transport, first: int, count: int) -> None:
    """Pass so many events through the session, to two who listen."""
    async with anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(listen, session, first, count)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(speak, far, first, count)


@pytest.mark.time_limit(60)
async def test_memory_is_flat_however_many_events_pass() -> None:
    near, far = pair(limit=1_000)
    async with task_home():
        await far.send(GREETING)
        async with connect(transport=near, log=EventLog(keep="none")) as session:
            tracemalloc.start()
            try:
                await passed(session, far, 0, WARM_UP)
                warm, _ = tracemalloc.get_traced_memory()
                await passed(session, far, WARM_UP, EVENTS)
                after, _ = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
            assert after - warm < GROWTH_BYTES
            check(session, WARM_UP + EVENTS)


@pytest.mark.time_limit(60 + 4 * SECONDS)
async def test_one_core_keeps_up_with_ten_thousand_events_a_second() -> None:
    count, bursts = max(round(SECONDS * PER_SECOND), 1_000), Bursts()
    async with connect(transport=bursts, log=EventLog(keep="none")) as session:
        bursts.come([frame(number) for number in range(WARM_UP)])
        await listen(session, 0, WARM_UP)
        blocks, began_s, began_cpu_s = sys.getallocatedblocks(), anyio.current_time(), process_time()
        async with anyio.create_task_group() as group:
            group.start_soon(listen, session, WARM_UP, count)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(speak_in_time, bursts, WARM_UP, count)
        spent_s, took_s = process_time() - began_cpu_s, anyio.current_time() - began_s
        grown = sys.getallocatedblocks() - blocks
        check(session, WARM_UP + count)
    print(f"{count:,} events in {took_s:.1f} s, of which {spent_s:.1f} s CPU; {grown:+} blocks of memory")
    assert grown < GROWTH_BLOCKS + BLOCKS_OF_ITEM * count // EVENTS_OF_ITEM
    assert not SECONDS or spent_s < SECONDS


def check(session: RealtimeSession, count: int) -> None:
    """Every event was recorded, every limit taken in, and every sound."""
    items = session.state.items.values()
    assert session.log.stats().records == count + 2
    assert session.state.rate_limits["tokens"].limit == count - 2
    assert [item.audio_ms for item in items] == [(EVENTS_OF_ITEM - 2) // 2 * 20] * (count // EVENTS_OF_ITEM)
    assert list(session.state.anomalies) == []

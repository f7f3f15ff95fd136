"""Many events through one session: each is told once, in order, and memory stays flat.

CI passes some thousands. In `nox -s soak` 10,000 events a second go on for `SOAK_SECONDS`, and it is asked whether one
core kept up with them: by CPU time, for the machine may have others to serve.
"""

import os
import sys
import tracemalloc
from collections.abc import Callable, Coroutine
from time import process_time
from typing import Any

import anyio
import pytest

from realtime_sdk.log import EventLog
from realtime_sdk.protocol.codec import encode
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Transport, pair
from tests import said

EVENTS = 3_000
PER_SECOND = 10_000
SECONDS = float(os.environ.get("SOAK_SECONDS", "0"))
WARM_UP = 1_000
TICK_S = 0.01
GREETING = b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"sess_1"}}'
LIMITS = b'{"type":"rate_limits.updated","event_id":"e","rate_limits":[{"name":"tokens","limit":%d,"remaining":1}]}'
SOUND = encode(said.sound("item", 20))
OPENING = tuple(encode(event) for event in (said.created(), said.item_of("added", said.assistant("item"))))
GROWTH_BYTES = 300_000
GROWTH_BLOCKS = 5_000


async def speak(transport: Transport, first: int, count: int) -> None:
    """Send so many events, every second one of them sound."""
    for number in range(first, first + count):
        await transport.send(SOUND if number % 2 else LIMITS % number)


async def speak_in_time(transport: Transport, first: int, count: int) -> None:
    """Send so many events at their pace; who is late catches up."""
    started = anyio.current_time()
    step = round(PER_SECOND * TICK_S)
    for tick, start in enumerate(range(first, first + count, step)):
        await anyio.sleep_until(started + tick * TICK_S)
        await speak(transport, start, step)


async def listen(session: RealtimeSession, first: int, count: int) -> None:
    """Hear so many events: the numbers come in order, and none is missing."""
    number = first
    async for update in session.updates():
        assert number % 2 or update.after.rate_limits["tokens"].limit == number
        number += 1
        if number == first + count:
            return


Speak = Callable[[Transport, int, int], Coroutine[Any, Any, None]]


async def passed(session: RealtimeSession, far: Transport, first: int, count: int, *, how: Speak = speak) -> None:
    """Pass so many events through the session, to two who listen."""
    async with anyio.create_task_group() as group:
        group.start_soon(listen, session, first, count)
        group.start_soon(listen, session, first, count)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(how, far, first, count)


async def test_memory_is_flat_however_many_events_pass() -> None:
    near, far = pair(limit=1_000)
    async with task_home():
        await far.send(GREETING)
        async with connect(transport=near, log=EventLog(keep="none")) as session:
            await begin(session, far)
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
    near, far = pair(limit=1_000)
    count = max(round(SECONDS * PER_SECOND), 500)
    async with task_home():
        await far.send(GREETING)
        async with connect(transport=near, log=EventLog(keep="none")) as session:
            await begin(session, far)
            await passed(session, far, 0, WARM_UP)
            blocks, began_s, began_cpu_s = sys.getallocatedblocks(), anyio.current_time(), process_time()
            await passed(session, far, WARM_UP, count, how=speak_in_time)
            spent_s, took_s = process_time() - began_cpu_s, anyio.current_time() - began_s
            grown = sys.getallocatedblocks() - blocks
            check(session, WARM_UP + count)
    print(f"{count:,} events in {took_s:.1f} s, of which {spent_s:.1f} s CPU; {grown:+} blocks of memory")
    assert grown < GROWTH_BLOCKS
    assert not SECONDS or spent_s < SECONDS


async def begin(session: RealtimeSession, far: Transport) -> None:
    """Let the response begin that sounds all the time."""
    for frame in OPENING:
        await far.send(frame)
    await session.until(lambda state: "item" in state.items)


def check(session: RealtimeSession, count: int) -> None:
    """Every event was recorded, and all of the sound was taken in."""
    assert session.log.stats().records == count + len(OPENING) + 2
    assert session.state.items["item"].audio_ms == count // 2 * 20
    assert list(session.state.anomalies) == []

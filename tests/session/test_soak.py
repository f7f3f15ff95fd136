"""Many events through one session: each is told once, in order, and memory stays flat. `SOAK_EVENTS` makes it more."""

import os
import tracemalloc

import anyio
import pytest

from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import task_home
from realtime_sdk.transport import Transport, pair

EVENTS = int(os.environ.get("SOAK_EVENTS", "5000"))
GREETING = b'{"type":"session.created","event_id":"e","session":{"type":"realtime","id":"sess_1"}}'
LIMITS = b'{"type":"rate_limits.updated","event_id":"e","rate_limits":[{"name":"tokens","limit":%d,"remaining":1}]}'
GROWTH_BYTES = 300_000


async def speak(transport: Transport, first: int, count: int) -> None:
    for number in range(first, first + count):
        await transport.send(LIMITS % number)


async def listen(session: RealtimeSession, first: int, count: int) -> None:
    expected = first
    async for update in session.updates():
        assert update.after.rate_limits["tokens"].limit == expected
        expected += 1
        if expected == first + count:
            return


async def passed(session: RealtimeSession, far: Transport, first: int, count: int) -> int:
    """Pass so many events through the session; the memory held after it."""
    async with anyio.create_task_group() as group:
        group.start_soon(listen, session, first, count)
        group.start_soon(listen, session, first, count)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(speak, far, first, count)
    return tracemalloc.get_traced_memory()[0]


@pytest.mark.time_limit(max(60, EVENTS // 500))
async def test_memory_is_flat_however_many_events_pass() -> None:
    near, far = pair(limit=1_000)
    async with task_home():
        await far.send(GREETING)
        async with connect(transport=near, log=EventLog(keep="none")) as session:
            tracemalloc.start()
            try:
                warm = await passed(session, far, 0, 2_000)
                after = await passed(session, far, 2_000, EVENTS)
            finally:
                tracemalloc.stop()
            assert after - warm < GROWTH_BYTES
            assert session.log.stats().records == EVENTS + 2_000 + 2

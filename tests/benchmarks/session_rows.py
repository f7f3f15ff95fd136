"""Many sessions at once, in real time: 20 ms frames up, sound down; against bare `websockets` with orjson and pybase64.

What a session takes of a core, how late sound is heard, and how many sessions a core bears. Lateness is from when the
other side, a program of its own, wrote a piece of sound, to when this side had it as PCM. Memory stands at the end.
"""

import gc
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from time import monotonic_ns
from typing import Any

import anyio
import orjson
import pybase64

import realtime_sdk as rt
from realtime_sdk.audio.pacing import Pacer
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from tests.benchmarks import far_side
from tests.benchmarks.limit import bare_append
from tests.benchmarks.measure import Spent, cpu_ns
from tests.benchmarks.paced_side import said_ns
from tests.benchmarks.row import CountedRow, Row, Scale, TimedRow, Unit, Works, at_most
from tests.benchmarks.socket_rows import LIMIT, LOOPS, OPTIONS, bare_websocket
from tests.benchmarks.uplink_rows import PIECE_MS, pieces

__all__ = ["rows"]

MS_PER_SECOND = Unit("ms/s", lambda ns: ns / 1e6)
"""CPU time in ms that a session takes for a second of its life."""
CPU_GOAL, MEMORY_GOAL, CROWD_GOAL = at_most(1.1), at_most(1.1), at_most(1.0)
LATE_MS = 20


def rows(scale: Scale) -> Iterator[Row]:
    for loop, needs in LOOPS.items():
        number = f"{scale.sessions:,} at once, {loop}"
        is_judged = loop == "asyncio"
        goals = {LIMIT: CPU_GOAL} if is_judged else {}
        cpu = partial(living, loop, scale)
        yield TimedRow(name=f"CPU a session, {number}", prepare=cpu, unit=MS_PER_SECOND, goals=goals, needs=needs)
        for share in (50, 99):
            late = partial(lateness, loop, scale, share / 100)
            yield CountedRow(name=f"sound late by, p{share}, {number}", unit="ms", count=late, needs=needs)
        goals = {LIMIT: CROWD_GOAL} if is_judged else {}
        bears = partial(crowds, loop, scale)
        name = f"sessions a core, p99 < {LATE_MS} ms, {loop}"
        yield CountedRow(name=name, unit="sessions", count=bears, goals=goals, needs=needs, rising=True)
        goals = {LIMIT: MEMORY_GOAL} if is_judged else {}
        name, count = f"an open session, {loop}", partial(memory, loop, max(scale.sessions // 4, 2))
        yield CountedRow(name=f"memory of {name}", unit="kB", count=count, goals=goals, needs=needs)


# ------------------------------------------------------------------------------------------------------------------
# A session's life: the user's sound goes up, the assistant's comes down


@dataclass
class Life:
    """What became of some sessions."""

    frames: int = 0
    """How many went up."""
    late_ns: list[int] = field(default_factory=list[int])
    has_heard: anyio.Event = field(default_factory=anyio.Event)
    spent_ns: int = 0

    def hears(self, event_id: str) -> None:
        """A piece of sound is there."""
        self.late_ns.append(monotonic_ns() - said_ns(event_id))
        self.has_heard.set()

    def late_ms(self, share: float) -> float:
        """The lateness that this share of all sound did not exceed."""
        found = sorted(self.late_ns)
        return found[min(int(len(found) * share), len(found) - 1)] / 1e6


Append = Callable[[bytes], Awaitable[object]]


@dataclass(frozen=True)
class Open:
    """An open session of one kind: how sound goes up, and how it is heard."""

    append: Append
    hear: Callable[[Life], Awaitable[None]]


Opening = Callable[[str], AbstractAsyncContextManager[Open]]


@asynccontextmanager
async def ours(url: str) -> AsyncGenerator[Open, None]:
    async with rt.connect(rt.Endpoint(url), options=OPTIONS) as session:

        async def hear(life: Life) -> None:
            async for delta in session.events(ResponseOutputAudioDelta, limit=None):
                delta.pcm  # noqa: B018 - decoded here
                life.hears(delta.event_id)

        yield Open(session.append_audio, hear)


@asynccontextmanager
async def bare(url: str) -> AsyncGenerator[Open, None]:
    async with bare_websocket(url) as websocket:

        async def append(pcm: bytes) -> None:
            await websocket.send(bare_append(pcm), text=True)

        async def hear(life: Life) -> None:
            while True:
                event: Any = orjson.loads(await websocket.recv(decode=False))
                if event["type"] == "response.output_audio.delta":
                    pybase64.b64decode(event["delta"], validate=True)
                    life.hears(event["event_id"])

        yield Open(append, hear)


KINDS: Mapping[str, Opening] = {"session": ours, LIMIT: bare}


async def lived(opening: Opening, sessions: int, seconds: float) -> Life:
    """Let so many sessions live for so long, all in this loop; opening and closing them is not counted."""
    life, url = Life(), far_side.url("paced_side")
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(opening(url)) for _ in range(sessions)]
        began_ns = cpu_ns()
        async with anyio.create_task_group() as group:
            for one in opened:
                group.start_soon(one.hear, life)
            async with anyio.create_task_group() as microphones:
                for number, one in enumerate(opened):
                    microphones.start_soon(speak, one.append, number / sessions, seconds, life)
            await life.has_heard.wait()  # it may be so short that no sound was due
            group.cancel_scope.cancel()
        life.spent_ns = cpu_ns() - began_ns
    return life


async def speak(append: Append, phase: float, seconds: float, life: Life) -> None:
    """Send 20 ms of sound every 20 ms, each session a little after the other."""
    await anyio.sleep(phase * PIECE_MS / 1_000)
    sound, pacer = pieces(), Pacer(PIECE_MS)
    for number in range(max(round(seconds * 1_000 / PIECE_MS), 1)):
        await pacer.next()
        await append(sound[number % len(sound)])
        life.frames += 1


# ------------------------------------------------------------------------------------------------------------------
# What is asked of it


def living(loop: str, scale: Scale, _stack: ExitStack) -> Works:
    def live(opening: Opening) -> Spent:
        life = anyio.run(lived, opening, scale.sessions, scale.session_s, backend=loop)
        return Spent(max(life.frames * PIECE_MS // 1_000, 1), life.spent_ns)

    return {name: partial(live, opening) for name, opening in KINDS.items()}


def lateness(loop: str, scale: Scale, share: float) -> Mapping[str, float]:
    return {name: life.late_ms(share) for name, life in lives(loop, scale.sessions, scale.session_s).items()}


@lru_cache
def lives(loop: str, sessions: int, seconds: float) -> Mapping[str, Life]:
    """One life for all shares that are asked about."""
    return {name: anyio.run(lived, one, sessions, seconds, backend=loop) for name, one in KINDS.items()}


def crowds(loop: str, scale: Scale) -> Mapping[str, float]:
    return {name: crowd(loop, opening, scale) for name, opening in KINDS.items()}


def crowd(loop: str, opening: Opening, scale: Scale) -> int:
    """The largest number of sessions, of those that are tried, that this program's core bears; at least one."""
    borne = 1
    for sessions in scale.crowds:
        life = anyio.run(lived, opening, sessions, scale.session_s, backend=loop)
        if life.late_ms(0.99) >= LATE_MS:
            break
        borne = sessions
    return borne


# ------------------------------------------------------------------------------------------------------------------
# What it keeps


def memory(loop: str, sessions: int) -> Mapping[str, float]:
    return {name: anyio.run(held, opening, sessions, backend=loop) for name, opening in KINDS.items()}


async def held(opening: Opening, sessions: int) -> float:
    """How many kB a session holds that is open and silent."""
    url = f"{far_side.url('paced_side')}/quiet"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opening(url))  # what is made once in a life is not counted
        gc.collect()
        tracemalloc.start()
        try:
            for _ in range(sessions):
                await stack.enter_async_context(opening(url))
            gc.collect()
            return tracemalloc.get_traced_memory()[0] / 1e3 / sessions
        finally:
            tracemalloc.stop()

"""Over a loopback websocket, both ways: the transport, the core behind it, the session; against bare `websockets`.

The other side runs in a process of its own and has its frames ready, so the CPU time here is this side's. The clock
runs from the frame that sets the other side off to the last one received, without the handshake.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from functools import partial
from typing import Any

import anyio
import orjson
import pybase64

import realtime_sdk as rt
from realtime_sdk.dialects import OPENAI
from realtime_sdk.log import EventLog, Keep
from realtime_sdk.protocol.client_events import InputAudioBufferClear
from realtime_sdk.protocol.codec import encode_append
from realtime_sdk.protocol.server_events import ResponseOutputAudioDelta
from realtime_sdk.session.core import SessionCore
from realtime_sdk.transport import WebsocketOptions
from realtime_sdk.transport.websocket import connect, running_loop
from tests.benchmarks import far_side
from tests.benchmarks.limit import BareSession, bare_append
from tests.benchmarks.measure import Spent, cpu_ns
from tests.benchmarks.row import US_PER_FRAME, Row, Scale, TimedRow, Works, at_most
from tests.benchmarks.uplink_rows import pieces
from tests.benchmarks.workload import frames_of

__all__ = ["GO", "bare_websocket", "rows", "size_of"]

BARE, LIMIT = "bare", "bare + orjson + pybase64"
GOALS = {"small": at_most(1.45), "sound": at_most(1.15)}
OPTIONS = WebsocketOptions(proxy=False, ping_interval=None, close_timeout=1)
GO = b'{"type":"input_audio_buffer.clear"}'
LOOPS = {"asyncio": ("websockets.asyncio.client",), "trio": ("trio", "websockets.trio.client")}

Way = Callable[[str, int], Awaitable[Spent]]


def rows(scale: Scale) -> Iterator[Row]:
    for loop, needs in LOOPS.items():
        for kind in GOALS:
            size = size_of(kind, scale)
            row = partial(TimedRow, unit=US_PER_FRAME, needs=needs)
            ways = partial(receiving, loop, kind, size)
            alone = {"transport": through_transport, BARE: bare}
            yield row(name=f"receive, {kind}, transport alone, {loop}", prepare=partial(ways, alone))
            goals = {LIMIT: GOALS[kind]} if loop == "asyncio" else {}
            core = {"transport + core": partial(through_core, keep="none"), LIMIT: bare_with_json}
            yield row(name=f"receive, {kind}, whole path, {loop}", prepare=partial(ways, core), goals=goals)
            kept = {"transport + core": through_core, "bare + orjson + dicts": bare_with_dicts}
            yield row(name=f"receive, {kind}, whole path and log, {loop}", prepare=partial(ways, kept))
            whole = {"session.updates()": through_session, LIMIT: bare_with_json}
            yield row(name=f"receive, {kind}, session, {loop}", prepare=partial(ways, whole), goals=goals)
        for what, way in (("transport alone", sent_by_transport), ("session", sent_by_session)):
            send = {what: way, BARE: sent_bare}
            prepare = partial(sending, loop, max(scale.frames // 3, 1), send)
            yield row(name=f"send, 20 ms appends, {what}, {loop}", prepare=prepare)


def size_of(kind: str, scale: Scale) -> int:
    """How large the workload is: small ones are turns of some fifty frames, sound is audio deltas."""
    return max(scale.frames // 60, 1) if kind == "small" else max(scale.frames // 10, 2)


def receiving(loop: str, kind: str, size: int, ways: Mapping[str, Way], _stack: ExitStack) -> Works:
    url = f"{far_side.url()}/{kind}/{size}"
    count = len(frames_of(kind, size))
    return {name: partial(anyio.run, way, url, count, backend=loop) for name, way in ways.items()}


def sending(loop: str, count: int, ways: Mapping[str, Way], _stack: ExitStack) -> Works:
    url = f"{far_side.url()}/sink"
    return {name: partial(anyio.run, way, url, count, backend=loop) for name, way in ways.items()}


# ------------------------------------------------------------------------------------------------------------------
# Receiving


async def through_transport(url: str, count: int) -> Spent:
    async with connect(url, options=OPTIONS) as transport:
        await transport.receive()
        began_ns = cpu_ns()
        await transport.send(GO)
        for _ in range(count):
            await transport.receive()
        return Spent(count, cpu_ns() - began_ns)


async def through_core(url: str, count: int, *, keep: Keep = "all") -> Spent:
    """`keep` "none" where the contender keeps nothing either: memory that is kept costs its first touch."""
    async with connect(url, options=OPTIONS) as transport:
        core = SessionCore(OPENAI, EventLog(keep=keep))
        core.receive(await transport.receive(), at_ns=0)
        began_ns = cpu_ns()
        await transport.send(GO)
        for _ in range(count):
            event = core.receive(await transport.receive(), at_ns=0).event
            if event.__class__ is ResponseOutputAudioDelta:
                event.pcm  # noqa: B018 - decoded here
        return Spent(count, cpu_ns() - began_ns)


async def through_session(url: str, count: int) -> Spent:
    async with rt.connect(rt.Endpoint(url), options=OPTIONS) as session:
        updates = session.updates(limit=None)
        began_ns = cpu_ns()
        await session.send(InputAudioBufferClear())
        left = count
        async for update in updates:
            event = update.event
            if event.__class__ is ResponseOutputAudioDelta:
                event.pcm  # noqa: B018 - decoded here
            left -= update.record.sender == "server"
            if not left:
                return Spent(count, cpu_ns() - began_ns)
    raise AssertionError("the session ended early")


async def bare(url: str, count: int) -> Spent:
    return await bare_with(url, count, lambda: _forget)


async def bare_with_json(url: str, count: int) -> Spent:
    return await bare_with(url, count, lambda: _parse)


async def bare_with_dicts(url: str, count: int) -> Spent:
    def taking() -> Callable[[bytes], Any]:
        receive = BareSession().receive
        return lambda frame: receive(frame, 0)

    return await bare_with(url, count, taking)


async def bare_with(url: str, count: int, taking: Callable[[], Callable[[bytes], Any]]) -> Spent:
    async with bare_websocket(url) as websocket:
        take, recv = taking(), websocket.recv
        take(await recv(decode=False))
        began_ns = cpu_ns()
        await websocket.send(GO, text=True)
        for _ in range(count):
            take(await recv(decode=False))
        return Spent(count, cpu_ns() - began_ns)


def _forget(_frame: bytes) -> None:
    pass


def _parse(frame: bytes) -> Any:
    event = orjson.loads(frame)
    return (
        pybase64.b64decode(event["delta"], validate=True) if event["type"] == "response.output_audio.delta" else event
    )


@asynccontextmanager
async def bare_websocket(url: str) -> AsyncIterator[Any]:
    """A connection of the running loop's `websockets`, with the options that ours has."""
    arguments: dict[str, Any] = {
        "compression": None,
        "max_size": None,
        "proxy": None,
        "ping_interval": None,
        "close_timeout": 1,
    }
    opening: AbstractAsyncContextManager[Any]
    if running_loop() == "trio":
        from websockets.trio.client import connect as on_trio

        opening = on_trio(url, **arguments)
    else:
        from websockets.asyncio.client import connect as on_asyncio

        opening = on_asyncio(url, **arguments)
    async with opening as websocket:
        yield websocket


# ------------------------------------------------------------------------------------------------------------------
# Sending


async def sent_by_transport(url: str, count: int) -> Spent:
    sound = pieces(count)
    async with connect(url, options=OPTIONS) as transport:
        await transport.receive()
        began_ns = cpu_ns()
        for pcm in sound:
            await transport.send(encode_append(pcm))
        return Spent(count, cpu_ns() - began_ns)


async def sent_by_session(url: str, count: int) -> Spent:
    sound = pieces(count)
    async with rt.connect(rt.Endpoint(url), options=OPTIONS) as session:
        began_ns = cpu_ns()
        for pcm in sound:
            await session.append_audio(pcm)
        return Spent(count, cpu_ns() - began_ns)


async def sent_bare(url: str, count: int) -> Spent:
    sound = pieces(count)
    async with bare_websocket(url) as websocket:
        await websocket.recv()
        began_ns = cpu_ns()
        for pcm in sound:
            await websocket.send(bare_append(pcm), text=True)
        return Spent(count, cpu_ns() - began_ns)

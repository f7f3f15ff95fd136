"""Given up in any turn of the loop, by a scope or by asyncio's own `cancel`: it ends, closed, with a whole log.

`test_cancellation.py` gives up at calls of the transport; this goes through turns, whatever happens in them.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import RealtimeError
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.session import RealtimeSession, connect
from realtime_sdk.session.lines import OpenTransport, over_websocket
from realtime_sdk.transport import Endpoint
from tests.session.faulty_sockets import OPTIONS, FarEnd
from tests.session.scripted import AT_ONCE, Server, Servers
from tests.transport.loopback import serving

Work = Callable[[], Coroutine[Any, Any, None]]
Give = Callable[[Work, int], Awaitable[None]]

RECONNECTING = replace(AT_ONCE, attempts=1_000)
ROLLING = replace(AT_ONCE, rollover_before_s=1.0, wall_s=lambda: 1000.0)
"""A new session in every quiet moment: each says that it expires at 1000."""


async def slow() -> str:
    """Take some turns."""
    for _ in range(5):
        await checkpoint()
    return "done"


class Calling(Server):
    """It calls a function twice, once."""

    async def on_response_create(self, event: dict[str, Any]) -> None:
        if len(self.heard_of("response.create")) > 1:
            await super().on_response_create(event)
            return
        response_id = await self.begin(event["response"])
        calls = [await self.call(response_id, "slow", "{}", call_id=f"call_{n}", index=n) for n in (1, 2)]
        await self.finish(response_id, items=tuple(calls), metadata=event["response"]["metadata"])


class Breaking(Server):
    """It breaks after some frames."""

    said = 0

    async def say(self, kind: str, **fields: Any) -> None:
        self.said += 1
        if self.said == 6:
            await self.transport.aclose(1011)
        await super().say(kind, **fields)


async def asks(session: RealtimeSession) -> None:
    await session.append_audio(b"\0" * 960)
    await session.commit()
    await session.respond("Hello")


async def has_tools_run(session: RealtimeSession) -> None:
    await session.respond("Call it")
    await session.until(lambda state: len(state.responses) == 2 and not state.active_response_id)


async def goes_on(session: RealtimeSession) -> None:
    for _ in range(2):
        with suppress(RealtimeError):
            await session.add_item("More")
            await session.respond("More")


async def rolls_over(session: RealtimeSession) -> None:
    with suppress(RealtimeError):  # the next session may come right before the question
        await session.respond("Hello")
    await session.until(lambda state: len(state.epochs) == 3)


async def closes(session: RealtimeSession) -> None:
    await session.respond("Hello")
    await session.aclose()
    await session.until_ended()


PROGRAMS: Mapping[str, tuple[type[Server], Callable[[RealtimeSession], Awaitable[None]], dict[str, Any]]] = {
    "asks": (Server, asks, {}),
    "has tools run": (Calling, has_tools_run, {"tools": [slow]}),
    "goes on after breaks": (Breaking, goes_on, {"continuity": RECONNECTING}),
    "rolls over": (Server, rolls_over, {"continuity": ROLLING}),
    "closes": (Server, closes, {}),
}


async def by_a_scope(work: Work, turns: int) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(work)
        for _ in range(turns):
            await checkpoint()
        group.cancel_scope.cancel()


async def by_asyncio(work: Work, turns: int) -> None:
    task = asyncio.ensure_future(work())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    with suppress(asyncio.CancelledError):
        task.result()


WAYS: Mapping[str, tuple[Give, ...]] = {"asyncio": (by_a_scope, by_asyncio), "trio": (by_a_scope,)}


@dataclass
class Attempt:
    """A session that is given up, and whether it was over before."""

    opening: OpenTransport
    body: Callable[[RealtimeSession], Awaitable[None]]
    how: dict[str, Any]
    log: EventLog = field(default_factory=EventLog)
    session: RealtimeSession | None = None
    is_over: bool = False

    async def run(self) -> None:
        address = Endpoint("memory:")
        async with connect(address, transport=self.opening, log=self.log, instructions="x", **self.how) as session:
            self.session = session
            await self.body(session)
        self.is_over = True

    def check(self) -> None:
        opened = sum(b"local.connection_opened" in record.frame for record in self.log)
        closed = sum(b"local.connection_closed" in record.frame for record in self.log)
        assert opened == closed
        assert [record.sender for record in self.log][-1:] in (["local"], [])
        if self.session is not None:
            assert not self.session.is_open
            assert self.session.state == replay(self.log)


@pytest.mark.parametrize("program", PROGRAMS)
async def test_a_session_can_be_given_up_in_every_turn_of_the_loop(program: str, anyio_backend: str) -> None:
    for give_up in WAYS[anyio_backend]:
        turns, is_over = 0, False
        while not is_over and turns < 100:
            is_over = await given_up(program, give_up, turns)
            turns += 1
        assert turns > 10


async def given_up(program: str, give_up: Give, turns: int) -> bool:
    """Whether it was over before it was given up. Its servers must end too."""
    kind, body, how = PROGRAMS[program]
    servers = Servers(kind, lambda server, _: server.session.update(expires_at=1000))
    attempt = Attempt(servers.open, body, how)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as servers.group:
            await give_up(attempt.run, turns)
            attempt.check()
    return attempt.is_over


@asynccontextmanager
async def a_port() -> AsyncGenerator[tuple[OpenTransport, list[anyio.Event]], None]:
    """How to open websockets to a server, and whether each of its connections has ended."""
    ended: list[anyio.Event] = []

    async def handle(websocket: Any) -> None:
        ended.append(over := anyio.Event())
        await Server(FarEnd(websocket)).run()
        over.set()

    async with serving(handle, close_timeout=0.2) as url:

        def opening(_: Endpoint) -> AbstractAsyncContextManager[Any]:
            return over_websocket(OPTIONS)(Endpoint(url))

        yield opening, ended


async def test_connecting_over_a_websocket_can_be_given_up_in_every_turn_of_the_loop(anyio_backend: str) -> None:
    step = 8 if anyio_backend == "trio" else 1  # it turns faster
    async with a_port() as (opening, ended):
        for give_up, turns in product(WAYS[anyio_backend], range(0, 60 * step, step)):
            with anyio.fail_after(10):
                attempt = Attempt(opening, asks, {})
                await give_up(attempt.run, turns)
                attempt.check()
                for server in ended:
                    await server.wait()

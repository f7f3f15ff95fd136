"""Servers that break, and clients that use them at random: what the tests with faults are made of.

Everything random comes out of the seed of a session. Whatever a verb raises must be a RealtimeError: pending work fails
clearly.
"""

import json
import random
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import anyio
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import RealtimeError
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events
from realtime_sdk.session import RealtimeSession
from tests.session.scripted import AT_ONCE, Server

Prepare = Callable[[Server, int], object]


class Talking(Protocol):
    """Servers that a session can be opened to."""

    def talking(self, **how: Any) -> AbstractAsyncContextManager[tuple[RealtimeSession, Any]]: ...


class Faulty(Server):
    """A server that does something wrong after a number of frames."""

    faults: random.Random
    frames_left: int

    @property
    def breaks(self) -> "tuple[Break, ...]":
        """What may go wrong."""
        return BREAKS

    async def say(self, kind: str, **fields: Any) -> None:
        if getattr(self, "frames_left", None) is not None:
            self.frames_left -= 1
            if self.frames_left <= 0:
                await self.break_somehow()
        await super().say(kind, **fields)

    async def break_somehow(self) -> None:
        self.frames_left = self.faults.randint(5, 60)
        await self.faults.choice(self.breaks)(self)

    async def expires(self) -> None:
        await self.transport.aclose(1001, "Your session hit the maximum duration of 60 minutes.")

    async def tears_a_frame(self) -> None:
        await self.transport.send(b'{"type":"response.output_text.delta","delta":"to')

    async def talks_nonsense(self) -> None:
        await self.transport.send(b"\xff\xfe not json")

    async def blames_somebody(self) -> None:
        event = self.faults.choice(self.heard) if self.heard else {}
        await self.error("invalid_value", event_id=event.get("event_id"))

    async def floods(self) -> None:
        for _ in range(300):
            await super().say("rate_limits.updated", rate_limits=[])

    async def stalls(self) -> None:
        for _ in range(self.faults.randrange(50)):
            await checkpoint()


Break = Callable[[Any], Awaitable[None]]


def closes(code: int) -> Break:
    """The break that closes with a code."""

    async def close(server: Faulty) -> None:
        await server.transport.aclose(code)

    return close


BREAKS: tuple[Break, ...] = (
    closes(1000),
    closes(1006),
    closes(1011),
    Faulty.expires,
    Faulty.tears_a_frame,
    Faulty.talks_nonsense,
    Faulty.blames_somebody,
    Faulty.floods,
    Faulty.stalls,
)


@dataclass
class Program:
    """What the client does, and what came of it."""

    session: RealtimeSession
    chance: random.Random
    done: int = 0
    failed: list[BaseException] = field(default_factory=list[BaseException])

    def verbs(self) -> list[Callable[[], Awaitable[object]]]:
        session = self.session
        some_item = next(iter(session.state.conversation.items), "item_none")
        return [
            lambda: session.respond("Hello", timeout=0.2),
            lambda: session.respond("Aside", out_of_band=True, timeout=0.2),
            lambda: session.add_item("More", reply=True, timeout=0.2),
            lambda: session.update(instructions="x", timeout=0.2),
            lambda: session.append_audio(bytes(self.chance.randrange(2_000))),
            lambda: session.commit(timeout=0.2),
            lambda: session.cancel(timeout=0.2),
            lambda: session.delete(some_item, timeout=0.2),
            lambda: session.send(client_events.ResponseCreate()),
            lambda: session.until(lambda state: not state.active_response_id, timeout=0.2),
            self.listen_slowly,
            self.give_up,
        ]

    async def listen_slowly(self) -> None:
        updates = self.session.updates(limit=20)
        with anyio.move_on_after(0.01):
            for _ in range(5):
                await anext(updates, None)
                for _ in range(self.chance.randrange(30)):
                    await checkpoint()

    async def give_up(self) -> None:
        with anyio.move_on_after(0):
            await self.session.respond("Never mind")

    async def run(self, steps: int) -> None:
        for _ in range(steps):
            try:
                await self.chance.choice(self.verbs())()
                self.done += 1
            except RealtimeError as error:
                self.failed.append(error)


async def one_session(seed: int, open_servers: Callable[[Prepare], Talking]) -> EventLog:
    """Run a random program against servers that break, over whatever they are reached by; the log of it."""
    chance = random.Random(seed)

    def prepare(server: Server, _number: int) -> None:
        assert isinstance(server, Faulty)
        server.faults, server.frames_left = chance, chance.randint(3, 60)

    policy = None if seed % 3 == 0 else replace(AT_ONCE, attempts=30)
    servers, log, programs = open_servers(prepare), EventLog(), list[Program]()
    try:
        async with servers.talking(continuity=policy, log=log, instructions="x") as (session, _):
            async with anyio.create_task_group() as group:
                for _ in range(chance.randint(1, 3)):
                    programs.append(program := Program(session, chance))
                    group.start_soon(program.run, chance.randint(2, 12))
        assert session.state == replay(log)
    except RealtimeError:
        pass  # it did not stand up; what was recorded must still be whole
    check(log)
    return log


def check(log: EventLog) -> None:
    """What holds for the log of any session, however it ended."""
    assert [record.seq for record in log] == list(range(len(log)))
    times = [record.at_ns or 0 for record in log]
    assert times == sorted(times)
    opened = sum(b"local.connection_opened" in record.frame for record in log)
    closed = sum(b"local.connection_closed" in record.frame for record in log)
    assert opened == closed
    last = [record.frame for record in log[-4:]]
    assert json.loads(last[-1])["type"] == "local.connection_closed", last
    state = replay(log)
    assert state.active_response_id is None
    assert all(not response.is_active for response in state.responses.values())

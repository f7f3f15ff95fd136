"""A connection that breaks, or falls silent, while the session is brought back on it; the next one goes on."""

from dataclasses import replace
from functools import partial

import anyio
import pytest
from anyio import fail_after

from realtime_sdk.errors import ConnectionLost
from realtime_sdk.fold import replay
from realtime_sdk.session import RealtimeSession
from tests.session.continued import ROLLING
from tests.session.scripted import AT_ONCE, Server, Servers


class BreaksWhenTold(Server):
    """One that is gone as soon as it is told of the conversation."""

    async def run(self) -> None:
        await self.say("session.created", session=self.session)
        await self.transport.receive()
        await self.transport.aclose(1006)


def second_breaks(server: Server, number: int) -> None:
    server.session["expires_at"] = 60 if number == 2 else 100_000
    if number == 1:
        server.__class__ = BreaksWhenTold


def second_is_silent(server: Server, number: int) -> None:
    if number == 1:
        server.silent_about.add("session.update")


async def broken_off(session: RealtimeSession, servers: Servers) -> None:
    """The first connection breaks, and the session knows."""
    await servers.last.transport.aclose(1006)
    await session.until(lambda state: state.epochs[0].closed)


async def test_what_was_said_to_it_does_not_keep_the_next_from_rolling_over() -> None:
    with fail_after(5):
        async with Servers(prepare=second_breaks).talking(continuity=ROLLING) as (session, servers):
            for text in ("One", "Two"):
                await session.add_item(text)
            await broken_off(session, servers)
            await session.until(lambda state: len(state.epochs) == 4)
            assert session.state.epochs[2].close_reason == "rollover"


async def test_what_it_did_not_answer_is_not_answered_by_what_the_next_one_says() -> None:
    quick = replace(AT_ONCE, timeout=0.05)
    with fail_after(5):
        async with Servers(prepare=second_is_silent).talking(continuity=quick, instructions="x") as (session, servers):
            await broken_off(session, servers)
            assert (await session.add_item("Hello")).text == "Hello"
            assert [server.kinds for server in servers.all] == [
                ["session.update"],
                ["session.update"],
                ["session.update", "conversation.item.create"],
            ]
    assert session.state == replay(session.log)


async def test_what_waits_for_a_connection_waits_over_a_second_break() -> None:
    with fail_after(5):
        async with Servers(prepare=second_breaks).talking(continuity=AT_ONCE) as (session, servers):
            await session.add_item("One")
            await broken_off(session, servers)
            assert (await session.add_item("Two")).text == "Two"
            assert len(servers.last.heard_of("conversation.item.create")) == 2


async def test_what_waits_for_a_connection_fails_when_none_comes() -> None:
    with fail_after(5):
        async with Servers(prepare=second_breaks).talking(continuity=replace(AT_ONCE, attempts=1)) as (
            session,
            servers,
        ):
            await session.add_item("One")
            await broken_off(session, servers)
            async with anyio.create_task_group() as group:
                for ask in (partial(session.add_item, "Two"), session.commit, session.respond("Three").result):
                    group.start_soon(_fails, ask)


async def _fails(ask: object) -> None:
    with pytest.raises(ConnectionLost):
        await ask()  # type: ignore[operator]

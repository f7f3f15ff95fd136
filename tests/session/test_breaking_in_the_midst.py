"""Connections that break while something is on its way: nothing is lost or said twice."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from realtime_sdk.errors import ConnectionClosed, ConnectionExpired, ConnectionLost
from realtime_sdk.fold import replay
from realtime_sdk.transport import Endpoint, Transport
from tests.session.continued import Prompt, appended, brought_back, texts, told
from tests.session.scripted import Server, Servers


class Snapping(Servers):
    """The first connection breaks in the middle of sending a frame that has this in it."""

    breaks_at = b"?"

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        async with super().open(endpoint) as near:
            snapping = Prompt(near)
            self.group.start_soon(snapping.pump)
            send, server = snapping.send, self.last

            async def send_or_snap(frame: bytes) -> None:
                if server is self.all[0] and self.breaks_at in frame:
                    self.group.start_soon(server.transport.aclose, self.code)
                    raise self.error("snap")
                await send(frame)

            snapping.send = send_or_snap
            yield snapping

    def __init__(self, breaks_at: bytes, error: type[ConnectionClosed], code: int) -> None:
        super().__init__()
        self.breaks_at, self.error, self.code = breaks_at, error, code


@pytest.mark.parametrize(("error", "code"), [(ConnectionLost, 1006), (ConnectionExpired, 1001)])
async def test_asking_while_the_connection_breaks_is_no_error_where_it_is_asked_again(
    error: type[ConnectionClosed], code: int
) -> None:
    async with Snapping(b"response.create", error, code).talking() as (session, servers):
        await session.add_item("Hello")
        await session.ask()
        await session.until(lambda state: not state.active_response_id and state.responses)
        assert servers.last.kinds == ["conversation.item.create", "response.create"]


@pytest.mark.parametrize(("error", "code"), [(ConnectionLost, 1006), (ConnectionExpired, 1001)])
async def test_appending_while_the_connection_breaks_is_no_error_where_it_is_sent_again(
    error: type[ConnectionClosed], code: int
) -> None:
    async with Snapping(b"input_audio_buffer.append", error, code).talking() as (session, servers):
        await session.append_audio(b"abc")
        await brought_back(session)
        await servers.last.until_heard("input_audio_buffer.append")
        assert appended(servers.last) == b"abc"


async def test_a_second_break_while_the_conversation_is_told_loses_nothing() -> None:
    class Fragile(Server):
        breaks_after: int | None = None

        async def on_conversation_item_create(self, event: dict[str, Any]) -> None:
            if self.breaks_after is not None and len(self.heard_of("conversation.item.create")) > self.breaks_after:
                await self.transport.aclose(1006)
                return
            await super().on_conversation_item_create(event)

    def prepare(server: Server, number: int) -> None:
        assert isinstance(server, Fragile)
        server.breaks_after = {1: 0, 2: 2}.get(number)

    async with Servers(Fragile, prepare).talking() as (session, servers):
        await session.respond("One")
        await session.respond("Two")
        before = texts(session)
        await servers.last.transport.aclose(1006)
        await servers.until_count(4)
        await brought_back(session, 3)
        assert texts(session) == before == ["One", "Paris.", "Two", "Paris."]
        assert len(told(servers.last)) == 4
        assert session.state.epochs[3].lost == ()
    assert session.state == replay(session.log)


class Prompted(Servers):
    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncGenerator[Transport, None]:
        async with super().open(endpoint) as near:
            self.prompt = Prompt(near)
            self.group.start_soon(self.prompt.pump)
            yield self.prompt


@pytest.mark.parametrize("last_answer", ["session.created", "conversation.item.added"])
async def test_a_connection_that_breaks_with_its_last_answer_is_followed_by_another(last_answer: str) -> None:
    class Brief(Server):
        async def say(self, kind: str, **fields: Any) -> None:
            items = len(self.heard_of("conversation.item.create"))
            is_last = self.session["id"] == "sess_2" and kind == last_answer and items in (0, 2)
            if is_last:
                servers.prompt.is_holding = True
            await super().say(kind, **fields)
            if is_last:
                await self.transport.aclose(1006)

    servers = Prompted(Brief)
    async with servers.talking() as (session, _):
        if last_answer == "conversation.item.added":
            await session.respond("One")
        before = texts(session)
        with anyio.fail_after(5):
            await servers.last.transport.aclose(1006)
            await servers.until_count(3)
            await brought_back(session, 2)
            assert (await session.respond("Two")).text == "Paris."
        assert texts(session) == [*before, "Two", "Paris."]
    assert session.state == replay(session.log)

"""Replies that are kept after their end keep nothing of the session that goes on."""

import gc
from types import SimpleNamespace
from weakref import ref

import anyio
import pytest
from anyio import fail_after
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionLost, ResponseFailed, ServerError
from realtime_sdk.fold import Update
from realtime_sdk.session import RealtimeSession
from tests.session.scripted import Servers, talking


def updates_alive() -> int:
    gc.collect()
    return sum(isinstance(found, Update) for found in gc.get_objects())


async def go_on(session: RealtimeSession) -> int:
    """Five more answers; how many updates they leave behind."""
    before = updates_alive()
    for _ in range(5):
        await session.respond("Two")
    return updates_alive() - before


async def test_an_answer_that_is_kept_holds_no_later_update() -> None:
    with fail_after(5):
        async with talking() as (session, _):
            kept = SimpleNamespace(reply=session.respond("One"))
            assert (await kept.reply).text == "Paris."
            assert await go_on(session) < 5
            assert (await kept.reply).text == "Paris."


async def test_a_reply_that_is_read_in_part_holds_nothing_beyond_its_end() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            server.answer = "Rome, Paris and Oslo."
            kept = SimpleNamespace(reply=session.respond("One"))
            assert (await anext(kept.reply)).delta == "Rome, "
            await session.until(lambda state: state.responses and not state.active_response_id)
            server.answer = "No."
            assert await go_on(session) < 5
            assert [delta.delta async for delta in kept.reply] == ["Paris ", "and ", "Oslo. "]
            assert (await kept.reply).text == "Rome, Paris and Oslo."
            assert [delta async for delta in kept.reply] == []


async def test_of_an_answer_that_was_awaited_no_words_are_left_to_read() -> None:
    with fail_after(5):
        async with talking() as (session, server):
            server.answer = "Rome, Paris and Oslo."
            reply = session.respond("One")
            assert (await reply).text == server.answer
            assert [delta async for delta in reply] == []


@pytest.mark.parametrize("is_refused", [True, False])
async def test_a_reply_that_failed_holds_nothing_of_what_comes_later(is_refused: bool) -> None:
    kept = SimpleNamespace()
    with fail_after(5):
        async with talking() as (session, server):
            if is_refused:
                server.refuse("response.create", code="invalid_value")
            else:
                server.failure = {"type": "failed", "error": {"type": "server_error", "code": "server_error"}}
            kept.reply = session.respond("One")
            for _ in range(2):
                with pytest.raises(ServerError if is_refused else ResponseFailed):
                    await kept.reply
            server.failure = None
            assert await go_on(session) < 5
            assert server.kinds.count("response.create") == 6


async def test_a_reply_that_is_read_in_part_holds_nothing_of_the_next_connection() -> None:
    kept = SimpleNamespace()
    with fail_after(5):
        async with Servers(prepare=lambda server, _: setattr(server, "holding", True)).talking() as (session, servers):
            async with anyio.create_task_group() as group:
                kept.reply = session.respond("One")
                group.start_soon(anext, kept.reply)
                await servers.last.until_heard("response.create")
                await session.until(lambda state: state.active_response_id)
                await servers.last.speak(kept.reply.response_id, "Rome, Paris")
            await servers.last.transport.aclose(1006)
            await session.until(lambda state: len(state.epochs) == 2)
            servers.last.holding = False
            assert await go_on(session) < 5
            assert (await anext(kept.reply)).delta == "Paris "
            with pytest.raises(ConnectionLost):
                await anext(kept.reply)


async def test_a_reply_that_nobody_keeps_is_gone_at_once() -> None:
    with fail_after(5):
        async with talking(holding=True) as (session, server), anyio.create_task_group() as group:
            reply = session.respond("One")
            group.start_soon(anext, reply)
            await session.until(lambda state: state.active_response_id)
            await server.speak(reply.response_id or "", "Rome")
            for _ in range(10):
                await checkpoint()
            gone = ref(reply)
            del reply
            assert gone() is None

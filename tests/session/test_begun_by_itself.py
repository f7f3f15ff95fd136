"""Responses that voice detection begins in the moment in which one is asked for: each is taken for what it is."""

from typing import Any

import anyio
import pytest
from anyio import fail_after

from realtime_sdk.errors import ServerError
from realtime_sdk.session import RealtimeSession, ToolContext
from tests.session.scripted import Server, talking
from tests.session.test_sequencing import creates, idle
from tests.session.test_tools import run_calls
from tests.session.test_turns import detecting

BUSY = "conversation_already_has_active_response"


class ByHand(Server):
    """A server whose test says when items are taken and responses begin."""

    async def on_conversation_item_create(self, event: dict[str, Any]) -> None: ...

    async def on_response_create(self, event: dict[str, Any]) -> None: ...

    async def take(self) -> None:
        """Take the item that was sent last."""
        await self.take_in(self.heard_of("conversation.item.create")[-1]["item"])


async def ask_during(session: RealtimeSession, server: ByHand, *, item_first: bool) -> None:
    """Text with a wish for an answer, whose `response.create` meets a response that has just begun."""
    async with anyio.create_task_group() as group:
        group.start_soon(lambda: session.add_item("And Rome?", reply=True))
        create = await server.until_heard("response.create")
        if item_first:
            await server.take()
        await server.respond_by_itself("resp_vad")
        if not item_first:
            await server.take()
        await server.error(BUSY, event_id=create["event_id"])
    await server.finish("resp_vad")
    await session.until(lambda state: state.responses and not state.active_response_id)


async def test_text_that_came_too_late_for_it_gets_an_answer_of_its_own() -> None:
    with fail_after(5):
        async with talking(ByHand, prepare=detecting) as (session, server):
            await ask_during(session, server, item_first=False)
            await server.until_heard("response.create", 2)


async def test_text_that_was_there_before_it_is_answered_by_it() -> None:
    with fail_after(5):
        async with talking(ByHand, prepare=detecting) as (session, server):
            await ask_during(session, server, item_first=True)
            await idle()
            assert creates(server) == 1


async def test_an_answer_to_someone_else_is_not_one_to_a_text_that_waits() -> None:
    with fail_after(5):
        async with talking(holding=True) as (session, server), anyio.create_task_group() as group:
            await server.respond_by_itself("resp_vad")
            await session.until(lambda state: state.active_response_id)
            group.start_soon(session.respond("Hello").result)
            await server.until_heard("conversation.item.create")
            await session.add_item("And Rome?", reply=True)
            await server.finish("resp_vad")
            await server.until_heard("response.create")
            await session.until(lambda state: len(state.responses) == 2 and state.active_response_id)
            await server.finish(session.state.active_response_id or "")
            await server.until_heard("response.create", 2)
            group.cancel_scope.cancel()


async def test_it_is_not_cancelled_for_an_item_that_was_refused() -> None:
    with fail_after(5):
        async with talking(ByHand, prepare=detecting) as (session, server):

            async def add() -> None:
                with pytest.raises(ServerError, match="invalid_value"):
                    await session.add_item("And Rome?", reply=True)

            async with anyio.create_task_group() as group:
                group.start_soon(add)
                create = await server.until_heard("response.create")
                await server.respond_by_itself("resp_vad")
                (item,) = server.heard_of("conversation.item.create")
                await server.error("invalid_value", event_id=item["event_id"])
                await server.error(BUSY, event_id=create["event_id"])
            await idle()
            assert server.heard_of("response.cancel") == []
            assert session.state.active_response_id == "resp_vad"


async def test_an_output_that_waited_is_answered_with_the_text_that_went_ahead() -> None:
    with fail_after(5):
        async with talking(prepare=detecting, holding=True) as (session, server):
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_u")
            await session.until(lambda state: state.input_audio.speaking)
            await session.submit_tool_output("call_1", "found")
            await session.add_item("And Rome?", reply=True)
            await session.until(lambda state: state.active_response_id)
            await server.finish(session.state.active_response_id or "")
            await server.say("input_audio_buffer.cleared")
            await session.until(lambda state: not state.active_response_id and not state.input_audio.speaking)
            await idle()
            assert creates(server) == 1


async def test_it_is_not_taken_for_the_progress_that_is_asked_for_at_that_moment() -> None:
    async def look(context: ToolContext) -> None:
        await context.progress("half way")
        await anyio.sleep_forever()

    with fail_after(5):
        async with (
            talking(ByHand, tools=[look], prepare=detecting) as (session, server),
            anyio.create_task_group() as group,
        ):
            await run_calls(session, server, ("call_1", "look", "{}"))
            await server.until_heard("conversation.item.create")
            await server.take()
            create = await server.until_heard("response.create")
            group.start_soon(lambda: session.add_item("And Rome?", reply=True))
            await server.until_heard("conversation.item.create", 2)
            await server.take()
            await server.respond_by_itself("resp_vad")
            await server.error(BUSY, event_id=create["event_id"])
            await server.finish("resp_vad")
            await session.until(lambda state: "resp_vad" in state.responses and not state.active_response_id)
            await idle()
            assert creates(server) == 1

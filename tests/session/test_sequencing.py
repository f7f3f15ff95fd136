"""The client's rules for asking (RULES §3): what goes out, and when, given what the server says."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionLost, LocalProtocolError, RequestTimeout, ServerError
from realtime_sdk.protocol import client_events, models
from realtime_sdk.session import Endpoint, RealtimeSession
from tests.session.scripted import Server, talking


async def idle() -> None:
    """Let every task run as far as it can."""
    for _ in range(40):
        await checkpoint()


async def busy(session: RealtimeSession, server: Server) -> None:
    """Have a response of the server's own running."""
    await server.respond_by_itself("resp_vad")
    await session.until(lambda state: state.active_response_id == "resp_vad")


def creates(server: Server) -> int:
    return server.kinds.count("response.create")


async def test_the_first_response_create_of_an_idle_session_goes_out_at_once() -> None:
    async with talking(holding=True) as (session, _):
        await session.send(client_events.ResponseCreate())
        assert b"response.create" in session.log[-1].frame


async def test_text_during_a_response_goes_in_now_and_its_create_waits_for_the_end() -> None:
    async with talking(holding=True) as (session, server):
        await busy(session, server)
        await session.add_item("And Rome?", reply=True)
        await idle()
        assert server.kinds == ["conversation.item.create"]
        await server.finish("resp_vad")
        await server.until_heard("response.create")


async def test_three_such_texts_get_one_answer() -> None:
    async with talking(holding=True) as (session, server):
        await busy(session, server)
        for text in ("One", "Two", "Three"):
            await session.add_item(text, reply=True)
        await server.finish("resp_vad")
        await server.until_heard("response.create")
        await idle()
        assert server.kinds == ["conversation.item.create"] * 3 + ["response.create"]


async def test_a_text_after_the_create_went_out_but_before_it_began_gets_an_answer_of_its_own() -> None:
    async with talking(holding=True, prepare=lambda s: s.silent_about.add("response.create")) as (session, server):
        await session.ask()
        asked = await server.until_heard("response.create")
        await session.add_item("And Rome?", reply=True)
        await idle()
        assert creates(server) == 1
        response_id = await server.begin(asked.get("response", {}))
        await idle()
        assert creates(server) == 1
        await server.finish(response_id)
        await server.until_heard("response.create", 2)


async def test_raw_creates_queue_and_are_not_joined() -> None:
    async with talking(holding=True) as (session, server):
        await busy(session, server)
        await session.send(client_events.ResponseCreate())
        await session.send(client_events.ResponseCreate())
        await idle()
        assert creates(server) == 0
        await server.finish("resp_vad")
        await server.until_heard("response.create")
        await session.until(lambda state: state.active_response_id)
        await idle()
        assert creates(server) == 1
        await server.finish(session.state.active_response_id or "")
        await server.until_heard("response.create", 2)


async def test_each_respond_has_a_response_of_its_own() -> None:
    async with talking() as (session, server), anyio.create_task_group() as group:
        answers: list[Any] = []

        async def ask(text: str) -> None:
            answers.append(await session.respond(text))

        for text in ("One", "Two", "Three"):
            group.start_soon(ask, text)
        await session.until(lambda state: len(state.responses) == 3 and not state.active_response_id)
        await idle()
        assert len({answer.id for answer in answers}) == 3
        assert creates(server) == 3
        assert session.state.errors == ()


@pytest.mark.parametrize("event_id", ["evt_of_somebody_else", None])
async def test_an_error_about_something_else_leaves_the_create_in_place(event_id: str | None) -> None:
    deaf = ("response.create", "session.update")
    async with talking(holding=True, prepare=lambda s: s.silent_about.update(deaf)) as (session, server):
        await session.send(client_events.SessionUpdate(session=models.SessionRequest(instructions="x")))
        await session.ask()
        asked = await server.until_heard("response.create")
        await server.error("invalid_value", event_id=event_id)
        await session.ask()
        await idle()
        assert creates(server) == 1
        await server.finish(await server.begin(asked.get("response", {})))
        await server.until_heard("response.create", 2)


async def test_an_error_without_a_name_frees_the_create_that_is_alone_in_flight() -> None:
    async with talking(holding=True, prepare=lambda s: s.silent_about.add("response.create")) as (session, server):
        await session.ask()
        await server.until_heard("response.create")
        await server.error("invalid_value")
        await session.until(lambda state: state.errors)
        await session.ask()
        await server.until_heard("response.create", 2)


async def test_a_create_that_lost_the_race_is_made_once_more_when_the_conversation_is_idle() -> None:
    async with talking(holding=True) as (session, server), anyio.create_task_group() as group:
        answers: list[str] = []

        async def ask() -> None:
            answers.append((await session.respond("Hello")).text)

        server.active = "resp_vad"  # it has begun, and we do not know yet
        group.start_soon(ask)
        await server.until_heard("response.create")
        await server.respond_by_itself("resp_vad")
        await session.until(lambda state: state.errors and state.active_response_id)
        await idle()
        assert creates(server) == 1
        server.holding = False
        await server.finish("resp_vad")
        await session.until(lambda state: len(state.responses) == 2 and not state.active_response_id)
    assert answers == ["Paris."]


async def test_a_create_that_is_refused_twice_is_refused() -> None:
    class Stubborn(Server):
        async def on_response_create(self, event: dict[str, Any]) -> None:
            await self.error("conversation_already_has_active_response", event_id=event["event_id"])
            await self.respond_by_itself(response_id := f"resp_{len(self.heard)}")
            await self.finish(response_id)

    async with talking(Stubborn) as (session, server):
        with pytest.raises(ServerError) as caught:
            await session.respond("Hello")
        assert caught.value.code == "conversation_already_has_active_response"
        assert creates(server) == 2


async def test_a_withdrawn_request_does_not_hold_up_the_next() -> None:
    async with talking(holding=True) as (session, server):
        server.active = "resp_unseen"
        with pytest.raises(RequestTimeout):
            await session.respond("Hello", timeout=0.01)
        await server.finish("resp_unseen")
        await session.until(lambda state: state.responses)
        server.holding = False
        assert (await session.respond("Hello")).text == "Paris."


async def test_a_cancelled_wait_for_a_turn_sends_nothing_later() -> None:
    async with talking(holding=True) as (session, server):
        await busy(session, server)
        with pytest.raises(RequestTimeout):
            await session.respond("Hello", timeout=0.01)
        await server.finish("resp_vad")
        await session.until(lambda state: not state.active_response_id)
        await idle()
        assert creates(server) == 0


# --- requests -----------------------------------------------------------------------------------------------------


async def test_an_error_that_names_an_item_create_fails_that_call_at_once() -> None:
    async with talking(prepare=lambda s: s.refuse("conversation.item.create", code="invalid_value")) as (session, _):
        with pytest.raises(ServerError) as caught:
            await session.add_item("Hello")
        assert (caught.value.code, caught.value.client_event_id) == ("invalid_value", "evt_1")
        assert (await session.add_item("Hello again")).text == "Hello again"


async def test_a_refused_item_takes_its_response_off_the_wire_when_it_has_gone_out() -> None:
    async with talking(holding=True) as (session, server):
        server.refuse("conversation.item.create", code="invalid_value")
        with pytest.raises(ServerError, match="invalid_value"):
            await session.respond("Hello")
        cancel = await server.until_heard("response.cancel")
        assert server.kinds == ["conversation.item.create", "response.create", "response.cancel"]
        (response,) = session.state.responses.values()
        assert cancel["response_id"] == response.id
        await session.until(lambda state: not state.active_response_id)
        assert session.state.responses[response.id].status == "cancelled"


async def test_a_refused_item_takes_back_a_response_that_waits_for_its_turn() -> None:
    async with talking(holding=True) as (session, server):
        await server.respond_by_itself("resp_1")
        await session.until(lambda state: state.active_response_id)
        for refused in (session.respond("Hello").result, partial(session.add_item, "Hello", reply=True)):
            server.refuse("conversation.item.create", code="invalid_value")
            with pytest.raises(ServerError, match="invalid_value"):
                await refused()
        await server.finish("resp_1")
        await idle()
        assert server.heard_of("response.create") == []


async def test_a_refused_item_leaves_the_response_to_those_who_joined_it() -> None:
    async with talking(holding=True) as (session, server):
        await server.respond_by_itself("resp_1")
        await session.until(lambda state: state.active_response_id)
        for is_refused in (False, True, True):
            if is_refused:
                server.refuse("conversation.item.create", code="invalid_value")
            with pytest.raises(ServerError) if is_refused else nullcontext():
                await session.add_item("Hello", reply=True)
        await server.finish("resp_1")
        await server.until_heard("response.create")
        await idle()
        assert server.kinds.count("response.create") == 1
        assert server.heard_of("response.cancel") == []


async def test_nothing_is_sent_of_what_cannot_be_said_whole() -> None:
    beta = Endpoint("memory:", dialect="beta")
    mcp = models.McpTool(server_label="docs", server_url="https://mcp.test")
    async with talking(model=beta) as (session, server):
        with pytest.raises(LocalProtocolError, match="beta"):
            await session.respond("Hello", tools=[mcp])
        with pytest.raises(LocalProtocolError, match="beta"):
            await session.respond(
                items=[
                    models.UserMessage(content=[]),
                    models.McpApprovalResponse(approval_request_id="a", approve=True),
                ]
            )
        await idle()
        assert server.heard == []


async def test_every_verb_gets_its_own_answer_when_all_are_asked_at_once() -> None:
    async with talking() as (session, _):
        item = await session.add_item("Hello")
        found: dict[str, Any] = {}

        async def do(name: str, what: Callable[[], Any]) -> None:
            found[name] = await what()

        async with anyio.create_task_group() as group:
            group.start_soon(do, "update", lambda: session.update(instructions="x"))
            group.start_soon(do, "retrieve", lambda: session.retrieve(item.id))
            group.start_soon(do, "truncate", lambda: session.truncate(item.id, 5))
            group.start_soon(do, "commit", session.commit)
            group.start_soon(do, "clear", session.clear)
            group.start_soon(do, "cancel", session.cancel)
            group.start_soon(do, "request", lambda: session.request(client_events.ResponseCreate()))
            group.start_soon(do, "add", lambda: session.add_item("Second", previous_item_id="root"))
        await session.delete(item.id)
    assert found["update"].instructions == "x"
    assert found["retrieve"].id == item.id
    assert found["commit"] in session.state.items
    assert found["cancel"] in (True, False)
    assert found["request"].event.response.id in session.state.responses
    assert found["add"].text == "Second"
    assert item.id not in session.state.conversation.items


async def test_an_answer_that_does_not_come_is_not_waited_for_longer_than_the_timeout() -> None:
    async with talking(prepare=lambda s: s.silent_about.add("session.update")) as (session, server):
        with pytest.raises(RequestTimeout) as caught:
            await session.update(instructions="x", timeout=0.01)
        assert caught.value.waiting_for == "session.update"
        server.silent_about.clear()
        await server.say("session.updated", session=server.session)  # the late answer is that one's
        assert (await session.update(instructions="y")).instructions == "y"


async def test_what_is_pending_fails_when_the_connection_is_lost() -> None:
    async with talking(prepare=lambda s: s.silent_about.add("session.update")) as (session, server):
        failures: list[type[Exception]] = []

        async def ask(what: Callable[[], Any]) -> None:
            try:
                await what()
            except Exception as error:
                failures.append(type(error))

        async with anyio.create_task_group() as group:
            group.start_soon(ask, lambda: session.update(instructions="x"))
            group.start_soon(ask, lambda: session.until(lambda state: False))
            group.start_soon(ask, lambda: session.request(client_events.InputAudioBufferClear()))
            await server.until_heard("session.update")
            server.silent_about.add("input_audio_buffer.clear")
            await server.transport.aclose(1006)
        assert set(failures) <= {ConnectionLost}
        assert len(failures) >= 2


async def test_cancelling_when_nothing_runs_is_no_error() -> None:
    async with talking(holding=True) as (session, server):
        assert await session.cancel() is False
        await busy(session, server)
        assert await session.cancel() is True
        assert session.state.responses["resp_vad"].status == "cancelled"
        assert server.heard_of("response.cancel")[-1]["response_id"] == "resp_vad"


async def test_an_empty_commit_is_a_race_under_voice_detection_and_a_mistake_without() -> None:
    async with talking() as (session, server):
        server.refuse("input_audio_buffer.commit", code="input_audio_buffer_commit_empty")
        with pytest.raises(ServerError):
            await session.commit()
        await session.update(turn_detection="server_vad")
        server.refuse("input_audio_buffer.commit", code="input_audio_buffer_commit_empty", named=False)
        assert await session.commit() is None


async def test_a_commit_of_the_server_itself_is_not_the_answer_to_ours() -> None:
    async with talking(prepare=lambda s: s.silent_about.add("input_audio_buffer.commit")) as (session, server):
        found: list[str | None] = []

        async def commit() -> None:
            found.append(await session.commit())

        async with anyio.create_task_group() as group:
            group.start_soon(commit)
            await server.until_heard("input_audio_buffer.commit")
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="item_vad")
            await server.say("input_audio_buffer.speech_stopped", audio_end_ms=900, item_id="item_vad")
            await server.say("input_audio_buffer.committed", item_id="item_vad")
            await server.say("input_audio_buffer.committed", item_id="item_ours")
    assert found == ["item_ours"]


async def test_an_event_without_an_answer_cannot_be_requested() -> None:
    async with talking() as (session, _):
        with pytest.raises(LocalProtocolError, match=r"use send\(\)"):
            await session.request(client_events.InputAudioBufferAppend(audio="AAAA"))


async def test_text_is_not_kept_waiting_by_the_output_of_a_call_whose_neighbour_still_runs() -> None:
    async with talking(holding=True) as (session, server):
        await server.respond_by_itself("resp_1")
        items = [await server.call("resp_1", "look", "{}", call_id=f"call_{n}", index=n) for n in (1, 2)]
        await session.until(lambda state: len(state.items) == 2)
        await session.submit_tool_output("call_1", "found")
        await server.finish("resp_1", items=tuple(items))
        await session.add_item("What is taking so long?", reply=True)
        first = await server.until_heard("response.create")
        await session.submit_tool_output("call_2", "found too")
        await session.add_item("Well?", reply=True)
        await session.until(lambda state: state.active_response_id)
        await server.finish(session.state.active_response_id or "", metadata=first["response"]["metadata"])
        await server.until_heard("response.create", 2)
        await idle()
        assert creates(server) == 2

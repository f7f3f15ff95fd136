"""The raw session: K55 to K57."""

import asyncio
import logging
from typing import Any

import pytest

import realtime_sdk as rt
from realtime_sdk.kani.session import RealtimeSession
from realtime_sdk.protocol.seed import client_events, models, server_events
from realtime_sdk.protocol.unknown import UnknownEvent
from tests.kani.talk import Talking, World, asked, until
from tests.kani.wires import Wire


async def test_k55_a_listener_gets_every_event_in_order_when_the_state_has_it(talking: Talking) -> None:
    async with talking(connected=False) as (ai, _world):
        seen: list[tuple[str, bool]] = []

        async def listen(event: Any) -> None:
            known = event.type != "conversation.item.created" or event.item.id in ai.session.conversation_items
            seen.append((event.type, known))

        ai.session.add_listener(listen)
        await ai.connect()
        await ai.chat_round("hi")
        await until(lambda: seen[-1][0] == "response.done")
        assert [kind for kind, _ in seen[:3]] == ["session.created", "session.updated", "conversation.item.created"]
        assert all(known for _, known in seen)
        assert "response.audio_transcript.delta" in [kind for kind, _ in seen]


async def test_k55_events_come_in_the_classes_of_then(talking: Talking) -> None:
    async with talking(connected=False) as (ai, _world):
        seen: list[Any] = []
        ai.session.add_listener(seen.append)
        await ai.connect()
        await ai.chat_round("hi")
        await until(lambda: seen[-1].type == "response.done")
        kinds = {type(event) for event in seen}
        assert {
            server_events.SessionUpdated,
            server_events.ConversationItemCreated,
            server_events.ResponseCreated,
            server_events.ResponseAudioTranscriptDelta,
            server_events.ResponseOutputItemDone,
            server_events.ResponseDone,
            rt.server_events.ConversationItemDone,
        } <= kinds
        done = next(event for event in seen if isinstance(event, server_events.ResponseDone))
        assert done.response.usage == models.UsageDetails(total_tokens=12, input_tokens=5, output_tokens=7)


async def test_k55_listeners_may_come_and_go_in_a_callback(talking: Talking) -> None:
    async with talking() as (ai, world):
        late: list[str] = []
        first: list[str] = []

        def second(event: Any) -> None:
            late.append(event.type)

        def once(event: Any) -> None:
            first.append(event.type)
            ai.session.add_listener(second)
            ai.session.remove_listener(once)

        ai.session.add_listener(once)
        await world.server.error("one")
        await until(lambda: first)
        await world.server.say("input_audio_buffer.cleared")
        await until(lambda: late)
        assert (first, late) == (["error"], ["input_audio_buffer.cleared"])
        with pytest.raises(ValueError, match="does not listen"):
            ai.session.remove_listener(once)


async def test_k55_a_slow_or_broken_listener_harms_nobody(talking: Talking, caplog: pytest.LogCaptureFixture) -> None:
    async with talking() as (ai, _world):
        seen: list[str] = []

        async def slow(_: Any) -> None:
            await asyncio.sleep(60)

        def broken(_: Any) -> None:
            raise ValueError("oh")

        for listener in (slow, broken, lambda event: seen.append(event.type)):
            ai.session.add_listener(listener)
        with caplog.at_level(logging.WARNING):
            assert (await ai.chat_round("hi")).text == "hello"
            await until(lambda: "response.done" in seen)
        assert "a listener failed on" in caplog.text


async def test_k56_what_is_new_is_delivered_and_nothing_is_lost(talking: Talking) -> None:
    async with talking() as (ai, world):
        seen: list[Any] = []
        ai.session.add_listener(seen.append)
        server = world.server
        await server.say("brand.new", x=1)
        await server.say("input_audio_buffer.cleared", brand_new=2)
        await server.take_in({"type": "brand_new", "x": 3})
        await server.take_in({"type": "message", "role": "user", "content": [{"type": "brand_new"}]})
        await server.say("rate_limits.updated", rate_limits=[{"name": "tokens"}])
        await until(lambda: len(seen) == 7)
        assert isinstance(seen[0], UnknownEvent)
        assert seen[1].model_extra == {"brand_new": 2}
        assert [event.type for event in seen[2:]] == [
            "conversation.item.added",
            "conversation.item.done",
            "conversation.item.added",
            "conversation.item.done",
            "rate_limits.updated",
        ]
        assert (await ai.chat_round("hi")).text == "hello"


async def test_k57_every_event_has_an_id_and_an_error_names_it(talking: Talking) -> None:
    async with talking() as (ai, world):
        errors: list[Any] = []
        ai.session.add_listener(lambda event: errors.append(event) if event.type == "error" else None)
        world.server.refuse("conversation.item.delete", code="item_not_found")
        event_id = await ai.session.send(client_events.ConversationItemDelete(item_id="x"))
        await until(lambda: errors)
        assert event_id is not None
        assert (type(errors[0]), errors[0].error.event_id) == (server_events.Error, event_id)


async def test_the_settings_of_all_responses_reach_those_that_are_asked_for_by_hand(talking: Talking) -> None:
    async with talking(max_output_tokens=50, voice="echo") as (ai, world):
        await ai.session.send(client_events.ResponseCreate())
        await world.server.until_heard("response.create")
        own = models.ResponseConfig(voice="shimmer", modalities=["text"])
        await ai.session.live.until(lambda state: state.responses and state.active_response_id is None)
        await ai.session.send(client_events.ResponseCreate(response=own))
        await world.server.until_heard("response.create", 2)
        first, second = asked(world.server)
        assert first == {"max_output_tokens": 50, "audio": {"output": {"voice": "echo"}}}
        assert second == {
            "max_output_tokens": 50,
            "audio": {"output": {"voice": "shimmer"}},
            "output_modalities": ["text"],
        }


async def test_events_of_today_are_sent_too(talking: Talking) -> None:
    async with talking() as (ai, world):
        await ai.session.send(rt.client_events.InputAudioBufferClear())
        await world.server.until_heard("input_audio_buffer.clear")


async def test_one_event_can_be_waited_for(talking: Talking) -> None:
    async with talking() as (ai, _world):
        async with asyncio.TaskGroup() as group:
            found = group.create_task(ai.session.wait_for("response.done"))
            await asyncio.sleep(0)
            await ai.session.send(client_events.ResponseCreate())
        assert isinstance(found.result(), server_events.ResponseDone)
        with pytest.raises(TimeoutError):
            await ai.session.wait_for("never", timeout=0.01)


async def test_a_session_of_its_own_connects_and_closes_and_listens_again(wire: Wire) -> None:
    async with World(wire=wire) as world:
        session = RealtimeSession("k", **world.how)
        seen: list[str] = []
        session.add_listener(lambda event: seen.append(event.type))
        for _ in range(2):
            await session.connect()
            await until(lambda: seen)
            await session.close()
            assert (seen, session.is_connected) == (["session.created"], False)
            seen.clear()
        assert world.server.heard == []

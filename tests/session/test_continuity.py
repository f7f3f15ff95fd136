"""A broken connection is not the end: the next one is told everything, and what it cannot be is named."""

import base64
from dataclasses import replace
from typing import Any

import anyio
import pytest

from realtime_sdk.errors import ConnectionLost, RequestTimeout
from realtime_sdk.fold import replay
from realtime_sdk.protocol import client_events
from tests.session.continued import appended, brought_back, idle, texts, told
from tests.session.scripted import AT_ONCE, Servers, talking


async def test_after_a_break_the_new_server_is_told_settings_and_conversation() -> None:
    async with Servers().talking(instructions="Be brief.", turn_detection=None) as (session, servers):
        await session.update(voice="cedar")
        await session.respond("What is the capital of France?")
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert servers.last.kinds == ["session.update", "conversation.item.create", "conversation.item.create"]
        assert servers.last.heard[0]["session"] == {
            "type": "realtime",
            "instructions": "Be brief.",
            "audio": {"input": {"turn_detection": None}, "output": {"voice": "cedar"}},
        }
        assert told(servers.last) == [("user", ["What is the capital of France?"]), ("assistant", ["Paris."])]
        assert texts(session) == ["What is the capital of France?", "Paris."]
        assert [epoch.session_id for epoch in session.state.epochs] == ["sess_1", "sess_2"]
        assert session.state.epochs[1].lost == ()
        assert set(session.state.conversation.order) == {
            event["item"]["id"] for event in servers.last.heard_of("conversation.item.create")
        }
        assert (await session.respond("And of Italy?")).text == "Paris."
    assert session.state == replay(session.log)
    assert session.state.anomalies == ()


async def test_iterations_go_on_and_what_was_pending_fails() -> None:
    async with Servers().talking() as (session, servers), anyio.create_task_group() as group:
        failures: list[type[Exception]] = []
        seen: list[str] = []

        async def listen() -> None:
            seen.extend([update.record.sender async for update in session.updates()])

        async def fails(what: Any) -> None:
            try:
                await what
            except Exception as error:
                failures.append(type(error))

        servers.last.silent_about.add("input_audio_buffer.clear")
        servers.last.holding = True
        group.start_soon(listen)
        group.start_soon(fails, session.clear())
        group.start_soon(fails, session.respond("Hello"))
        await servers.last.until_heard("response.create")
        await servers.last.transport.aclose(1011)
        await brought_back(session)
        assert failures == [ConnectionLost, ConnectionLost]
        assert session.is_open
        await session.aclose()
    assert seen[-1] == "local"


async def test_senders_wait_for_the_new_connection_and_go_out_in_order() -> None:
    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers), anyio.create_task_group() as group:
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for text in ("One", "Two", "Three"):
            group.start_soon(session.add_item, text)
            await idle()
        servers.refusing = None
        await session.until(lambda state: len(state.conversation.items) == 3)
        assert told(servers.last) == [("user", ["One"]), ("user", ["Two"]), ("user", ["Three"])]


async def test_waiting_for_a_connection_has_a_limit() -> None:
    patient = replace(AT_ONCE, attempts=1_000, first_delay_s=1.0)
    async with Servers().talking(continuity=patient) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for wait in (
            session.ask(timeout=0),
            session.send(client_events.InputAudioBufferClear(), timeout=0),
            session.add_item("Hello", timeout=0),
            session.respond("Hello", timeout=0),
            session.submit_tool_output("call_1", "done", timeout=0),
        ):
            with pytest.raises(RequestTimeout):
                await wait


async def test_a_request_for_a_response_that_was_given_up_at_the_gate_is_not_made() -> None:
    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for wait in (session.ask(timeout=0), session.send(client_events.ResponseCreate(), timeout=0)):
            with pytest.raises(RequestTimeout):
                await wait
        servers.refusing = None
        await brought_back(session)
        await session.add_item("Hello")
        assert servers.last.kinds == ["conversation.item.create"]


async def test_audio_of_the_gap_is_sent_and_what_did_not_fit_is_told() -> None:
    policy = replace(AT_ONCE, gap_audio_bytes=300, attempts=1_000)
    async with Servers().talking(continuity=policy) as (session, servers):
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        for piece in (b"a" * 150, b"b" * 150, b"c" * 150):
            await session.append_audio(piece)
        servers.refusing = None
        await brought_back(session)
        await session.append_audio(b"d" * 3)
        await idle()
        sent = [len(event["audio"]) for event in servers.last.heard_of("input_audio_buffer.append")]
        assert sent == [200, 200, 4]
        assert session.state.epochs[1].lost == ("150 bytes of audio",)
    assert session.state == replay(session.log)


async def test_audio_that_was_not_committed_is_sent_again_and_what_is_not_kept_is_told() -> None:
    async with Servers().talking(continuity=replace(AT_ONCE, gap_audio_bytes=400)) as (session, servers):
        await session.append_audio(b"a" * 150)
        await session.commit()
        for piece in (b"b" * 150, b"c" * 150):
            await session.append_audio(piece)
        await servers.last.until_heard("input_audio_buffer.append", 3)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await idle()
        assert appended(servers.last) == b"b" * 150 + b"c" * 150
        for piece in (b"d" * 150, b"e" * 150):
            await session.append_audio(piece)
        await servers.last.until_heard("input_audio_buffer.append", 4)
        await servers.last.transport.aclose(1006)
        await brought_back(session, 2)
        await idle()
        assert appended(servers.last) == b"d" * 150 + b"e" * 150
        assert session.state.epochs[2].lost[-1] == "300 bytes of audio"
    assert session.state == replay(session.log)


async def test_raw_appends_are_kept_and_sent_again_as_all_audio_is() -> None:
    def append(sound: bytes, **more: Any) -> Any:
        return client_events.InputAudioBufferAppend(audio=base64.b64encode(sound).decode(), **more)

    patient = replace(AT_ONCE, attempts=1_000)
    async with Servers().talking(continuity=patient) as (session, servers):
        await session.send(append(b"aaa", event_id="evt_mine"))
        heard = await servers.last.until_heard("input_audio_buffer.append")
        assert heard == {"type": "input_audio_buffer.append", "event_id": "evt_mine", "audio": "YWFh"}
        servers.refusing = ConnectionLost("not yet")
        await servers.last.transport.aclose(1006)
        await session.until(lambda state: state.epochs[0].closed)
        with anyio.fail_after(5):
            await session.append_audio(b"bbb")
            await session.send(append(b"ccc"))
        servers.refusing = None
        await brought_back(session)
        await session.send(append(b"ddd"))
        await servers.last.until_heard("input_audio_buffer.append", 4)
        assert appended(servers.last) == b"aaabbbcccddd"
        assert session.state.epochs[1].lost == ()
        assert session.state.sent_audio_bytes == 15
    assert session.state == replay(session.log)


async def test_speech_that_goes_on_is_sent_again_from_where_it_began() -> None:
    detecting = {"type": "server_vad"}
    async with Servers().talking(turn_detection=detecting) as (session, servers):
        await session.append_audio(b"s" * 48_000)
        await servers.last.say("input_audio_buffer.speech_started", audio_start_ms=900, item_id="item_u")
        await session.until(lambda state: state.input_audio.speaking)
        await session.append_audio(b"t" * 4_800)
        await servers.last.until_heard("input_audio_buffer.append", 2)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await idle()
        assert appended(servers.last) == b"s" * 4_800 + b"t" * 4_800
        assert session.state.epochs[1].lost == ()


async def test_an_output_that_is_ready_after_a_break_is_told_with_its_call() -> None:
    started, ready = anyio.Event(), anyio.Event()
    runs: list[int] = []

    async def slow() -> str:
        """Takes its time."""
        runs.append(1)
        started.set()
        await ready.wait()
        return "done"

    async with Servers().talking(tools=[slow]) as (session, servers):
        long_id = "call_" + "x" * 40
        await servers.last.respond_by_itself("resp_1")
        call = await servers.last.call("resp_1", "slow", "{}", call_id=long_id)
        await servers.last.finish("resp_1", items=(call,))
        await started.wait()
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert session.state.epochs[1].lost == (call,)
        ready.set()
        await servers.last.until_heard("response.create")
        (first, call_id), (second, output_id) = told(servers.last)
        assert (first, second) == ("function_call", "function_call_output")
        assert call_id == output_id
        assert runs == [1]
    assert session.state == replay(session.log)


async def test_an_output_that_is_refused_is_told_of() -> None:
    async def quick() -> str:
        """Takes no time."""
        return "done"

    async with Servers().talking(tools=[quick]) as (session, servers):
        servers.last.refuse("conversation.item.create", code="invalid_value")
        await servers.last.respond_by_itself("resp_1")
        call = await servers.last.call("resp_1", "quick", "{}", call_id="call_1")
        await servers.last.finish("resp_1", items=(call,))
        await session.until(lambda state: state.epochs[0].lost == ("the output of quick for call_1",))
    assert session.state == replay(session.log)


async def test_calls_of_a_history_are_not_run_again() -> None:
    runs: list[int] = []

    async def once() -> str:
        """Runs once."""
        runs.append(1)
        return "done"

    async with talking(tools=[once]) as (session, server):
        await server.respond_by_itself("resp_1")
        call = await server.call("resp_1", "once", "{}", call_id="call_1")
        await server.finish("resp_1", items=(call,))
        await session.until(lambda state: any(i.type == "function_call_output" for i in state.items.values()))
    async with talking(tools=[once], history=session.log) as (_, later):
        assert ("function_call", "call_1") in told(later)
        await idle()
    assert runs == [1]


async def test_a_response_that_was_asked_for_when_idle_is_asked_for_again_after_a_break() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.holding = True
        await servers.last.respond_by_itself("resp_1")
        await session.until(lambda state: state.active_response_id)
        await session.add_item("And now?", reply=True)
        assert servers.last.heard_of("response.create") == []
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await servers.last.until_heard("response.create")
        await session.until(lambda state: not state.active_response_id and len(state.responses) == 2)
        assert len(servers.last.heard_of("response.create")) == 1


async def test_joined_requests_for_a_response_in_flight_are_made_once_on_the_new_connection() -> None:
    async with Servers().talking() as (session, servers):
        servers.last.silent_about.add("response.create")
        await session.add_item("One", reply=True)
        await session.add_item("Two", reply=True)
        await session.add_item("Three", reply=True)
        assert len(servers.last.heard_of("response.create")) == 1
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        await session.until(lambda state: not state.active_response_id and state.responses)
        await idle()
        assert told(servers.last) == [("user", ["One"]), ("user", ["Two"]), ("user", ["Three"])]
        assert servers.last.kinds.count("response.create") == 1
        assert texts(session) == ["One", "Two", "Three", "Paris."]


async def test_a_response_to_what_was_lost_with_its_connection_is_not_asked_for_again() -> None:
    async with Servers().talking() as (session, servers), anyio.create_task_group() as group:
        servers.last.silent_about |= {"conversation.item.create", "response.create"}

        async def lose(text: str) -> None:
            with pytest.raises(ConnectionLost):
                await session.add_item(text, reply=True)

        for text in ("One", "Two", "Three"):
            group.start_soon(lose, text)
        await servers.last.until_heard("conversation.item.create", 3)
        await servers.last.transport.aclose(1006)
        await brought_back(session)
        assert servers.last.kinds == []
        await session.add_item("Four", reply=True)
        await session.until(lambda state: not state.active_response_id and state.responses)
        assert texts(session) == ["Four", "Paris."]
        assert servers.last.kinds.count("response.create") == 1

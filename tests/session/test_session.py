"""A session connects, says, listens and waits; and whatever it does, a replay of its log gives its state."""

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import anyio
import pytest

from realtime_sdk.errors import (
    ConnectionClosed,
    ConnectionExpired,
    ConnectionLost,
    HandshakeError,
    LocalProtocolError,
    RequestTimeout,
    ResponseFailed,
    ServerError,
    SubscriberTooSlow,
)
from realtime_sdk.fold import replay
from realtime_sdk.log import EventLog
from realtime_sdk.protocol import client_events, models, server_events
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.session import RealtimeSession
from tests.session.scripted import Server, talking


def said(log: EventLog) -> list[str]:
    """The types of what a log holds, marked with who said it."""
    marks = {"client": ">", "server": "<", "local": "."}
    return [f"{marks[record.sender]} {json.loads(record.frame)['type']}" for record in log]


def closing_record(session: RealtimeSession) -> dict[str, Any]:
    record = session.log[-1]
    assert record.sender == "local"
    return dict(json.loads(record.frame))


# --- connecting ---------------------------------------------------------------------------------------------------


async def test_connecting_waits_for_the_greeting_and_applies_the_settings() -> None:
    async with talking(instructions="Be brief.", turn_detection=None) as (session, server):
        assert session.state.session.instructions == "Be brief."
        assert said(session.log) == [
            ". local.connection_opened",
            "< session.created",
            "> session.update",
            "< session.updated",
        ]
        assert server.heard[0]["session"] == {
            "type": "realtime",
            "instructions": "Be brief.",
            "audio": {"input": {"turn_detection": None}},
        }
    assert session.state == replay(session.log)


async def test_without_settings_nothing_is_sent() -> None:
    async with talking() as (session, server):
        assert session.state.session.id == "sess_1"
    assert server.heard == []
    assert said(session.log)[-1] == ". local.connection_closed"


async def test_settings_that_the_server_refuses_are_its_error() -> None:
    with pytest.raises(ServerError, match="unknown_parameter") as caught:
        async with talking(prepare=lambda s: s.refuse("session.update", code="unknown_parameter"), voice="nobody"):
            pass
    assert caught.value.code == "unknown_parameter"


async def test_a_refusal_without_the_name_of_our_event_is_ours_all_the_same() -> None:
    with pytest.raises(ServerError):
        async with talking(
            prepare=lambda s: s.refuse("session.update", code="invalid_type", named=False), voice="nobody"
        ):
            pass


async def test_a_misspelt_setting_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(LocalProtocolError, match="did you mean 'voice'"):
        async with talking(vocie="marin"):
            pass


async def test_an_error_as_first_frame_is_a_refused_handshake() -> None:
    class Refusing(Server):
        async def run(self) -> None:
            await self.error("invalid_api_key", message="Incorrect API key provided")
            await self.transport.aclose(3000, "invalid_request_error.invalid_api_key")

    with pytest.raises(HandshakeError, match="Incorrect API key") as caught:
        async with talking(Refusing):
            pass
    assert (caught.value.code, caught.value.status) == ("invalid_api_key", None)


async def test_a_close_before_the_greeting_is_a_refused_handshake_with_its_code() -> None:
    class Closing(Server):
        async def run(self) -> None:
            await self.transport.aclose(4000, "invalid_request_error.beta_api_shape_disabled")

    with pytest.raises(HandshakeError) as caught:
        async with talking(Closing):
            pass
    assert caught.value.code == "beta_api_shape_disabled"


async def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout() -> None:
    with pytest.raises(RequestTimeout) as caught:
        async with talking(greets=False, timeout=0.01):
            pass
    assert caught.value.seconds == 0.01


async def test_an_exception_in_the_block_comes_out_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        async with talking() as (session, _):
            raise ZeroDivisionError
    assert closing_record(session)["by"] == "client"


# --- the file -----------------------------------------------------------------------------------------------------


async def test_a_path_is_written_while_the_session_lives(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    async with talking(log=path) as (session, _):
        assert (await session.respond("What is the capital of France?")).text == "Paris."
        assert len(EventLog.load(path)) == len(session.log)
    log = EventLog.load(path)
    assert list(log) == list(session.log)
    assert replay(log) == session.state
    assert (log.header.dialect, log.header.sdk is not None, log.header.spec is not None) == ("openai", True, True)
    assert log.header.started_at is not None


async def test_a_log_with_something_in_it_goes_on() -> None:
    log = EventLog()
    async with talking(log=log) as (first, _):
        await first.respond("One")
    async with talking(log=log, prepare=lambda server: server.session.update(id="sess_2")) as (second, _):
        await second.respond("Two")
    assert second.state == replay(log)
    assert [epoch.session_id for epoch in second.state.epochs] == ["sess_1", "sess_2"]
    assert [record.seq for record in log] == list(range(len(log)))
    times = [record.at_ns or 0 for record in log]
    assert times == sorted(times)


# --- listening ----------------------------------------------------------------------------------------------------


async def test_updates_are_every_record_from_now_on_with_the_states_around_it() -> None:
    async with talking() as (session, _):
        updates = session.updates()
        await session.send(client_events.InputAudioBufferClear())
        sent, cleared = await anext(updates), await anext(updates)
        assert (sent.record.sender, cleared.record.sender) == ("client", "server")
        assert isinstance(cleared.event, server_events.InputAudioBufferCleared)
        assert cleared.before == sent.after
        assert updates.behind == 0


async def test_events_can_be_chosen_by_class() -> None:
    async with talking() as (session, server):
        events = session.events(server_events.InputAudioBufferCleared, UnknownEvent)
        await server.say("brand.new", hello=1)
        await server.say("input_audio_buffer.cleared")
        first, second = await anext(events), await anext(events)
        assert isinstance(first, UnknownEvent)
        assert first.raw["hello"] == 1
        assert isinstance(second, server_events.InputAudioBufferCleared)


async def test_until_returns_the_state_in_which_it_was_true_however_short() -> None:
    async with talking(holding=True) as (session, server), anyio.create_task_group() as group:

        async def flash() -> None:
            await server.respond_by_itself("resp_1")
            await server.finish("resp_1")
            await server.say("input_audio_buffer.cleared")

        group.start_soon(flash)
        state = await session.until(lambda state: state.active_response_id)
        assert state.active_response_id == "resp_1"
        assert await session.until(lambda state: True) is session.state


async def test_until_gives_up_after_its_timeout() -> None:
    async with talking() as (session, _):
        with pytest.raises(TimeoutError) as caught:
            await session.until(lambda state: False, timeout=0.01)
        assert isinstance(caught.value, RequestTimeout)


async def test_a_subscriber_that_falls_behind_is_told_and_nobody_else_is() -> None:
    async with talking() as (session, server):
        slow, quick = session.updates(limit=10), session.updates()
        for _ in range(200):
            await server.say("input_audio_buffer.cleared")
        await server.say("input_audio_buffer.committed", item_id="item_end")
        await session.until(lambda state: "item_end" in state.input_audio.commits)
        with pytest.raises(SubscriberTooSlow) as caught:
            await anext(slow)
        assert caught.value.missed >= 10
        assert [update async for update in slow] == []
        assert [(await anext(quick)).record.sender for _ in range(201)] == ["server"] * 201


# --- how it ends --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason", "error"),
    [
        (1000, "bye", None),
        (1001, "Your session hit the maximum duration of 60 minutes.", ConnectionExpired),
        (1006, "", ConnectionLost),
        (1011, "internal", ConnectionLost),
        (1008, "policy", ConnectionClosed),
        (4000, "invalid_request_error.x", ConnectionClosed),
    ],
)
async def test_iterations_end_as_the_close_code_says(code: int, reason: str, error: type[Exception] | None) -> None:
    async with talking() as (session, server):
        updates = session.updates()
        await server.transport.aclose(code, reason)
        if error is None:
            assert [update.record.sender async for update in updates] == ["local"]
        else:
            with pytest.raises(error) as caught:
                [update async for update in updates]
            assert type(caught.value) is error
        assert not session.is_open
        by = "network" if code == 1006 else "server"
        record = {"type": "local.connection_closed", "code": code, "reason": reason or None, "by": by}
        assert closing_record(session) == record
        with pytest.raises(ConnectionClosed):
            await session.append_audio(b"\0\0")
    assert session.state == replay(session.log)


async def test_an_expired_session_is_known_by_its_error_too() -> None:
    async with talking() as (session, server):
        updates = session.updates()
        await server.error("session_expired", message="Your session hit the maximum duration of 60 minutes.")
        await server.transport.aclose(1000)
        with pytest.raises(ConnectionExpired, match="maximum duration"):
            [update async for update in updates]


async def test_closing_it_ourselves_ends_iterations_and_is_no_error() -> None:
    async with talking() as (session, _), anyio.create_task_group() as group:
        ends: list[str] = []

        async def listen() -> None:
            ends.extend([update.record.sender async for update in session.updates()])
            ends.append("end")

        group.start_soon(listen)
        await anyio.lowlevel.checkpoint()
        await session.aclose()
        await session.aclose()
    assert ends == ["local", "end"]
    assert closing_record(session) == {
        "type": "local.connection_closed",
        "code": 1000,
        "reason": None,
        "by": "client",
    }


async def test_a_refused_account_ends_the_session_and_other_errors_do_not() -> None:
    async with talking() as (session, server):
        updates = session.updates()
        await server.error("unknown_parameter")
        await session.until(lambda state: state.errors)
        assert session.is_open
        await server.error("insufficient_quota", message="You exceeded your current quota.")
        with pytest.raises(ServerError, match="exceeded your current quota") as caught:
            [update async for update in updates]
        assert caught.value.code == "insufficient_quota"


# --- saying -------------------------------------------------------------------------------------------------------


async def test_respond_gives_its_own_answer_with_text_and_usage() -> None:
    async with talking() as (session, server):
        answer = await session.respond("What is the capital of France?")
        assert (answer.text, answer.status, answer.usage and answer.usage.total_tokens) == ("Paris.", "completed", 12)
        user, assistant = session.state.conversation.items.values()
        assert (user.text, assistant.text) == ("What is the capital of France?", "Paris.")
        assert server.kinds == ["conversation.item.create", "response.create"]
    assert session.state == replay(session.log)


async def test_a_reply_gives_its_deltas_and_then_its_end() -> None:
    async with talking() as (session, server):
        server.answer = "It is Paris."
        reply = session.respond("What is the capital of France?")
        words = [delta.delta async for delta in reply]
        assert words == ["It ", "is ", "Paris. "]
        assert (await reply).text == "It is Paris."


async def test_a_reply_can_be_waited_for_in_a_task_and_more_than_once() -> None:
    async with talking() as (session, server), anyio.create_task_group() as group:
        reply = session.respond("Hello")
        group.start_soon(reply.result)
        await session.until(lambda state: state.responses and not state.active_response_id)
        assert await reply.result() is await reply
        assert server.kinds.count("response.create") == 1


async def test_a_reply_that_was_given_up_can_be_waited_for_again_once_it_has_begun() -> None:
    async with talking(holding=True) as (session, server):
        begun, waiting = session.respond("Hello"), session.respond("And?")
        async with anyio.create_task_group() as group:
            group.start_soon(begun.result)
            await session.until(lambda state: state.active_response_id)
            group.cancel_scope.cancel()
        with anyio.move_on_after(0.01):
            await waiting
        item_id = await server.speak(begun.response_id or "", "Paris.")
        await server.finish(begun.response_id or "", items=(item_id,))
        assert (await begun).text == "Paris."
        with pytest.raises(RequestTimeout, match="given up"):
            await waiting
        assert server.kinds.count("response.create") == 1


async def test_a_response_that_fails_is_raised_with_its_code_and_when_to_try_again() -> None:
    async with talking() as (session, server):
        error = {"type": "rate_limit", "code": "rate_limit_exceeded", "message": "Please try again in 2.5s."}
        server.failure = {"type": "failed", "error": error}
        with pytest.raises(ResponseFailed, match=r"try again in 2\.5 s") as caught:
            await session.respond("Hello")
        assert (caught.value.code, caught.value.retry_after_s) == ("rate_limit_exceeded", 2.5)
        assert caught.value.response.status == "failed"


async def test_a_refused_item_is_the_error_of_the_reply() -> None:
    async with talking() as (session, server):
        server.refuse("conversation.item.create", code="invalid_value")
        with pytest.raises(ServerError) as caught:
            await session.respond("Hello")
        assert caught.value.code == "invalid_value"


async def test_a_response_of_the_server_itself_is_never_taken_for_ours() -> None:
    async with talking(holding=True) as (session, server), anyio.create_task_group() as group:
        answers: list[str] = []

        async def ask() -> None:
            answers.append((await session.respond("Ours?")).id)

        await server.respond_by_itself("resp_vad")
        await session.until(lambda state: state.active_response_id == "resp_vad")
        group.start_soon(ask)
        await server.until_heard("conversation.item.create")
        server.holding = False
        await server.finish("resp_vad")
        await session.until(lambda state: len(state.responses) == 2 and not state.active_response_id)
    assert answers == [list(session.state.responses)[1]]


async def test_the_connection_ends_and_so_does_the_reply() -> None:
    async with talking(holding=True) as (session, server), anyio.create_task_group() as group:

        async def drop() -> None:
            await server.until_heard("response.create")
            await server.transport.aclose(1006)

        group.start_soon(drop)
        with pytest.raises(ConnectionLost):
            await session.respond("Hello")


async def test_a_wait_that_a_planned_close_cuts_short_has_the_code_of_that_close() -> None:
    async with talking(holding=True) as (session, server), anyio.create_task_group() as group:

        async def until_never() -> None:
            with pytest.raises(ConnectionClosed) as caught:
                await session.until(lambda _: False)
            assert caught.value.code == 1000

        async def close() -> None:
            await server.until_heard("response.create")
            await server.transport.aclose(1000)

        group.start_soon(until_never)
        group.start_soon(close)
        with pytest.raises(ConnectionClosed) as caught:
            await session.respond("Hello")
        assert (type(caught.value), caught.value.code) == (ConnectionClosed, 1000)


@pytest.mark.parametrize(("code", "error"), [(1000, None), (1006, ConnectionLost), (1001, ConnectionExpired)])
async def test_the_end_of_a_session_can_be_waited_for(code: int, error: type[Exception] | None) -> None:
    async with talking() as (session, server):
        with pytest.raises(RequestTimeout):
            await session.until_ended(timeout=0.01)
        await server.transport.aclose(code)
        for _ in range(2):
            with nullcontext() if error is None else pytest.raises(error):
                await session.until_ended()


async def test_a_reply_is_not_waited_for_longer_than_its_timeout() -> None:
    async with talking(holding=True) as (session, _):
        with pytest.raises(RequestTimeout):
            await session.respond("Hello", timeout=0.01)


async def test_an_out_of_band_response_stays_out_of_the_conversation() -> None:
    async with talking(holding=True) as (session, server):
        await server.respond_by_itself("resp_vad")
        await session.until(lambda state: state.active_response_id)
        server.holding = False
        answer = await session.respond("Classify this.", out_of_band=True, metadata={"topic": "spam"})
        assert answer.text == "Paris."
        assert session.state.conversation.order == ()
        assert answer.response.out_of_band
        asked = server.heard[-1]["response"]
        assert asked["conversation"] == "none"
        assert asked["metadata"] == {"topic": "spam", "realtime_sdk": "1"}
        assert asked["input"][0]["content"] == [{"type": "input_text", "text": "Classify this."}]


async def test_audio_is_appended_counted_and_committed() -> None:
    async with talking() as (session, server):
        await session.append_audio(b"\0" * 4800)
        await session.append_audio([b"\1" * 4800, b"\2" * 4800])
        item_id = await session.commit()
        assert item_id is not None
        assert session.state.sent_audio_bytes == 3 * 4800
        assert session.state.input_audio.lengths[item_id] == 300
        assert server.kinds[:3] == ["input_audio_buffer.append"] * 3
    assert session.state == replay(session.log)


async def test_audio_is_bytes_of_any_kind_and_nothing_else() -> None:
    async with talking() as (session, server):
        for sound in (b"ab", bytearray(b"cd"), memoryview(b"ef"), [b"gh", bytearray(b"ij")]):
            await session.append_audio(sound)
        for wrong in ("text", [b"kl", "text"], 7):
            with pytest.raises(LocalProtocolError, match=r"audio is bytes, and this is (str|int)"):
                await session.append_audio(wrong)  # type: ignore[arg-type]
        await server.until_heard("input_audio_buffer.append", 6)
        assert session.state.sent_audio_bytes == 12


async def test_an_item_may_be_a_dictionary() -> None:
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]}
    async with talking() as (session, server):
        assert (await session.add_item(said)).text == "Hello"
        assert (await session.respond(items=[said])).text == "Paris."
        with pytest.raises(LocalProtocolError, match="nearest is 'content'"):
            await session.add_item(said | {"contents": []})
        assert [event["item"]["content"] for event in server.heard_of("conversation.item.create")] == [
            said["content"],
            said["content"],
        ]


async def test_an_event_that_the_dialect_cannot_say_is_not_sent() -> None:
    async with talking() as (session, server):
        before = len(session.log)
        with pytest.raises(LocalProtocolError):
            await session.request(client_events.InputAudioBufferAppend(audio="AAAA"))
        assert len(session.log) == before
        message = models.UserMessage(content=[models.UserMessageContent(type="input_text", text="Hi")])
        await session.send(client_events.ConversationItemCreate(item=message))
        await server.until_heard("conversation.item.create")
        assert server.heard[-1] == {
            "type": "conversation.item.create",
            "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        }

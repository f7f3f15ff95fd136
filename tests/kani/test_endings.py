"""How conversations are interrupted, end and break: K33 to K36, K39 to K41, and draining."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from realtime_sdk.audio.player import Player
from realtime_sdk.errors import ConnectionClosed, ConnectionExpired
from realtime_sdk.kani.conversing import Conversation
from realtime_sdk.protocol.seed import client_events, models
from tests.kani.talk import Talking, asked, conversing, created, history, microphone, parts_running, settled, until
from tests.kani.test_full_duplex import Noting

SECOND = bytes(48_000)


async def interrupted(server: Any, ai: Any, *, output: bool = True) -> str:
    """A response that is cut off by the user's voice, after a second of sound or before it had any."""
    server.params = {}
    await server.respond_by_itself("r1")
    item_id: str = await server.opened("r1")
    if output:
        where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
        await server.say("response.output_audio_transcript.delta", **where, delta="once upon a time")
        await server.say("response.output_audio.delta", **where, delta="AAAA" * 16_000)
        await ai.session.live.until(lambda state: state.items[item_id].audio_ms == 1_000)
    await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u2")
    details = {"type": "cancelled", "reason": "turn_detected"}
    items = (item_id,) if output else ()
    if output:
        server.items[item_id]["status"] = "incomplete"
    usage = {} if output else {"usage": None}
    await server.over("r1", *items, status="cancelled", status_details=details, **usage)
    return item_id


async def test_k33_a_barge_in_ends_the_stream_and_cuts_what_was_not_heard(talking: Talking) -> None:
    clock = [0]
    player = Player(now_ns=lambda: clock[0])
    async with talking() as (ai, world):
        server = world.server
        async with conversing(ai, player) as heard:
            server.params = {}
            await server.respond_by_itself("r1")
            item_id = await server.opened("r1")
            where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
            await server.say("response.output_audio_transcript.delta", **where, delta="once upon a time")
            await server.say("response.output_audio.delta", **where, delta="AAAA" * 16_000)
            await until(lambda: player.playing)
            clock[0] = 300_000_000
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u2")
            truncate = await server.until_heard("conversation.item.truncate")
            server.items[item_id]["status"] = "incomplete"
            await server.over(
                "r1", item_id, status="cancelled", status_details={"type": "cancelled", "reason": "turn_detected"}
            )
            await until(lambda: ai.chat_history)
            (message,) = ai.chat_history
            await until(lambda: message.extra["realtime"].get("audio_end_ms"))
        assert (truncate["item_id"], truncate["content_index"], truncate["audio_end_ms"]) == (item_id, 0, 300)
        assert heard.said == [("assistant", ["once upon a time"], "once upon a time")]
        notes = message.extra["realtime"]
        assert (notes["status"], notes["reason"], notes["audio_end_ms"]) == ("cancelled", "turn_detected", 300)
        assert message.parts[0].duration_ms == 300
        await ai.close()
        await ai.connect()
        assert created(world.server) == [f"assistant {notes['heard_text']}"]


async def test_k33_without_positions_the_callback_gets_no_more_and_nothing_is_cut(talking: Talking) -> None:
    free = asyncio.Event()
    heard_sound: list[bytes] = []

    async def slow(pcm: bytes) -> None:
        heard_sound.append(pcm)
        await free.wait()

    async with talking() as (ai, world):
        async with conversing(ai, slow) as heard:
            world.server.params = {}
            await world.server.respond_by_itself("r1")
            item_id = await world.server.opened("r1")
            where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
            for _ in range(3):
                await world.server.say("response.output_audio.delta", **where, delta="AAAA")
            await until(lambda: heard_sound)
            await world.server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u2")
            await ai.session.live.until(lambda state: state.input_audio.speaking)
            await until(lambda: heard.streams)
            await settled(ai)
            free.set()
            await world.server.over("r1", item_id, status="cancelled")
            await until(lambda: heard.said)
        assert len(heard_sound) == 1
        assert world.server.heard_of("conversation.item.truncate") == []


async def test_k34_a_response_that_was_cut_off_before_it_said_anything_leaves_nothing(talking: Talking) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await interrupted(world.server, ai, output=False)
            await until(lambda: heard.said)
            assert heard.said == [("assistant", [], None)]
            await world.server.spoken("u2")
            await until(lambda: len(heard.said) == 2)
        assert history(ai) == [("user", "hi", None)]


async def test_k13_a_response_that_fails_ends_its_stream_with_the_reason_and_nothing_else(talking: Talking) -> None:
    details = {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded", "message": "wait"}}
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await world.server.respond_by_itself("r1")
            words = await world.server.words("r1", "half")
            await world.server.over("r1", words, status="failed", status_details=details)
            await world.server.spoken("u1")
            await until(lambda: len(ai.chat_history) == 2)
        assert heard.error is None
        assert history(ai) == [("assistant", "half", None), ("user", "hi", None)]
        notes = ai.chat_history[0].extra["realtime"]
        assert (notes["status"], notes["error"]["code"]) == ("failed", "rate_limit_exceeded")


async def test_k35_a_call_that_the_end_cuts_off_has_an_output_that_says_so(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            world.server.calling(("f", "{}", "c1"), ("slow", "{}", "c2"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: ai.called == ["f", "slow"])
        outputs = [(m.tool_call_id, m.name, m.is_tool_call_error) for m in ai.chat_history[1:]]
        assert outputs == [("c1", "f", True), ("c2", "slow", True)]
        assert ai.added[1:] == [("function", "The conversation ended before this call did.")] * 2
        await ai.chat_round("hi", include_functions=False)
        said = [
            f"function_call_output {call_id} The conversation ended before this call did." for call_id in ("c1", "c2")
        ]
        assert created(world.server) == [*said, "user hi"]


async def test_k35_a_tool_that_runs_at_the_end_is_given_up_and_the_next_round_works(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            world.server.calling(("slow", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: ai.called == ["slow"])
        assert parts_running() == []
        assert (await ai.chat_round("hi", include_functions=False)).text == "hello"


async def test_k35_when_the_microphone_ends_everything_ends_and_the_session_stays(talking: Talking) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1", transcribed=False)
            await world.server.respond_by_itself("r1")
            item_id = await world.server.opened("r1")
            where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
            await world.server.say("response.output_audio_transcript.delta", **where, delta="I was about")
            await until(lambda: len(heard.streams) == 2 and heard.streams[1][1])
            await heard.end()
            assert heard.said == [("user", [], ""), ("assistant", ["I was about"], "I was about")]
            assert heard.messages[1].extra["realtime"]["status"] == "unfinished"
            assert parts_running() == []
        await world.server.finish("r1")
        assert (ai.is_connected, heard.error) == (True, None)
        assert (await ai.chat_round("hi")).text == "hello"
        async with conversing(ai) as heard:
            await world.server.spoken("u2")
            await until(lambda: heard.said)
        assert heard.said[0][2] == "hi"


async def test_k35_draining_commits_what_was_said_and_waits_for_the_answer(talking: Talking) -> None:
    config = models.SessionConfig(turn_detection=None)
    async with talking(config=config) as (ai, world):
        async with conversing(ai, audio=microphone(SECOND), drain=5) as heard:
            await world.server.until_heard("input_audio_buffer.commit")
            await until(lambda: ai.session.state.input_audio.commits)
            (item_id,) = ai.session.state.input_audio.commits
            await world.server.written(item_id, "hi")
            await until(lambda: heard.is_over)
        assert history(ai) == [("user", "hi", None), ("assistant", "hello", None)]


async def test_k35_draining_ends_at_its_time(talking: Talking) -> None:
    async with talking(config=models.SessionConfig(turn_detection=None)) as (ai, _world):
        async with conversing(ai, audio=microphone(SECOND), drain=0.05) as heard:
            await until(lambda: heard.is_over)
        assert (heard.error, ai.is_connected) == (None, True)


async def test_k36_what_the_microphone_raises_comes_out_after_the_streams_have_ended(talking: Talking) -> None:
    broken = asyncio.Event()

    async def failing() -> AsyncIterator[bytes]:
        yield bytes(480)
        await broken.wait()
        raise OSError("unplugged")

    async with talking() as (ai, world):
        async with conversing(ai, audio=failing()) as heard:
            await world.server.spoken("u1", transcribed=False)
            await until(lambda: heard.streams)
            broken.set()
            await until(lambda: heard.is_over)
        assert (str(heard.error), heard.said) == ("unplugged", [("user", [], "")])


@pytest.mark.parametrize("way", ["break", "cancel", "timeout", "raise"])
async def test_k39_a_consumer_may_leave_in_any_way(talking: Talking, way: str) -> None:
    complaints: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

    async def consume(ai: Any, started: asyncio.Event) -> None:
        async for _ in ai.full_duplex(microphone(until=asyncio.Event())):
            started.set()
            if way == "break":
                break
            if way == "raise":
                raise ValueError
            await asyncio.sleep(60)

    async with talking() as (ai, world):
        started = asyncio.Event()
        limit = asyncio.timeout(0.2 if way == "timeout" else None)

        async def limited() -> None:
            async with limit:
                await consume(ai, started)

        task = asyncio.create_task(limited())
        await until(parts_running)
        await world.server.spoken("u1")
        await started.wait()
        if way == "cancel":
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await until(lambda: not parts_running())
        await until(lambda: not ai._is_talking)
        assert (await ai.chat_round("hi")).text == "hello"
    assert complaints == []


async def test_k40_an_error_of_the_server_s_ends_nothing(talking: Talking) -> None:
    async with talking() as (ai, world):
        events: list[Any] = []
        ai.session.add_listener(events.append)
        async with conversing(ai) as heard:
            await world.server.error("response_cancel_not_active")
            await world.server.spoken("u1")
            await until(lambda: heard.said)
        assert (heard.error, heard.said[0][2]) == (None, "hi")
        assert "response_cancel_not_active" in [event.error.code for event in events if event.type == "error"]


@pytest.mark.parametrize("way", ["close", "expire"])
async def test_k41_an_end_on_purpose_is_raised_too(talking: Talking, way: str) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1", transcribed=False)
            await until(lambda: heard.streams)
            if way == "close":
                await ai.close()
            else:
                await world.server.error("session_expired")
                await world.server.transport.aclose(1001)
            await until(lambda: heard.is_over)
        assert isinstance(heard.error, ConnectionExpired if way == "expire" else ConnectionClosed)
        assert heard.said == [("user", [], "")]


@pytest.mark.parametrize("code", [1006, 1011, 1001])
async def test_k41_a_drop_ends_the_streams_is_raised_and_the_conversation_goes_on(talking: Talking, code: int) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1")
            await world.server.respond_by_itself("r1")
            item_id = await world.server.opened("r1")
            where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
            await world.server.say("response.output_audio_transcript.delta", **where, delta="I was about")
            await until(lambda: len(heard.streams) == 2 and heard.streams[1][1])
            await world.server.transport.aclose(code, "gone")
            await until(lambda: heard.is_over)
        assert isinstance(heard.error, ConnectionClosed)
        assert heard.messages[1].extra["realtime"]["status"] == "disconnected"
        assert history(ai) == [("user", "hi", None), ("assistant", "I was about", None)]
        assert not ai.is_connected
        ai.chat_history[0].parts[0].pcm = SECOND
        await ai.connect()
        assert created(world.server) == ["user input_audio", "assistant I was about"]
        assert len(ai.chat_history) == 2
        assert asked(world.server) == []


async def test_k41_the_next_conversation_has_the_settings_of_the_one_that_broke(talking: Talking) -> None:
    async with talking(config=models.SessionConfig(voice="echo")) as (ai, world):
        await world.server.transport.aclose(1011, "gone")
        await until(lambda: not ai.is_connected)
        async with conversing(ai):
            await until(lambda: len(world.servers) == 2)
        (first, second) = (server.heard_of("session.update")[0]["session"] for server in world.servers)
        assert (first["audio"]["output"], first) == ({"voice": "echo"}, second)


async def test_no_hook_of_kani_s_is_overridden() -> None:
    from kani import Kani

    from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani

    own = {name for name in vars(OpenAIRealtimeKani) if not name.startswith("_")}
    assert own & set(dir(Kani)) == set()
    assert Conversation.__module__ == "realtime_sdk.kani.conversing"

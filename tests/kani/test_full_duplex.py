"""Talking and listening at once: K25 to K32, K37, K38, K42 to K45, K51, K52."""

import asyncio
from typing import Any

import pytest
from kani import ChatMessage, ChatRole, ai_function

from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.protocol.seed import client_events, models
from tests.kani.talk import (
    Forgetful,
    Server,
    Talking,
    asked,
    conversing,
    created,
    history,
    microphone,
    parts_running,
    settled,
    until,
)

SPOKEN = [("user", "hi", None), ("assistant", "hello there", None)]


class Noting(OpenAIRealtimeKani):
    """Notes what its hooks were given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.added: list[tuple[str, str | None]] = []
        self.completed: list[tuple[str | None, int | None]] = []
        self.called: list[str] = []
        self.free = asyncio.Event()
        super().__init__(*args, **kwargs)

    async def add_to_history(self, message: ChatMessage) -> None:
        self.added.append((message.role.value, message.text))
        await super().add_to_history(message)

    async def add_completion_to_history(self, completion: Any) -> ChatMessage:
        self.completed.append((completion.message.text, completion.completion_tokens))
        return await super().add_completion_to_history(completion)

    async def do_function_call(self, call: Any, tool_call_id: str | None = None) -> Any:
        self.called.append(call.name)
        return await super().do_function_call(call, tool_call_id)

    @ai_function()
    def f(self) -> str:
        """First."""
        return "f done"

    @ai_function()
    def g(self) -> str:
        """Second."""
        return "g done"

    @ai_function()
    async def slow(self) -> str:
        """Wait, for the session too."""
        await self.free.wait()
        await self.session.send(client_events.InputAudioBufferClear())
        await self.session.live.until(lambda state: state.session is not None)
        return "at last"

    @ai_function()
    def fails(self) -> str:
        """Fail."""
        raise ValueError("it broke")

    @ai_function(after=ChatRole.USER)
    def quiet(self) -> str:
        """Say nothing."""
        return "done"


async def test_k25_a_spoken_turn_is_two_streams_and_two_messages_in_order(talking: Talking) -> None:
    heard_sound: list[bytes] = []

    async def play(pcm: bytes) -> None:
        heard_sound.append(pcm)

    async with talking(make=Noting) as (ai, world):
        world.server.sounds = (b"\1\0" * 100, b"\2\0" * 100)
        async with conversing(ai, play, bytes(4_800)) as heard:
            await world.server.until_heard("input_audio_buffer.append")
            await world.server.spoken("u1", transcribed=False)
            await world.server.answers_by_itself("r1", "hello there")
            await until(lambda: 1 in heard.messages)
            assert ai.chat_history == []
            await world.server.written("u1", "hi")
            await until(lambda: len(ai.chat_history) == 2)
        assert heard.said == [("user", ["hi"], "hi"), ("assistant", ["hello", " there"], "hello there")]
        assert history(ai) == SPOKEN
        assert ai.added == [("user", "hi"), ("assistant", "hello there")]
        assert ai.completed == [("hello there", 7)]
        assert heard.messages[1] is ai.chat_history[1]
        assert heard_sound == [b"\1\0" * 100, b"\2\0" * 100]
        (part,) = ai.chat_history[0].parts
        assert (len(part.pcm), part.transcript) == (4_800, "hi")
        (part,) = ai.chat_history[1].parts
        assert part.pcm == b"\1\0" * 100 + b"\2\0" * 100


async def test_k26_the_words_of_the_user_come_as_deltas_and_once(talking: Talking) -> None:
    async with talking() as (ai, world), conversing(ai) as heard:
        await world.server.spoken("u1", transcribed=False)
        name = "conversation.item.input_audio_transcription.delta"
        for delta in "hi":
            await world.server.say(name, item_id="u1", content_index=0, delta=delta)
        await world.server.written("u1", "hi")
        await until(lambda: heard.said)
        assert heard.said == [("user", ["h", "i"], "hi")]


async def test_k26_words_that_come_before_their_item_are_not_lost(talking: Talking) -> None:
    async with talking() as (ai, world), conversing(ai) as heard:
        name = "conversation.item.input_audio_transcription.delta"
        await world.server.say(name, item_id="u1", content_index=0, delta="h")
        await world.server.spoken("u1", transcribed=False)
        await world.server.say(name, item_id="u1", content_index=0, delta="i")
        await world.server.written("u1", "hi")
        await world.server.written("u2", "all of it")
        await world.server.spoken("u2", transcribed=False)
        await until(lambda: len(heard.said) == 2)
        assert heard.said == [("user", ["h", "i"], "hi"), ("user", ["all of it"], "all of it")]


async def test_k27_words_that_could_not_be_written_down_hold_nobody_up(talking: Talking) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1", transcript=None)
            await world.server.answers_by_itself("r1", "what?")
            await until(lambda: len(ai.chat_history) == 2)
        assert heard.said[0] == ("user", [], "")
        (part,) = ai.chat_history[0].parts
        assert (part.transcript, ai.chat_history[0].extra["realtime"]["error"]["code"]) == (None, "no_words")


async def test_k28_without_transcription_the_user_s_stream_ends_with_its_item(talking: Talking) -> None:
    async with talking(config=models.SessionConfig(input_audio_transcription=None)) as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1", transcribed=False)
            await until(lambda: heard.said)
        assert heard.said == [("user", [], "")]
        assert ai.chat_history[0].role is ChatRole.USER


async def test_k29_words_and_a_call_in_one_response(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        server = world.server
        async with conversing(ai) as heard:
            server.params = {}
            await server.respond_by_itself("r1")
            words = await server.words("r1", "let me look")
            call = await server.call("r1", "f", "{}", call_id="c1")
            await until(lambda: "c1" in [item.call_id for item in ai.session.conversation_items.values()])
            assert created(server) == []
            await server.over("r1", words, call)
            await until(lambda: len(ai.chat_history) == 3)
        assert (
            heard.said
            == [
                ("assistant", ["let", " me", " look"], "let me look"),
                ("assistant", [], None),
                ("function", ["f done"], "f done"),
                ("assistant", ["hello"], "hello"),
            ]
            or heard.said[3][2] == "hello"
        )
        assert [created(server), len(asked(server))] == [["function_call_output c1 f done"], 1]
        calls = [("c1", "f", "{}")]
        assert history(ai) == [
            ("assistant", "let me look", calls),
            ("function", "f done", "c1"),
            ("assistant", "hello", None),
        ]
        assert heard.messages[1].tool_calls[0].id == "c1"


async def test_k29_two_messages_that_are_spoken_at_once_and_a_call(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        server = world.server
        async with conversing(ai) as heard:
            server.params = {}
            await server.respond_by_itself("r1")
            first, second = await server.opened("r1"), await server.opened("r1")
            call = await server.call("r1", "f", "{}", call_id="c1", index=2)
            for item_id, text in ((second, "two"), (first, "one")):
                where = {"response_id": "r1", "item_id": item_id, "output_index": 0, "content_index": 0}
                await server.say("response.output_audio_transcript.delta", **where, delta=text)
                part = {"type": "output_audio", "transcript": text}
                server.items[item_id] |= {"status": "completed", "content": [part]}
                await server.say("response.output_item.done", **where, item=server.items[item_id])
            await server.over("r1", first, second, call)
            await until(lambda: len(ai.chat_history) == 3)
        assert [text for _, _, text in heard.said] == ["one", "two", None, "f done", "hello"]
        assert [text for _, text, _ in history(ai)] == ["onetwo", "f done", "hello"]


async def test_k30_two_calls_get_one_response(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            world.server.calling(("f", "{}", "c1"), ("g", "{}", "c2"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: len(ai.chat_history) == 4)
        assert created(world.server) == ["function_call_output c1 f done", "function_call_output c2 g done"]
        assert len(asked(world.server)) == 2
        assert [text for _, text in ai.added] == [None, "f done", "g done", "hello"]


async def test_k31_a_slow_tool_holds_nothing_up_and_may_use_the_session(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai) as heard:
            world.server.calling(("slow", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: ai.called == ["slow"])
            await world.server.spoken("u1", transcript="still there?")
            await until(lambda: ("user", ["still there?"], "still there?") in heard.said)
            await world.server.answers_by_itself("r2", "yes")
            await until(lambda: len(ai.chat_history) == 3)
            ai.free.set()
            await until(lambda: len(ai.chat_history) == 5)
        assert [text for _, text in ai.added] == [None, "still there?", "yes", "at last", "hello"]


async def test_k32_a_result_during_a_response_is_given_at_once_and_asked_for_when_it_is_over(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        server = world.server
        async with conversing(ai):
            server.calling(("slow", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: ai.called == ["slow"])
            await server.respond_by_itself("r2")
            await ai.session.live.until(lambda state: state.active_response_id == "r2")
            ai.free.set()
            await server.until_heard("conversation.item.create")
            await settled(ai)
            assert len(asked(server)) == 1
            server.params = {}
            await server.over("r2", await server.words("r2", "meanwhile"))
            await until(lambda: len(ai.chat_history) == 4)
        assert len(asked(server)) == 2


async def test_k32_a_response_that_began_by_itself_after_the_result_is_enough(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        server = world.server
        async with conversing(ai):
            server.calling(("slow", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: ai.called == ["slow"])
            await server.respond_by_itself("r2")
            await ai.session.live.until(lambda state: state.active_response_id == "r2")
            ai.free.set()
            await server.until_heard("conversation.item.create")
            await server.say("input_audio_buffer.speech_started", audio_start_ms=0, item_id="u1")
            server.params = {}
            await server.over("r2", status="cancelled")
            await settled(ai)
            await server.spoken("u1", transcript="never mind")
            await server.answers_by_itself("r3", "by itself")
            await until(lambda: len(ai.chat_history) == 4)
            await settled(ai)
        assert len(asked(server)) == 1
        assert [text for _, text in ai.added] == [None, "at last", "never mind", "by itself"]


async def test_k21_a_tool_after_which_the_user_speaks_asks_for_nothing(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            world.server.calling(("quiet", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: len(ai.chat_history) == 2)
            await settled(ai)
        assert created(world.server) == ["function_call_output c1 done"]
        assert len(asked(world.server)) == 1


async def test_k20_tools_that_fail_are_counted_in_a_conversation_too(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            world.server.calling(("fails", "{}", "c1"))
            world.server.calling(("fails", "{}", "c2"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: len(ai.chat_history) == 5)
        assert asked(world.server) == [{}, {}, {"tool_choice": "none"}]


async def test_k37_a_slow_callback_delays_no_word_and_a_plain_one_will_do(talking: Talking) -> None:
    free = asyncio.Event()
    started: list[bytes] = []

    async def slow(pcm: bytes) -> None:
        started.append(pcm)
        await free.wait()

    async with talking() as (ai, world):
        world.server.sounds = (b"\1\0", b"\2\0")
        async with conversing(ai, slow) as heard:
            await world.server.answers_by_itself("r1", "hello there")
            await until(lambda: heard.said and started)
            assert (heard.said[0][2], started) == ("hello there", [b"\1\0"])
            free.set()
            await until(lambda: len(started) == 2)
        plain: list[bytes] = []
        async with conversing(ai, plain.append):
            await world.server.answers_by_itself("r2", "more")
            await until(lambda: len(plain) == 2)
        assert plain == [b"\1\0", b"\2\0"]


async def test_k37_what_a_callback_raises_comes_out(talking: Talking) -> None:
    def broken(_: bytes) -> None:
        raise ValueError("no speaker")

    async with talking() as (ai, world):
        world.server.sounds = (b"\1\0",)
        async with conversing(ai, broken) as heard:
            await world.server.answers_by_itself("r1", "hello")
            await until(lambda: heard.is_over)
        assert isinstance(heard.error, ValueError)


async def test_k38_a_consumer_that_waits_for_each_message_is_not_stuck(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        unplug = asyncio.Event()
        said: list[Any] = []

        async def consume() -> None:
            async for stream in ai.full_duplex(microphone(until=unplug)):
                said.append((await stream.message()).text)  # noqa: PERF401 - one after the other

        task = asyncio.create_task(consume())
        await until(parts_running)
        await world.server.spoken("u1")
        world.server.params = {}
        await world.server.respond_by_itself("r1")
        words = await world.server.words("r1", "let me look")
        call = await world.server.call("r1", "f", "{}", call_id="c1")
        await world.server.over("r1", words, call)
        await until(lambda: len(said) == 5)
        unplug.set()
        await task
        assert said == ["hi", "let me look", None, "f done", "hello"]


async def test_k42_text_that_is_put_in_is_a_stream_and_so_is_its_answer(talking: Talking) -> None:
    async with talking() as (ai, _world):
        async with conversing(ai) as heard:
            part = models.TextContentPart(text="typed")
            item = models.MessageConversationItem(role="user", content=[part])
            await ai.session.send(client_events.ConversationItemCreate(item=item))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: len(ai.chat_history) == 2)
        assert heard.said == [("user", ["typed"], "typed"), ("assistant", ["hello"], "hello")]
        assert history(ai) == [("user", "typed", None), ("assistant", "hello", None)]


@pytest.mark.parametrize("kind", [Server, Forgetful])
async def test_k43_a_round_in_a_conversation_appears_once(talking: Talking, kind: type[Server]) -> None:
    async with talking(kind, make=Noting) as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1")
            await until(lambda: len(ai.chat_history) == 1)
            world.server.calling(("f", "{}", "c1"))
            said = [message.text async for message in ai.full_round("x")]
            assert said == [None, "f done", "hello"]
            await world.server.spoken("u2", transcript="bye")
            await until(lambda: len(ai.chat_history) == 6)
        assert [text for _, text in ai.added] == ["hi", "x", None, "f done", "hello", "bye"]
        assert [text for _, _, text in heard.said] == ["hi", "bye"]
        assert world.server.heard_of("conversation.item.create")[0]["item"]["content"][0]["text"] == "x"


async def test_k43_voice_detection_answers_with_the_output_that_a_round_ended_with(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai) as heard:
            world.server.calling(("quiet", "{}", "c1"))
            assert [message.role.value async for message in ai.full_round("go")] == ["assistant", "function"]
            assert created(world.server) == ["user go"]
            await world.server.spoken("u1")
            await until(lambda: len(created(world.server)) == 2)
            await world.server.answers_by_itself("r9", "good")
            await until(lambda: len(heard.said) == 2)
            await ai.chat_round("bye", include_functions=False)
        assert created(world.server) == ["user go", "function_call_output c1 done", "user bye"]
        assert [text for _, _, text in heard.said] == ["hi", "good"]
        assert [text for _, text in ai.added] == ["go", None, "done", "hi", "good", "bye", "hello"]


async def test_k44_a_response_out_of_band_changes_nothing_here(talking: Talking) -> None:
    async with talking() as (ai, world):
        events: list[str] = []
        ai.session.add_listener(lambda event: events.append(event.type))
        async with conversing(ai) as heard:
            answer = await ai.session.live.respond("aside", out_of_band=True)
            assert answer.text == "hello"
            await world.server.spoken("u1")
            await until(lambda: heard.said)
        assert [text for _, _, text in heard.said] == ["hi"]
        assert history(ai) == [("user", "hi", None)]
        assert "response.done" in events


async def test_k45_what_was_there_before_gives_no_stream(talking: Talking) -> None:
    async with talking(chat_history=[ChatMessage.user("before")]) as (ai, world):
        async with conversing(ai) as heard:
            await world.server.spoken("u1")
            await until(lambda: heard.said)
        assert [text for _, _, text in heard.said] == ["hi"]
        assert history(ai) == [("user", "before", None), ("user", "hi", None)]


async def test_k51_an_item_that_is_put_in_the_middle_stands_there_in_history(talking: Talking) -> None:
    async with talking() as (ai, world):
        server = world.server
        async with conversing(ai):
            await server.spoken("u1", transcribed=False)
            await server.answers_by_itself("r1", "hello there")
            await server.take_in(
                {
                    "id": "x",
                    "type": "message",
                    "role": "system",
                    "content": [{"type": "input_text", "text": "between"}],
                },
                "u1",
            )
            await server.written("u1", "hi")
            await until(lambda: len(ai.chat_history) == 3)
        assert list(ai.session.conversation_items)[:2] == ["u1", "x"]
        assert history(ai) == [("user", "hi", None), ("system", "between", None), ("assistant", "hello there", None)]


async def test_k51_nor_is_one_that_comes_when_history_has_what_is_after_it(talking: Talking) -> None:
    content = [{"type": "input_text", "text": "between"}]
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            await world.server.spoken("u1")
            await world.server.answers_by_itself("r1", "hello there")
            await until(lambda: len(ai.chat_history) == 2)
            item = {"id": "x", "type": "message", "role": "system", "content": content}
            await world.server.take_in(item, "u1")
            await until(lambda: len(ai.chat_history) == 3)
        between = ("system", "between")
        assert [shown[:2] for shown in history(ai)] == [("user", "hi"), between, ("assistant", "hello there")]
        assert ai.added == [("user", "hi"), ("assistant", "hello there"), between]
        await ai.chat_round("and?", include_functions=False)
        assert "input" not in asked(world.server)[-1]
        assert world.server.heard_of("conversation.item.delete") == []


async def test_k43_what_was_said_before_a_round_stands_before_it_when_its_words_come_later(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            await world.server.spoken("u1", transcribed=False)
            await ai.session.live.until(lambda state: "u1" in state.conversation.items)
            await ai.chat_round("x", include_functions=False)
            await world.server.written("u1", "hi")
            await until(lambda: len(ai.chat_history) == 3)
        assert [text for _, text, _ in history(ai)] == ["hi", "x", "hello"]


async def test_k52_every_hook_hears_of_every_message_once(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        async with conversing(ai):
            await world.server.spoken("u1")
            world.server.calling(("f", "{}", "c1"))
            await ai.session.send(client_events.ResponseCreate())
            await until(lambda: len(ai.chat_history) == 4)
        assert ai.added == [("user", "hi"), ("assistant", None), ("function", "f done"), ("assistant", "hello")]
        assert ai.completed == [(None, 7), ("hello", 7)]
        assert ai.called == ["f"]


async def test_k23_a_function_that_is_turned_off_is_withdrawn_before_the_conversation(talking: Talking) -> None:
    async with talking(make=Noting) as (ai, world):
        ai.functions["g"].enabled = False
        async with conversing(ai):
            pass
        (first, second) = world.server.heard_of("session.update")
        assert [tool["name"] for tool in first["session"]["tools"]] == ["f", "fails", "g", "quiet", "slow"]
        assert [tool["name"] for tool in second["session"]["tools"]] == ["f", "fails", "quiet", "slow"]


async def test_a_system_item_of_the_server_s_is_a_message(talking: Talking) -> None:
    async with talking() as (ai, world):
        async with conversing(ai) as heard:
            content = [{"type": "input_text", "text": "nobody spoke"}]
            await world.server.take_in({"type": "message", "role": "system", "content": content})
            listing = {"type": "mcp_list_tools", "server_label": "x", "tools": []}
            await world.server.take_in(listing)
            await world.server.spoken("u1")
            await until(lambda: len(ai.chat_history) == 2)
        assert [(role, text) for role, _, text in heard.said] == [("system", "nobody spoke"), ("user", "hi")]
        assert isinstance(ai.chat_history[1].parts[0], AudioPart)


async def test_a_second_conversation_at_once_is_refused(talking: Talking) -> None:
    async with talking() as (ai, _), conversing(ai):
        with pytest.raises(RuntimeError, match="already"):
            await anext(ai.full_duplex(microphone()))

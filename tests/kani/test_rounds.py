"""Rounds of Kani's own over the engine: K08 to K18, K53, K54."""

import asyncio
import warnings
from typing import Any

import pytest
from kani import ChatMessage, ChatRole, Kani, MessagePart
from kani.engines.base import BaseCompletion

import realtime_sdk as rt
from realtime_sdk.errors import ConnectionClosed, ResponseFailed
from realtime_sdk.kani.engine import RealtimeEngine
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from tests.kani.talk import ASSISTANT, Simulating, Talking, World, asked, created, engine_in, history, settled
from tests.kani.wires import Wire

SOUND = (b"\1\0" * 100, b"\2\0" * 101)  # 200 and 202 bytes: no multiples of three


class Counting(OpenAIRealtimeKani):
    """Keeps the completions it was given."""

    completions: list[BaseCompletion]

    async def add_completion_to_history(self, completion: BaseCompletion) -> ChatMessage:
        self.completions = [*getattr(self, "completions", []), completion]
        return await super().add_completion_to_history(completion)


async def test_k08_a_full_round_sends_an_item_and_a_request_and_nothing_else(talking: Talking) -> None:
    async with talking(make=Counting) as (ai, world):
        said = [message async for message in ai.full_round("hi")]
        assert [(message.role, message.text) for message in said] == [(ASSISTANT, "hello")]
        assert history(ai) == [("user", "hi", None), ("assistant", "hello", None)]
        assert [event["type"] for event in world.server.said] == ["conversation.item.create", "response.create"]
        assert (created(world.server), asked(world.server)) == (["user hi"], [{}])
        (completion,) = ai.completions
        assert (completion.prompt_tokens, completion.completion_tokens) == (5, 7)


async def test_k08_with_the_simulator_in_place_of_a_script(simulating: Simulating) -> None:
    async with simulating() as (server, how):
        ai = OpenAIRealtimeKani("k", **how)
        assert (await ai.chat_round("Say exactly: well done")).text == "well done"
        assert (await ai.chat_round("Say exactly: again")).text == "again"
        assert len(server.sessions[0].server.items) == 4
        await ai.close()


async def test_k09_a_chat_round_sends_its_query_and_no_tools(talking: Talking) -> None:
    async with talking() as (ai, world):
        message = await ai.chat_round("hi", include_functions=False)
        assert message.text == "hello"
        assert created(world.server) == ["user hi"]
        assert asked(world.server) == [{"tools": [], "tool_choice": "none"}]
        assert history(ai) == [("user", "hi", None), ("assistant", "hello", None)]


async def test_k10_a_stream_has_its_words_and_its_sound_in_order(talking: Talking) -> None:
    heard: list[bytes] = []

    async def play(pcm: bytes) -> None:
        heard.append(pcm)

    async with talking() as (ai, world):
        world.server.sounds = SOUND
        world.server.saying("hello there")
        streams = []
        async for stream in ai.full_round_stream("hi", audio_callback=play):
            assert stream.role is ChatRole.ASSISTANT
            tokens = [token async for token in stream]
            streams.append((tokens, await stream.message()))
        ((tokens, message),) = streams
        assert tokens == ["hello", " there"]
        (part,) = message.parts
        assert (part.pcm, part.transcript, "".join(tokens)) == (b"".join(SOUND), "hello there", message.text)
        assert heard == list(SOUND)


async def test_k11_a_chat_stream_sends_its_query_when_it_is_read(talking: Talking) -> None:
    async with talking() as (ai, world):
        stream = ai.chat_round_stream("hi", include_functions=False)
        await settled(ai)
        assert world.server.said == []
        message = await stream
        assert message is await stream
        assert (message.text, created(world.server)) == ("hello", ["user hi"])


async def test_k12_a_response_without_usage_is_a_message_all_the_same(talking: Talking) -> None:
    async with talking(make=Counting) as (ai, world):

        async def script(response_id: str) -> None:
            await world.server.over(response_id, await world.server.words(response_id, "ok"), usage=None)

        world.server.scripts.append(script)
        assert (await ai.chat_round("hi")).text == "ok"
        (completion,) = ai.completions
        assert (completion.prompt_tokens, completion.completion_tokens) == (None, None)


async def test_k13_a_failed_response_raises_its_code_and_the_next_round_works(talking: Talking) -> None:
    async with talking() as (ai, world):

        async def script(response_id: str) -> None:
            details = {"type": "failed", "error": {"type": "server_error", "code": "rate_limit_exceeded"}}
            item_id = await world.server.words(response_id, "half")
            await world.server.over(response_id, item_id, status="failed", status_details=details)

        world.server.scripts.append(script)
        with pytest.raises(ResponseFailed) as caught:
            await ai.chat_round("hi")
        assert caught.value.code == "rate_limit_exceeded"
        assert (history(ai), ai.lock.locked()) == ([("user", "hi", None)], False)
        assert len(asked(world.server)) == 1
        assert (await ai.chat_round("again")).text == "hello"


async def test_k14_an_incomplete_response_is_what_came_of_it_and_why(talking: Talking) -> None:
    async with talking() as (ai, world):

        async def script(response_id: str) -> None:
            details = {"type": "incomplete", "reason": "max_output_tokens"}
            item_id = await world.server.words(response_id, "once upon")
            await world.server.over(response_id, item_id, status="incomplete", status_details=details)

        world.server.scripts.append(script)
        message = await ai.chat_round("a story")
        assert message.text == "once upon"
        notes = message.extra["realtime"]
        assert (notes["status"], notes["reason"]) == ("incomplete", "max_output_tokens")


async def test_k15_settings_of_all_responses_and_of_one(talking: Talking) -> None:
    async with talking(max_output_tokens=50) as (ai, world):
        async for _ in ai.full_round("x"):
            pass
        async for _ in ai.full_round("x", max_output_tokens=9):
            pass
        assert asked(world.server) == [{"max_output_tokens": 50}, {"max_output_tokens": 9}]


async def test_k15_a_setting_that_does_not_exist_is_named(talking: Talking) -> None:
    async with talking() as (ai, _):
        with pytest.raises(rt.LocalProtocolError, match="max_output_tokens"):
            await ai.chat_round("x", max_output_token=9)


async def test_k16_what_belongs_to_another_response_does_not_leak_in(talking: Talking) -> None:
    async with talking() as (ai, world):
        server = world.server

        async def script(response_id: str) -> None:
            item_id = await server.opened(response_id)
            where = {"output_index": 0, "content_index": 0}
            kind = "response.output_audio_transcript.delta"
            await server.say(kind, response_id="rX", item_id="other", delta="no", **where)
            await server.say(kind, response_id=response_id, item_id=item_id, delta="yes", **where)
            other = {"id": "rX", "status": "completed", "conversation_id": None, "output": [], "metadata": None}
            await server.say("response.done", response=other)
            await server.say(kind, response_id=response_id, item_id=item_id, delta=" sir", **where)
            await server.over(response_id, item_id)

        server.scripts.append(script)
        stream = ai.chat_round_stream("hi")
        assert [token async for token in stream] == ["yes", " sir"]
        assert (await stream.message()).text == "yes sir"


async def test_k17_a_round_waits_for_a_response_of_the_server_s(talking: Talking) -> None:
    async with talking() as (ai, world):
        server = world.server
        await server.respond_by_itself("vad")
        await ai.session.live.until(lambda state: state.active_response_id == "vad")
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(ai.chat_round("hi"))
            await settled(ai)
            assert asked(server) == []
            await server.finish("vad")
        assert answer.result().text == "hello"
        assert server.heard_of("response.create")


async def test_k17_a_request_that_lost_the_race_is_made_once_more(talking: Talking) -> None:
    async with talking() as (ai, world):
        world.server.refuse("response.create", code="conversation_already_has_active_response")
        async with asyncio.TaskGroup() as group:
            answer = group.create_task(ai.chat_round("hi"))
            await world.server.until_heard("response.create")
            await world.server.respond_by_itself("vad")
            await world.server.finish("vad")
        assert answer.result().text == "hello"
        assert len(asked(world.server)) == 2


class Strange(MessagePart):
    x: int = 1


class Picture(MessagePart):
    """A part as kani-multimodal-core has them."""

    def as_b64_uri(self) -> str:
        return "data:image/png;base64,AAAA"

    def __str__(self) -> str:
        return "[a picture]"


async def test_k18_a_picture_goes_out_where_the_dialect_has_them(talking: Talking, wire: Wire) -> None:
    async with talking() as (ai, world):
        await ai.chat_round(["look:", Picture()])
        (event,) = world.server.heard_of("conversation.item.create")
        seen = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}
        told = {"type": "input_text", "text": "[a picture]"}
        assert event["item"]["content"][1] == (told if wire.is_beta else seen)


async def test_k18_a_query_of_parts_is_one_item(talking: Talking) -> None:
    async with talking() as (ai, world):
        await ai.chat_round(["look:", AudioPart(pcm=b"\1\0" * 160, sample_rate=16_000)])
        (event,) = world.server.heard_of("conversation.item.create")
        text, sound = event["item"]["content"]
        assert text == {"type": "input_text", "text": "look:"}
        assert (sound["type"], len(sound["audio"])) == ("input_audio", 640)  # 10 ms at 24 kHz: 480 bytes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            await ai.chat_round(["and", Strange()])
        (_, event) = world.server.heard_of("conversation.item.create")
        assert [part["type"] for part in event["item"]["content"]] == ["input_text", "input_text"]


async def test_k41_a_drop_in_a_round_raises_and_the_next_connect_uploads_once(talking: Talking) -> None:
    async with talking() as (ai, world):
        await ai.chat_round("hi")

        async def script(response_id: str) -> None:
            await world.server.opened(response_id)
            await world.server.transport.aclose(1011, "gone")

        world.server.scripts.append(script)
        with pytest.raises(ConnectionClosed):
            async for stream in ai.full_round_stream("and?"):
                await stream.message()
        assert not ai.is_connected
        await ai.connect()
        assert created(world.server) == ["user hi", "assistant hello", "user and?"]
        assert history(ai) == [("user", "hi", None), ("assistant", "hello", None), ("user", "and?", None)]


async def test_k53_the_engine_alone_connects_when_it_is_asked(wire: Wire) -> None:
    async with World(wire=wire) as world:
        engine = engine_in(world)
        ai = Kani(engine, system_prompt="S")
        assert world.servers == []
        assert (await ai.chat_round("hi")).text == "hello"
        assert world.server.heard[0]["session"]["instructions"] == "S"
        assert created(world.server) == ["user hi"]
        assert [message.text async for message in ai.full_round("more")] == ["hello"]
        await engine.close()


async def test_k53_two_kanis_on_one_engine_do_not_see_each_other(wire: Wire) -> None:
    async with World(wire=wire) as world:
        engine = engine_in(world)
        one, other = Kani(engine, system_prompt="one"), Kani(engine, system_prompt="other")
        await one.chat_round("a")
        await other.chat_round("b")
        await one.chat_round("c")
        contexts = [
            [reference["id"] for reference in params["input"]] if "input" in params else None
            for params in asked(world.server)
        ]
        ids = {
            event["item"]["content"][0]["text"]: event["item"]["id"]
            for event in world.server.heard_of("conversation.item.create")
        }
        own = [m.extra["realtime"]["item_ids"][0] for m in one.chat_history]
        assert contexts == [None, [ids["b"]], own[:3]]
        assert [params.get("instructions") for params in asked(world.server)] == [None, "other", None]
        assert created(world.server) == ["user a", "user b", "user c"]
        await engine.close()


def test_k54_counting_a_prompt_is_at_once_and_takes_any_argument() -> None:
    engine = RealtimeEngine("k")
    second = AudioPart(pcm=bytes(48_000))
    messages = [ChatMessage.user([second]), ChatMessage.assistant([second]), ChatMessage.user("four" * 10)]
    assert engine.prompt_len(messages, audio_callback=print, whatever=1) == 10 + 20 + 10
    assert engine.max_context_size == 128_000
    assert RealtimeEngine("k", "gpt-realtime").max_context_size == 32_000


def test_nothing_shows_the_key() -> None:
    engine: Any = RealtimeEngine("sk-secret")
    assert "sk-secret" not in f"{engine!r} {engine.session!r} {OpenAIRealtimeKani('sk-secret').engine!r}"

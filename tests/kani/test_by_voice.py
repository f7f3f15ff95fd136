"""Conversations by voice with the simulator, on every wire; and from their logs: K25, K29, K62."""

from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any

import pytest
from kani import ChatMessage, ai_function

import realtime_sdk as rt
from realtime_sdk.audio.pcm import chunks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.recording import Recording
from realtime_sdk.protocol.seed import models
from realtime_sdk.simulator import Scenario, on
from tests.kani.talk import Simulating, history
from tests.kani.wires import Wire

CLIPS = files("realtime_sdk") / "simulator" / "clips"
WORDS = "What is the weather in Paris?"
ANSWER = "It is sunny in Paris."


class Weather(OpenAIRealtimeKani):
    @ai_function()
    def get_weather(self, city: str) -> str:
        """Look up the weather."""
        return f"sunny in {city}"


def clip(name: str) -> bytes:
    with (CLIPS / f"{name}.wav").open("rb") as file:
        return read_wav(file).pcm


async def speech(*names: str) -> AsyncIterator[bytes]:
    for name in names:
        for piece in chunks(clip(name), 4_800):
            yield piece


def scenario() -> Scenario:
    return Scenario(
        on("weather").call("get_weather", city="Paris").then_say(ANSWER),
        hears=[WORDS],
    )


async def conversation(ai: OpenAIRealtimeKani, **how: Any) -> tuple[list[tuple[str, str | None]], list[bytes]]:
    """Ask about the weather by voice; what the streams said, and the sound that came."""
    sounds: list[bytes] = []
    said = [
        (stream.role.value, (await stream.message()).text)
        async for stream in ai.full_duplex(speech("weather"), sounds.append, drain=10, **how)
    ]
    return said, sounds


SPOKEN = [("user", WORDS), ("assistant", None), ("function", "sunny in Paris"), ("assistant", ANSWER)]


async def test_k29_a_question_by_voice_a_tool_and_a_spoken_answer(simulating: Simulating) -> None:
    async with simulating(scenario()) as (server, how):
        ai = Weather("k", **how)
        said, sounds = await conversation(ai)
        assert said == SPOKEN
        assert [message.text for message in ai.chat_history] == [text for _, text in SPOKEN]
        (heard,), (spoken,) = ai.chat_history[0].parts, ai.chat_history[3].parts
        assert abs(heard.duration_ms - len(clip("weather")) // 48) < 900
        assert (spoken.pcm, spoken.transcript) == (b"".join(sounds), ANSWER)
        assert (await ai.chat_round("Say exactly: bye", include_functions=False)).text == "bye"
        assert len(server.sessions[0].server.items) == 6
        await ai.close()


@pytest.mark.parametrize("form", ["g711_ulaw", "g711_alaw"])
async def test_sound_is_24_khz_whatever_goes_over_the_wire(simulating: Simulating, form: Any) -> None:
    async with simulating(scenario()) as (_, how):
        ai = Weather("k", **how)
        config = models.SessionConfig(input_audio_format=form, output_audio_format=form)
        await ai.connect(config)
        said, sounds = await conversation(ai)
        assert said == SPOKEN
        (spoken,) = ai.chat_history[3].parts
        item = list(ai.session.conversation_items.values())[-1]
        assert abs(len(b"".join(sounds)) // 48 - item.audio_ms) < 100
        assert abs(spoken.duration_ms - item.audio_ms) < 20
        await ai.close()


async def test_typed_instead_of_spoken_it_is_the_same_agent(simulating: Simulating) -> None:
    typed = Scenario(on("weather").call("get_weather", city="Paris").then_say(ANSWER))
    async with simulating(typed) as (_, how):
        ai = Weather("k", **how)
        said = [(message.role.value, message.text) async for message in ai.full_round(WORDS)]
        assert said == SPOKEN[1:]
        await ai.close()


def whole(message: ChatMessage) -> Any:
    parts = [(p.pcm, p.transcript) if isinstance(p, AudioPart) else p for p in message.parts]
    return message.role, parts, message.tool_calls, message.tool_call_id


async def test_k62_a_log_without_a_server_gives_the_same_conversation(simulating: Simulating, wire: Wire) -> None:
    log = rt.EventLog()
    async with simulating(scenario()) as (_, how):
        ai = Weather("k", **how, log=log)
        said, sounds = await conversation(ai)
        await ai.chat_round("Say exactly: bye", include_functions=False)
        live = ai.session.state
        await ai.close()
    again = Weather("k", transport=Recording(log).transport, headers=wire.headers)
    assert await conversation(again) == (said, sounds)
    await again.chat_round("Say exactly: bye", include_functions=False)
    assert [*map(whole, again.chat_history)] == [*map(whole, ai.chat_history)]
    assert again.session.state.conversation == live.conversation
    await again.close()
    assert history(again) == history(ai)
    assert rt.replay(log).conversation == live.conversation


async def test_k62_a_tool_that_gives_something_else_is_found_out(simulating: Simulating, wire: Wire) -> None:
    log = rt.EventLog()
    async with simulating(scenario()) as (_, how):
        ai = Weather("k", **how, log=log)
        await conversation(ai)
        await ai.close()

    class Other(Weather):
        @ai_function()
        def get_weather(self, city: str) -> str:
            """Look up the weather."""
            return f"raining in {city}"

    again = Other("k", transport=Recording(log).transport, headers=wire.headers)
    with pytest.raises(rt.ReplayMismatch) as caught:
        await conversation(again)
    assert caught.value.expected is not None
    assert caught.value.expected["item"]["output"] == "sunny in Paris"
    assert caught.value.got["item"]["output"] == "raining in Paris"
    await again.close()

"""Chatting as users do, in a terminal: K59, K60. The server is the simulator, the devices are the null backend's."""

import pytest

import realtime_sdk as rt
from tests.kani.pseudo_terminal import CTRL_C, CTRL_D, terminal

AGENT = """
import os
from functools import partial
from importlib.resources import files

from kani import ai_function

from realtime_sdk.audio.devices import Microphone, Speaker
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import PCM16_24K, chunks
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.kani import sound_card
from realtime_sdk.kani.realtime_kani import OpenAIRealtimeKani
from realtime_sdk.kani.terminal import chat_in_terminal_audio


class Agent(OpenAIRealtimeKani):
    @ai_function()
    def get_weather(self, city: str) -> str:
        "The weather in a city."
        return f"{city} is sunny."


async def voice(_):
    clip = read_wav(str(files("realtime_sdk") / "simulator" / "clips" / "weather.wav")).pcm
    async for piece in pace([*chunks(clip + PCM16_24K.silence(60_000), 960)], 20, speed=4):
        yield piece


sound_card.Speaker = partial(Speaker, null=True)
sound_card.get_audio_stream = voice
ai = Agent("k", ws_base=os.environ["SERVER"])
"""


@pytest.mark.parametrize(("key", "shown"), [(CTRL_C, "^C"), (CTRL_D, "")])
async def test_k59_kani_s_command_chats_and_is_left_quietly(key: bytes, shown: str) -> None:
    async with rt.simulate() as server:
        base = server.url.replace("ws:", "http:").removesuffix("/realtime")
        env = {"OPENAI_BASE_URL": base, "OPENAI_API_KEY": "k"}
        async with terminal("-W", "default", "-m", "kani", "realtime:gpt-realtime-2.1", env=env) as screen:
            await screen.until("USER: ")
            screen.press(b"Say exactly: good day\n")
            await screen.until("AI: good day")
            await screen.until("USER: ")
            screen.press(key)
            assert await screen.ended() == 0
            assert screen.lines[-4:] == ["USER: Say exactly: good day", "AI: good day", f"USER: {shown}".rstrip(), ""]
            assert screen.is_as_before


async def test_k60_nothing_reads_on_when_a_chat_was_left() -> None:
    program = AGENT + "chat_in_terminal_audio(ai, mode='stream')\nprint('then:', input('? '))"
    async with rt.simulate() as server, terminal("-c", program, env={"SERVER": server.url}) as screen:
        await screen.until("USER: ")
        screen.press(b"Say exactly: good day\n")
        await screen.until("AI: good day")
        await screen.until("USER: ")
        screen.press(CTRL_C)
        await screen.until("? ")
        screen.press(b"mine\n")
        assert await screen.ended() == 0
        assert screen.lines[-5:] == ["AI: good day", "USER: ^C", "? mine", "then: mine", ""]


async def test_k60_messages_of_a_conversation_by_voice_stand_one_below_the_other() -> None:
    program = AGENT + "chat_in_terminal_audio(ai, verbose=True)\nprint('over')"
    async with rt.simulate(speed=4) as server, terminal("-c", program, env={"SERVER": server.url}) as screen:
        await screen.ever("mute while the assistant is heard")
        await screen.ever("AI: Paris is sunny.")
        screen.press(CTRL_C)
        assert await screen.ended() == 0
        assert [line for line in screen.lines if line] == [
            "USER: What is the weather in Paris?",
            "AI: Thinking... [get_weather(city='Paris')]",
            "FUNC: Paris is sunny.",
            "AI: Paris is sunny.",
            "over",
        ]
        assert screen.is_as_before

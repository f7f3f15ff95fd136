"""A voice agent that books a table: two tools, one interruption; and the same conversation again from its log."""

import asyncio
from collections.abc import AsyncIterator
from importlib.resources import as_file, files

from kani import ChatMessage, ai_function
from kani.ext.realtime import OpenAIRealtimeKani

import realtime_sdk as rt
from realtime_sdk.audio.pacing import pace
from realtime_sdk.audio.pcm import PCM16_24K, chunks
from realtime_sdk.audio.player import Player
from realtime_sdk.audio.wav import read_wav
from realtime_sdk.kani.recording import Recording
from realtime_sdk.simulator import Scenario, on

SPEED = 4  # how many times faster than people all of it runs
VOICE = files("realtime_sdk") / "simulator" / "clips" / "hello.wav"  # any voice will do: the scenario knows the words

SCENARIO = Scenario(
    on("table for two")
    .call("free_times", people=2)
    .then_call("book", people=2, at="19:00")
    .then_say(
        "I have booked a table for two at seven. It is by the window, and they have a lovely garden as well. "
        "They ask you to be there in time, as the kitchen closes early tonight, and to say so if a child comes along."
    ),
    on("three").call("book", people=3, at="19:00").then_say("Now it is a table for three."),
    hears=["A table for two, please.", "Wait, we are three."],
)


class Waiter(OpenAIRealtimeKani):
    """Looks for a free table, and books it."""

    @ai_function()
    def free_times(self, people: int) -> list[str]:
        """When there is a free table for so many people."""
        return ["19:00", "21:30"] if people < 5 else []

    @ai_function()
    def book(self, people: int, at: str) -> str:
        """Book a table."""
        return f"booked: {people} people at {at}"


async def guest(ai: Waiter) -> AsyncIterator[bytes]:
    """Somebody who asks for a table, and speaks over the answer."""
    with as_file(VOICE) as path:
        spoken = [*chunks(read_wav(path).pcm, 960)]
    pause = [*chunks(PCM16_24K.silence(800), 960)]
    async for piece in pace([*spoken, *pause], 20, speed=SPEED):
        yield piece
    await ai.session.live.until(lambda state: any(item.audio_ms > 1_500 for item in state.items.values()))
    async for piece in pace([*spoken, *pause], 20, speed=SPEED):
        yield piece


def shown(message: ChatMessage) -> str:
    """A message as a line; of one that was cut off, what was heard."""
    calls = [f"{call.function.name}({call.function.arguments})" for call in message.tool_calls or ()]
    heard = message.extra.get("realtime", {}).get("heard_text")
    return f"{message.role.value}: {', '.join(calls) or heard or message.text}" + (" …" if heard is not None else "")


async def main() -> None:
    """Talk, print what was said, and have the log tell it again."""
    log = rt.EventLog()
    async with rt.simulate(SCENARIO, speed=SPEED) as server:
        ai = Waiter(endpoint=server.endpoint, log=log, system_prompt="You are the waiter of a small restaurant.")
        player = Player()  # a Speaker would be heard as well
        async for stream in ai.full_duplex(guest(ai), player, drain=20):
            await stream.message()
        await ai.close()
    print(*map(shown, ai.chat_history), sep="\n")

    recording = Recording(log)
    again = Waiter(transport=recording.transport, system_prompt="You are the waiter of a small restaurant.")
    async for stream in again.full_duplex(recording.microphone(again.session), recording.player, drain=20):
        await stream.message()
    await again.close()
    print("the log tells the same:", [*map(shown, again.chat_history)] == [*map(shown, ai.chat_history)])


if __name__ == "__main__":
    asyncio.run(main())

"""livekit's OpenAI plugin, its `RealtimeSession` without a room, through the five tasks.

A session of livekit's agents would do the rest by itself: take the sound from a room, run the tools, cut what was not
played. Here the client does it by the session's own methods.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
import told
from livekit import rtc
from livekit.agents import function_tool, llm
from livekit.plugins.openai.realtime import RealtimeModel
from openai.types.realtime.realtime_audio_input_turn_detection import ServerVad

VAD = ServerVad(type="server_vad")


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    return told.FORECAST


class Sight:
    """What was seen of one session, generation by generation."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.said: list[str] = []
        self.calls: list[Any] = []
        self.sound: list[float] = []
        self.message_id = ""
        self.heard: str | None = None
        self.interrupted = False
        self.done = 0
        self.errors: list[str] = []
        self.changed = asyncio.Event()
        self.tasks: set[asyncio.Task[None]] = set()
        session.on("generation_created", self.generation)
        session.on("input_audio_transcription_completed", self.transcribed)
        session.on("input_speech_started", self.speech)
        session.on("error", lambda error: self.errors.append(str(error)))

    def speech(self, _: object) -> None:
        self.interrupted = bool(self.sound)
        self.changed.set()

    def transcribed(self, event: Any) -> None:
        if event.is_final:
            self.heard = event.transcript
            self.changed.set()

    def generation(self, event: llm.GenerationCreatedEvent) -> None:
        task = asyncio.get_running_loop().create_task(self.follow(event))
        self.tasks.add(task)
        task.add_done_callback(lambda one: one.exception() and self.errors.append(repr(one.exception())))

    async def follow(self, event: llm.GenerationCreatedEvent) -> None:
        async for message in event.message_stream:
            self.said.append("")
            self.message_id = self.message_id or message.message_id
            await asyncio.gather(self.read(message), self.listen(message))
        async for call in event.function_stream:
            self.calls.append(call)
        self.done += 1
        self.changed.set()

    async def read(self, message: llm.MessageGeneration) -> None:
        async for text in message.text_stream:
            self.said[-1] += str(text)

    async def listen(self, message: llm.MessageGeneration) -> None:
        async for frame in message.audio_stream:
            self.sound.append(frame.duration)
            self.changed.set()

    async def until(self, is_so: Callable[[], bool]) -> None:
        while not is_so():
            if self.errors:
                raise RuntimeError(self.errors)
            self.changed.clear()
            await self.changed.wait()

    def told(self) -> dict[str, object]:
        """Return all of it as JSON."""
        return {
            "said": self.said[-1],
            "heard": self.heard,
            "called": [json.loads(call.arguments) for call in self.calls],
            "sound_ms": int(sum(self.sound) * 1_000),
            "interrupted": self.interrupted,
        }


async def ask(session: Any, text: str) -> None:
    context = session.chat_ctx.copy()
    context.add_message(role="user", content=text)
    await session.update_chat_ctx(context)
    session.generate_reply()


def speak(session: Any) -> None:
    for piece in told.pieces():
        session.push_audio(rtc.AudioFrame(piece, 24_000, 1, len(piece) // 2))


async def text_turn(session: Any, sight: Sight) -> None:
    await ask(session, told.QUESTION)
    await sight.until(lambda: sight.done == 1)


async def spoken_turn(session: Any, sight: Sight) -> None:
    speak(session)
    await sight.until(lambda: sight.done == 1 and sight.heard is not None)


async def manual_turn(session: Any, sight: Sight) -> None:
    speak(session)
    session.commit_audio()
    session.generate_reply()
    await sight.until(lambda: sight.done == 1 and sight.heard is not None)


async def tool_round(session: Any, sight: Sight) -> None:
    await session.update_tools([get_weather])
    await ask(session, told.WEATHER)
    await sight.until(lambda: sight.done == 1)
    (call,) = sight.calls
    context = session.chat_ctx.copy()
    context.items.append(
        llm.FunctionCallOutput(call_id=call.call_id, name=call.name, output=told.FORECAST, is_error=False)
    )
    await session.update_chat_ctx(context)
    session.generate_reply()
    await sight.until(lambda: sight.done == 2)


async def interruption(session: Any, sight: Sight) -> None:
    await ask(session, told.STORY)
    await sight.until(lambda: bool(sight.sound))
    speak(session)
    await sight.until(lambda: sight.interrupted)
    session.truncate(message_id=sight.message_id, modalities=["audio"], audio_end_ms=told.HEARD_MS)
    await sight.until(lambda: sight.done == 2 and sight.heard is not None)


async def main() -> None:
    seen: dict[str, object] = {}
    async with aiohttp.ClientSession() as http:
        for task in (text_turn, spoken_turn, manual_turn, tool_round, interruption):
            model = RealtimeModel(
                model=told.MODEL,
                base_url=told.BASE_URL,
                api_key="sk-none",
                http_session=http,
                turn_detection=None if task is manual_turn else VAD,
            )
            session = model.session()
            sight = Sight(session)
            await task(session, sight)
            seen[task.__name__] = sight.told()
            await session.aclose()
    told.report(seen)


asyncio.run(main())

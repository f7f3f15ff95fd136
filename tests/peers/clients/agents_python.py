"""openai-agents' `RealtimeSession` (Python), through the five tasks.

It keeps the conversation, runs the tools and cuts what was not heard by itself; for a manual turn
its `send_audio(commit=True)` commits, and the response is asked for in the wire's own words.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import told
from agents import function_tool, set_tracing_disabled
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from agents.realtime.model_inputs import RealtimeModelSendRawMessage

calls: list[dict[str, str]] = []


@function_tool
def get_weather(city: str) -> str:
    """Tell the weather in a city."""
    calls.append({"city": city})
    return told.FORECAST


class Sight:
    """What a session's events showed."""

    def __init__(self) -> None:
        self.sound = 0
        self.interrupted = False
        self.history: dict[str, Any] = {}
        self.done = 0

    def take(self, event: Any) -> str:
        """Note an event; the value is its type, the server's own where it is passed on as it came."""
        match event.type:
            case "audio":
                self.sound += len(event.audio.data)
            case "audio_interrupted":
                self.interrupted = True
            case "history_updated":
                self.history.update((item.item_id, item) for item in event.history)
            case "history_added":
                self.history[event.item.item_id] = event.item
            case "error":
                raise RuntimeError(str(event.error))
            case "raw_model_event" if event.data.type == "raw_server_event":
                self.done += event.data.data["type"] == "response.done"
                return str(event.data.data["type"])
            case _:
                pass
        return str(event.type)

    def words(self, role: str) -> str:
        """Return the last words of this role."""
        items = [item for item in self.history.values() if item.type == "message" and item.role == role]
        parts = items[-1].content if items else []
        return "".join(getattr(part, "transcript", None) or getattr(part, "text", None) or "" for part in parts)

    def told(self) -> dict[str, object]:
        """Return all of it as JSON."""
        return {
            "said": self.words("assistant"),
            "heard": self.words("user"),
            "called": list(calls),
            "sound_ms": self.sound // 48,
            "interrupted": self.interrupted,
        }


async def until(session: RealtimeSession, sight: Sight, done: int) -> None:
    """Take events until this many responses are done, and the history has the words of both."""
    async for event in session:
        sight.take(event)
        if sight.done >= done and sight.words("assistant") and sight.words("user"):
            return


async def text_turn(session: RealtimeSession, sight: Sight) -> None:
    await session.send_message(told.QUESTION)
    await until(session, sight, 1)


async def spoken_turn(session: RealtimeSession, sight: Sight) -> None:
    for piece in told.pieces():
        await session.send_audio(piece)
    await until(session, sight, 1)


async def manual_turn(session: RealtimeSession, sight: Sight) -> None:
    *first, last = told.pieces()
    for piece in first:
        await session.send_audio(piece)
    await session.send_audio(last, commit=True)
    await session.model.send_event(RealtimeModelSendRawMessage(message={"type": "response.create"}))
    await until(session, sight, 1)


async def tool_round(session: RealtimeSession, sight: Sight) -> None:
    await session.send_message(told.WEATHER)
    await until(session, sight, 2)


async def interruption(session: RealtimeSession, sight: Sight) -> None:
    await session.send_message(told.STORY)
    async for event in session:
        if sight.take(event) == "audio":
            break
    for piece in told.pieces():
        await session.send_audio(piece)
    await until(session, sight, 2)


TASKS: tuple[Callable[[RealtimeSession, Sight], Awaitable[None]], ...] = (
    text_turn,
    spoken_turn,
    manual_turn,
    tool_round,
    interruption,
)


async def main() -> None:
    set_tracing_disabled(True)
    seen: dict[str, object] = {}
    for task in TASKS:
        calls.clear()
        agent = RealtimeAgent(name="peer", tools=[get_weather] if task is tool_round else [])
        audio: dict[str, Any] = {"transcription": {"model": "gpt-4o-transcribe"}}
        if task is manual_turn:
            audio["turn_detection"] = None
        settings: Any = {"model_name": told.MODEL, "audio": {"input": audio}}
        runner = RealtimeRunner(agent, config={"tracing_disabled": True})
        config: Any = {
            "api_key": "sk-none",
            "url": f"{told.URL}?model={told.MODEL}",
            "initial_model_settings": settings,
        }
        async with await runner.run(model_config=config) as session:
            sight = Sight()
            await task(session, sight)
        seen[task.__name__] = sight.told()
    told.report(seen)


asyncio.run(main())

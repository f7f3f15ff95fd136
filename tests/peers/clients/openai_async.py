"""openai-python's `AsyncOpenAI().realtime`, through the five tasks."""

import asyncio
from typing import Any

import told
from openai import AsyncOpenAI
from openai.types.realtime import RealtimeServerEvent
from pydantic import TypeAdapter

AUDIO: dict[str, Any] = {
    "format": {"type": "audio/pcm", "rate": 24_000},
    "transcription": {"model": "gpt-4o-transcribe"},
}
SPOKEN: dict[str, Any] = {"type": "realtime", "audio": {"input": AUDIO}}
MANUAL: dict[str, Any] = {"type": "realtime", "audio": {"input": {**AUDIO, "turn_detection": None}}}
CHECKED: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)
TEXT: dict[str, Any] = {"type": "realtime", "output_modalities": ["text"]}


def check(event: Any) -> None:
    """Raise ValueError if an event lacks something: the client itself takes what comes."""
    CHECKED.validate_python(event.to_dict(mode="json"))


async def until(connection: Any, seen: told.Seen, last: str) -> None:
    """Note events up to one of this type."""
    async for event in connection:
        if seen.take(event) == last:
            return


async def say(connection: Any, item: Any) -> None:
    await connection.conversation.item.create(item=item)
    await connection.response.create()


async def speak(connection: Any) -> None:
    for piece in told.base64_pieces():
        await connection.input_audio_buffer.append(audio=piece)


async def text_turn(connection: Any, seen: told.Seen) -> None:
    await connection.session.update(session=TEXT)
    await say(connection, told.message(told.QUESTION))
    await until(connection, seen, "response.done")


async def spoken_turn(connection: Any, seen: told.Seen) -> None:
    await connection.session.update(session=SPOKEN)
    await speak(connection)
    await until(connection, seen, "response.done")


async def manual_turn(connection: Any, seen: told.Seen) -> None:
    await connection.session.update(session=MANUAL)
    await speak(connection)
    await connection.input_audio_buffer.commit()
    await connection.response.create()
    await until(connection, seen, "response.done")


async def tool_round(connection: Any, seen: told.Seen) -> None:
    await connection.session.update(session={**TEXT, "tools": [told.TOOL]})
    await say(connection, told.message(told.WEATHER))
    await until(connection, seen, "response.done")
    await say(connection, told.output(seen.calls[0].call_id))
    await until(connection, seen, "response.done")


async def interruption(connection: Any, seen: told.Seen) -> None:
    await connection.session.update(session=SPOKEN)
    await say(connection, told.message(told.STORY))
    await until(connection, seen, "response.output_audio.delta")
    await speak(connection)
    await until(connection, seen, "response.done")
    await connection.conversation.item.truncate(
        item_id=seen.item_id, content_index=0, audio_end_ms=told.HEARD_MS, event_id="cut"
    )
    while not seen.is_cut:
        seen.take(await connection.recv())


async def main() -> None:
    client = AsyncOpenAI(api_key="sk-none", websocket_base_url=told.BASE_URL)
    tasks = (text_turn, spoken_turn, manual_turn, tool_round, interruption)
    seen = {task.__name__: told.Seen(check) for task in tasks}
    for task in tasks:
        async with client.realtime.connect(model=told.MODEL) as connection:
            await task(connection, seen[task.__name__])
    told.report({name: one.told() for name, one in seen.items()})


asyncio.run(main())

"""The five tasks for openai-python's clients: what differs between them comes as `Words`."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import told

__all__ = ["GA", "KEYS", "Words", "do_all"]

KEYS: dict[str, Any] = {"api_key": "sk-none", "websocket_base_url": told.BASE_URL}
INPUT: dict[str, Any] = {
    "format": {"type": "audio/pcm", "rate": 24_000},
    "transcription": {"model": "gpt-4o-transcribe"},
}


@dataclass(frozen=True)
class Words:
    """The settings of a session in a dialect, and the type of its pieces of sound."""

    text: dict[str, Any]
    spoken: dict[str, Any]
    manual: dict[str, Any]
    sound: str


GA = Words(
    text={"type": "realtime", "output_modalities": ["text"]},
    spoken={"type": "realtime", "audio": {"input": INPUT}},
    manual={"type": "realtime", "audio": {"input": {**INPUT, "turn_detection": None}}},
    sound="response.output_audio.delta",
)


async def until(connection: Any, seen: told.Seen, last: str) -> None:
    """Note events up to one of this type."""
    while seen.take(await connection.recv()) != last:
        pass


async def say(connection: Any, item: Any) -> None:
    await connection.conversation.item.create(item=item)
    await connection.response.create()


async def speak(connection: Any) -> None:
    for piece in told.base64_pieces():
        await connection.input_audio_buffer.append(audio=piece)


async def text_turn(connection: Any, seen: told.Seen, words: Words) -> None:
    await connection.session.update(session=words.text)
    await say(connection, told.message(told.QUESTION))
    await until(connection, seen, "response.done")


async def spoken_turn(connection: Any, seen: told.Seen, words: Words) -> None:
    await connection.session.update(session=words.spoken)
    await speak(connection)
    await until(connection, seen, "response.done")


async def manual_turn(connection: Any, seen: told.Seen, words: Words) -> None:
    await connection.session.update(session=words.manual)
    await speak(connection)
    await connection.input_audio_buffer.commit()
    await connection.response.create()
    await until(connection, seen, "response.done")


async def tool_round(connection: Any, seen: told.Seen, words: Words) -> None:
    await connection.session.update(session={**words.text, "tools": [told.TOOL]})
    await say(connection, told.message(told.WEATHER))
    await until(connection, seen, "response.done")
    await say(connection, told.output(seen.calls[0].call_id))
    await until(connection, seen, "response.done")


async def interruption(connection: Any, seen: told.Seen, words: Words) -> None:
    await connection.session.update(session=words.spoken)
    await say(connection, told.message(told.STORY))
    await until(connection, seen, words.sound)
    await speak(connection)
    await until(connection, seen, "response.done")
    await connection.conversation.item.truncate(
        item_id=seen.item_id, content_index=0, audio_end_ms=told.HEARD_MS, event_id="cut"
    )
    while not seen.is_cut:
        seen.take(await connection.recv())


TASKS: tuple[Callable[[Any, told.Seen, Words], Awaitable[None]], ...] = (
    text_turn,
    spoken_turn,
    manual_turn,
    tool_round,
    interruption,
)


async def do_all(connect: Callable[[], AbstractAsyncContextManager[Any]], checked: Any, words: Words = GA) -> None:
    """Do the tasks, each in a session of its own, and report; what comes is held against `checked`, a TypeAdapter."""

    def check(event: Any) -> None:
        checked.validate_python(event.to_dict(mode="json"))  # the client itself takes what comes

    reports: dict[str, object] = {}
    for task in TASKS:
        seen = told.Seen(check)
        async with connect() as connection:
            await task(connection, seen, words)
        reports[task.__name__] = seen.told()
    told.report(reports)

"""openai-python's `OpenAI().realtime`, through the five tasks."""

from typing import Any

import told
from openai import OpenAI
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


def until(connection: Any, seen: told.Seen, last: str) -> None:
    """Note events up to one of this type."""
    for event in connection:
        if seen.take(event) == last:
            return


def say(connection: Any, item: Any) -> None:
    connection.conversation.item.create(item=item)
    connection.response.create()


def speak(connection: Any) -> None:
    for piece in told.base64_pieces():
        connection.input_audio_buffer.append(audio=piece)


def text_turn(connection: Any, seen: told.Seen) -> None:
    connection.session.update(session=TEXT)
    say(connection, told.message(told.QUESTION))
    until(connection, seen, "response.done")


def spoken_turn(connection: Any, seen: told.Seen) -> None:
    connection.session.update(session=SPOKEN)
    speak(connection)
    until(connection, seen, "response.done")


def manual_turn(connection: Any, seen: told.Seen) -> None:
    connection.session.update(session=MANUAL)
    speak(connection)
    connection.input_audio_buffer.commit()
    connection.response.create()
    until(connection, seen, "response.done")


def tool_round(connection: Any, seen: told.Seen) -> None:
    connection.session.update(session={**TEXT, "tools": [told.TOOL]})
    say(connection, told.message(told.WEATHER))
    until(connection, seen, "response.done")
    say(connection, told.output(seen.calls[0].call_id))
    until(connection, seen, "response.done")


def interruption(connection: Any, seen: told.Seen) -> None:
    connection.session.update(session=SPOKEN)
    say(connection, told.message(told.STORY))
    until(connection, seen, "response.output_audio.delta")
    speak(connection)
    until(connection, seen, "response.done")
    connection.conversation.item.truncate(
        item_id=seen.item_id, content_index=0, audio_end_ms=told.HEARD_MS, event_id="cut"
    )
    while not seen.is_cut:
        seen.take(connection.recv())


def main() -> None:
    client = OpenAI(api_key="sk-none", websocket_base_url=told.BASE_URL)
    tasks = (text_turn, spoken_turn, manual_turn, tool_round, interruption)
    seen = {task.__name__: told.Seen(check) for task in tasks}
    for task in tasks:
        with client.realtime.connect(model=told.MODEL) as connection:
            task(connection, seen[task.__name__])
    told.report({name: one.told() for name, one in seen.items()})


main()

"""What every Python client here is told, and how it reports: nothing but the standard library.

A client is called as `python CLIENT URL CLIP`, does its tasks one after the other, each in a session of its own and in
the order of the tests, and prints one JSON object: what it saw, by task.
"""

import base64
import json
import sys
import wave
from collections.abc import Callable
from typing import Any

URL, CLIP = sys.argv[1:3]
BASE_URL = URL.removesuffix("/realtime")
MODEL = "gpt-realtime-2.1"
QUESTION = "What is the capital of France?"
STORY = "Tell me a long story."
WEATHER = "What is the weather in Paris?"
TOOL = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
FORECAST = "It is foggy."
HEARD_MS = 100
"""How much of the story a client without a loudspeaker says that its user has heard."""


def clip() -> bytes:
    """Return the words and the silence after them: mono PCM16 at 24 kHz."""
    with wave.open(CLIP) as sound:
        return sound.readframes(sound.getnframes()) + bytes(2 * 24 * 800)


def pieces(size: int = 4_800) -> list[bytes]:
    """Return the same in pieces of 100 ms."""
    sound = clip()
    return [sound[start : start + size] for start in range(0, len(sound), size)]


def base64_pieces() -> list[str]:
    """Return the same as it travels."""
    return [base64.b64encode(piece).decode() for piece in pieces()]


def message(text: str) -> dict[str, Any]:
    """Return an item of the user's."""
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def output(call_id: str) -> dict[str, Any]:
    """Return the item that answers a call."""
    return {"type": "function_call_output", "call_id": call_id, "output": FORECAST}


def report(seen: dict[str, object]) -> None:
    """Print what was seen."""
    json.dump(seen, sys.stdout)


class Seen:
    """What a client without a memory of its own has seen of one task.

    `check` is given every event, and raises if that is not what its client's own types promise.
    """

    def __init__(self, check: Callable[[Any], object]) -> None:
        self.check = check
        self.invalid: list[str] = []
        self.said = ""
        self.heard: str | None = None
        self.calls: list[Any] = []
        self.sound = 0
        self.reasons: list[object] = []
        self.truncated_ms: int | None = None
        self.item_id = ""

    def take(self, event: Any) -> str:
        """Note an event, whatever class its client gave it; the value is its type."""
        try:
            self.check(event)
        except ValueError as error:
            self.invalid.append(f"{event.type}: {error}"[:300])
        match event.type.replace("output_text", "text").replace("output_audio", "audio"):
            case "response.created":
                self.said = ""
            case "response.text.delta" | "response.audio_transcript.delta":
                self.said += event.delta
            case "response.audio.delta":
                self.sound += len(base64.b64decode(event.delta))
                self.item_id = self.item_id or event.item_id
            case "response.function_call_arguments.done":
                self.calls.append(event)
            case "conversation.item.input_audio_transcription.completed":
                self.heard = event.transcript
            case "conversation.item.truncated":
                self.truncated_ms = event.audio_end_ms
            case "response.done":
                self.reasons.append(getattr(event.response.status_details, "reason", None))
            case "error":
                raise RuntimeError(event.error.message)
            case _:
                pass
        return str(event.type)

    @property
    def is_cut(self) -> bool:
        """Whether the interruption is through: the story cut, the interrupting turn answered."""
        return self.truncated_ms is not None and len(self.reasons) == 2

    def told(self) -> dict[str, object]:
        """Return all of it as JSON."""
        calls = [json.loads(call.arguments) for call in self.calls]
        return {
            "invalid": self.invalid,
            "said": self.said,
            "heard": self.heard,
            "called": calls,
            "sound_ms": self.sound // 48,
            "interrupted": self.is_cut and self.reasons == ["turn_detected", None],
        }

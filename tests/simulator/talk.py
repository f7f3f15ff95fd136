"""A client in a test talks to the brain alone, in virtual time: no socket, no loop, no clock."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from realtime_sdk.audio.wav import read_wav
from realtime_sdk.dialects import OPENAI, Dialect
from realtime_sdk.protocol.codec import decode, encode, encode_append
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.simulator import brain
from realtime_sdk.simulator.brain import (
    Answered,
    Fault,
    Heard,
    Settings,
    Step,
    TimePasses,
    Turn,
    Unheard,
    Utterance,
    Words,
)
from realtime_sdk.simulator.persona import persona
from realtime_sdk.simulator.reply import as_reply

CLIPS = "src/realtime_sdk/simulator/clips"
QUIET = bytes(48)  # a millisecond
GET_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Look up the weather for a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def clip(name: str) -> bytes:
    """Return the sound of a shipped clip: mono PCM16 at 24 kHz."""
    import realtime_sdk.simulator as room

    return read_wav(f"{next(iter(room.__path__))}/clips/{name}.wav").pcm


@dataclass
class Talk:
    """A conversation with a brain. Everything that was said is in `said`, as JSON objects."""

    reply: Callable[[Turn], object] = persona
    settings: Settings = field(default_factory=lambda: Settings(speed=0))
    hear: Callable[[Utterance], str | Words | Unheard] = lambda _: "hello"
    answering: bool = True
    settle: bool = True
    """Whether what the brain wants to know is told at once."""
    dialect: Dialect = OPENAI
    said: list[dict[str, Any]] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    closing: brain.Closing | None = None

    def __post_init__(self) -> None:
        step = brain.opened(self.settings)
        self.server = step.server
        self._take(step)

    def send(self, *events: dict[str, Any] | WireModel) -> list[dict[str, Any]]:
        """Let the client send these events; return what the server says to them."""
        before = len(self.said)
        for event in events:
            frame = json.dumps(event).encode() if isinstance(event, dict) else encode(event)
            for named in self.dialect.read(frame, "client"):
                self._take(brain.step(self.server, named))
        return self.said[before:]

    def speak(self, pcm: bytes, *, piece_ms: int = 100) -> list[dict[str, Any]]:
        """Let the client append sound in pieces; return what the server says to it."""
        before = len(self.said)
        size = piece_ms * 48
        for start in range(0, len(pcm), size):
            frame = encode_append(pcm[start : start + size])
            self._take(brain.step(self.server, decode(frame, sender="client")))
        return self.said[before:]

    def happen(self, happening: Any) -> list[dict[str, Any]]:
        """Let anything happen; return what the server says to it."""
        before = len(self.said)
        self._take(brain.step(self.server, happening))
        return self.said[before:]

    def wait(self, ms: int) -> list[dict[str, Any]]:
        """Let time pass, stopping wherever something is due; return what the server says meanwhile."""
        before, until = len(self.said), self.server.now_ms + ms
        while (due := brain.next_due_ms(self.server)) is not None and due <= until:
            self._take(brain.step(self.server, TimePasses(due)))
        self._take(brain.step(self.server, TimePasses(until)))
        return self.said[before:]

    def update(self, **session: Any) -> list[dict[str, Any]]:
        """Let the client update the session."""
        return self.send({"type": "session.update", "session": {"type": "realtime", **session}})

    def write(self, text: str) -> list[dict[str, Any]]:
        """Let the client put in a text of the user's."""
        return self.send(user_text(text))

    def ask(self, text: str, **response: Any) -> list[dict[str, Any]]:
        """Let the client put in a text and ask for a response."""
        create = {"type": "response.create", **({"response": response} if response else {})}
        return [*self.write(text), *self.send(create)]

    def _take(self, step: Step) -> None:
        self.server = step.server
        self.closing = step.closing or self.closing
        for frame in [frame for event in step.out for frame in self.dialect.write(event, sender="server")]:
            self.frames.append(frame)
            self.said.append(json.loads(frame))
        for wish in step.wanted if self.settle else ():
            if isinstance(wish, Utterance):
                self._take(brain.step(self.server, Heard(wish.item_id, self.hear(wish))))
                continue
            self.turns.append(wish)
            if self.answering:
                self._take(brain.step(self.server, Answered(wish.response_id, as_reply(self.reply(wish)))))


def user_text(text: str, **fields: Any) -> dict[str, Any]:
    """conversation.item.create with a text of the user's."""
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}], **fields}
    return {"type": "conversation.item.create", "item": item}


def kinds(events: Iterable[dict[str, Any]]) -> list[str]:
    """Return the types of events, repeated ones once."""
    found: list[str] = []
    for event in events:
        if not found or found[-1] != event["type"]:
            found.append(event["type"])
    return found


def of_kind(events: Iterable[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the events of a type."""
    return [event for event in events if event["type"] == kind]


def only(events: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the one event of a type."""
    (found,) = of_kind(events, kind)
    return found


def codes(events: Iterable[dict[str, Any]]) -> list[tuple[str | None, str | None]]:
    """Return code and param of the errors among events."""
    return [(event["error"]["code"], event["error"]["param"]) for event in of_kind(events, "error")]


__all__ = ["Answered", "Fault", "Talk", "clip", "codes", "kinds", "of_kind", "only", "user_text"]

"""The beta dialect for a server that speaks GA's: every frame is translated on its way, and GA's words refused.

Written beside the package and not with its dialects, so that a client cannot agree with this by sharing a fault.
"""

import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from realtime_sdk.transport import Transport

__all__ = ["to_old_client", "to_old_server", "old", "today"]

Event = dict[str, Any]

_KINDS: Final = {"output_text": "text", "output_audio": "audio"}
_EVENTS: Final[Mapping[str, str]] = {
    "response.output_text.": "response.text.",
    "response.output_audio.": "response.audio.",
    "response.output_audio_transcript.": "response.audio_transcript.",
}
_FORMATS: Final = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
_ADDRESSES: Final[Mapping[str, tuple[str, ...]]] = {
    "input_audio_format": ("audio", "input", "format"),
    "input_audio_transcription": ("audio", "input", "transcription"),
    "input_audio_noise_reduction": ("audio", "input", "noise_reduction"),
    "turn_detection": ("audio", "input", "turn_detection"),
    "output_audio_format": ("audio", "output", "format"),
    "voice": ("audio", "output", "voice"),
    "modalities": ("output_modalities",),
    "max_response_output_tokens": ("max_output_tokens",),
}
_NEW: Final = frozenset({"audio", "output_modalities", "max_output_tokens", "type"})
"""Settings that only GA has, under names that a beta server refuses."""


# --- today's words in those of then: what a server says ------------------------------------------------------------


def old(event: Event) -> list[Event]:
    """What a beta server says in place of GA's event."""
    kind = event["type"]
    if kind == "conversation.item.done":
        return []
    if kind == "conversation.item.added":
        event = {**event, "type": "conversation.item.created"}
    for new, then in _EVENTS.items():
        event = {**event, "type": event["type"].replace(new, then)}
    if "item" in event:
        event["item"] = _old_item(event["item"])
    if "session" in event:
        event["session"] = _flat({k: v for k, v in event["session"].items() if k != "type"})
    if "response" in event:
        response = event["response"]
        event["response"] = {**response, "output": [*map(_old_item, response.get("output") or ())]}
    return [event]


def _old_item(item: Event) -> Event:
    content = item.get("content")
    if item.get("role") == "assistant" and content:
        item = {**item, "content": [{**part, "type": _KINDS.get(part["type"], part["type"])} for part in content]}
    return {"object": "realtime.item", **item}


def _flat(session: Event) -> Event:
    flat = {key: value for key, value in session.items() if key not in _NEW}
    for name, path in _ADDRESSES.items():
        found: Any = session
        for key in path:
            found = found.get(key, _ADDRESSES) if isinstance(found, dict) else _ADDRESSES
        if found is not _ADDRESSES:
            flat[name] = _old_value(name, found)
    return flat


def _old_value(name: str, value: Any) -> Any:
    if name.endswith("_format") and value is not None:
        return _FORMATS[value["type"]]
    return ["text", "audio"] if name == "modalities" and value == ["audio"] else value


# --- the words of then in today's: what a client says --------------------------------------------------------------


def today(event: Event) -> list[Event]:
    """What a beta client said, as GA has it. AssertionError for what a beta server would not understand."""
    for settings in ("session", "response"):
        if event.get(settings) is not None:
            event = {**event, settings: _nested(event[settings], typed=settings == "session")}
    if event["type"] == "conversation.item.create":
        event = {**event, "item": _new_item(event["item"])}
    return [event]


def _new_item(item: Event) -> Event:
    content = item.get("content")
    if not content:
        return item
    names = {part["type"] for part in content}
    assert names.isdisjoint({*_KINDS, "input_image"}), f"a beta server has no {names}"
    if item.get("role") != "assistant":
        return item
    back = {then: new for new, then in _KINDS.items()}
    return {**item, "content": [{**part, "type": back[part["type"]]} for part in content]}


def _nested(flat: Event, *, typed: bool) -> Event:
    assert _NEW.isdisjoint(flat), f"a beta server refuses {_NEW.intersection(flat)}"
    session: Event = {"type": "realtime"} if typed else {}
    for name, value in flat.items():
        *way, last = _ADDRESSES.get(name, (name,))
        place = session
        for key in way:
            place = place.setdefault(key, {})
        place[last] = _new_value(name, value)
    return session


def _new_value(name: str, value: Any) -> Any:
    if name.endswith("_format") and value is not None:
        return {"type": next(new for new, then in _FORMATS.items() if then == value)}
    if name == "modalities":
        assert sorted(value) in (["text"], ["audio", "text"]), value
        return ["audio"] if "audio" in value else value
    if name == "tool_choice" and value not in ("none", "auto", "required"):
        return {"type": "function", "name": value}
    return value


# --- the ends of a connection --------------------------------------------------------------------------------------


class _Translating:
    """An end of a connection, where what goes out and what comes in are translated."""

    def __init__(self, inner: Transport, out: Callable[[Event], list[Event]], back: Callable[[Event], list[Event]]):
        self._inner = inner
        self._out, self._back = out, back
        self._come: deque[bytes] = deque()

    async def send(self, frame: bytes) -> None:
        for event in self._out(json.loads(frame)):
            await self._inner.send(json.dumps(event).encode())

    async def receive(self) -> bytes:
        while not self._come:
            event = json.loads(await self._inner.receive())
            self._come.extend(json.dumps(said).encode() for said in self._back(event))
        return self._come.popleft()

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        await self._inner.aclose(code, reason)


def to_old_client(inner: Transport) -> Transport:
    """The server's end, to a client of the beta dialect."""
    return _Translating(inner, old, today)


def to_old_server(inner: Transport) -> Transport:
    """A client's end, to a server that seems to speak the beta dialect."""
    return _Translating(inner, today, old)

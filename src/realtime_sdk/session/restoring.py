"""What of a conversation can be said again to a server that knows nothing of it: items in order, under new ids. Pure.

What a server takes decides (DOSSIER §4.9): text of both sides, pictures, calls together with their outputs; of the
assistant what was heard. Not: sound, calls without an output, what a lost connection broke off, MCP items.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from realtime_sdk.protocol import models
from realtime_sdk.state import Item, Part, RealtimeState
from realtime_sdk.state.heard import heard_text

__all__ = ["Restoration", "as_heard", "is_unanswered", "restoration", "retold_call", "short_call_id"]

CALL_ID_CHARS: Final = 32


@dataclass(frozen=True)
class Restoration:
    """The items to create, in order; the new id of each old one; the old ids of what cannot be said again."""

    items: tuple[Any, ...]
    replayed: Mapping[str, str]
    lost: tuple[str, ...]


def restoration(state: RealtimeState, *, new_id: Callable[[], str]) -> Restoration:
    """How to tell a new server what this conversation was."""
    items = state.conversation.items
    answered = {item.call_id for item in items.values() if item.type == "function_call_output"}
    called = {item.call_id for item in items.values() if item.type == "function_call" and item.status == "completed"}
    pairs = answered & called
    made: list[Any] = []
    replayed: dict[str, str] = {}
    lost: list[str] = []
    for item in items.values():
        make = _MAKERS.get((item.type, item.role if item.type == "message" else None))
        is_paired = item.call_id is None or item.call_id in pairs
        again = make(item, state) if make is not None and is_paired else None
        if again is None:
            lost.append(item.id)
        else:
            replayed[item.id] = new_id()
            made.append(again.model_copy(update={"id": replayed[item.id]}))
    return Restoration(tuple(made), replayed, tuple(lost))


def retold_call(state: RealtimeState, call_id: str) -> Any:
    """The call to say again before its output can be said, since this server does not know it; None if it does.

    A call without an output is not told to a new server, and its output may come later.
    """
    calls = [item for item in state.items.values() if item.type == "function_call" and item.call_id == call_id]
    known = {item.call_id for item in state.conversation.items.values() if item.type == "function_call"}
    if not calls or {call_id, short_call_id(call_id)} & known:
        return None
    return _call(calls[-1], state)


def is_unanswered(state: RealtimeState) -> bool:
    """Whether the conversation ends with words of the user, or an output, that nobody has answered."""
    last = next((state.items[item_id] for item_id in reversed(state.settled.order)), None)
    return last is not None and (last.role == "user" or last.type == "function_call_output")


def as_heard(item: Item, state: RealtimeState) -> str | None:
    """What the user heard of an item of the assistant; None of one that was broken off, and of which nothing is known.

    Truncated: up to there. Broken off by a lost connection: as far as it was played. Else all of it.
    """
    if item.truncated_ms is not None:
        return item.heard_text
    response = state.responses.get(item.response_id) if item.response_id else None
    is_broken_off = response is not None and response.reason == "connection_closed" and item.status != "completed"
    return "".join(_played(item)) or None if is_broken_off else item.text


def _played(item: Item) -> Iterator[str]:
    for part in item.parts:
        if part.heard_ms is not None:
            yield heard_text(part.transcript or "", part.spoken, part.audio_bytes, part.heard_ms * part.bytes_per_ms)


Maker: TypeAlias = Callable[[Item, RealtimeState], Any]


def _user(item: Item, _state: RealtimeState) -> Any:
    parts = [made for part in item.parts if (made := _user_part(part)) is not None]
    return models.UserMessage(content=parts) if parts else None


def _user_part(part: Part) -> models.UserMessageContent | None:
    if part.type == "input_image" and part.image_url:
        return models.UserMessageContent(type="input_image", image_url=part.image_url)
    words = part.transcript if part.type == "input_audio" else part.text
    return models.UserMessageContent(type="input_text", text=words) if words else None


def _system(item: Item, _state: RealtimeState) -> Any:
    if not item.text:
        return None
    return models.SystemMessage(content=[models.SystemMessageContent(type="input_text", text=item.text)])


def _assistant(item: Item, state: RealtimeState) -> Any:
    words = as_heard(item, state)
    if not words:
        return None
    return models.AssistantMessage(content=[models.AssistantMessageContent(type="output_text", text=words)])


def _call(item: Item, _state: RealtimeState) -> Any:
    return models.FunctionCall(call_id=short_call_id(item.call_id), name=item.name, arguments=item.arguments or "{}")


def _output(item: Item, _state: RealtimeState) -> Any:
    return models.FunctionCallOutput(call_id=short_call_id(item.call_id), output=item.output or "")


def short_call_id(call_id: str | None) -> str | None:
    """A call_id that servers take: an old one, made short if need be; the same for the call and its output."""
    if call_id is None or len(call_id) <= CALL_ID_CHARS:
        return call_id
    return "call_" + hashlib.blake2s(call_id.encode(), digest_size=12).hexdigest()


_MAKERS: Final[Mapping[tuple[str, str | None], Maker]] = {
    ("message", "user"): _user,
    ("message", "system"): _system,
    ("message", "assistant"): _assistant,
    ("function_call", None): _call,
    ("function_call_output", None): _output,
}
"""(type, role of a message) → how it is said again. What is not in here cannot be."""

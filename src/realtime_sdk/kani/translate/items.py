"""Kani messages ↔ conversation items. Pure: ids come in as arguments, sound as bytes.

One message may be several items (an assistant's words and its calls), and the items of one response are one message.
Sound of the assistant cannot be given back to a server: there its words go.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from types import MappingProxyType
from typing import Any, Final

import pybase64
from kani import ChatMessage, ChatRole, FunctionCall, ToolCall

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.kani.parts import AudioPart
from realtime_sdk.protocol import models
from realtime_sdk.state import Item, Part

__all__ = ["KEY", "Spoken", "fingerprint", "items_of", "mcp_notes", "message_of", "tokens_of"]

KEY: Final = "realtime"
"""The key of `ChatMessage.extra` under which we keep what a server knows of a message."""

ROLES: Final[Mapping[str, ChatRole]] = MappingProxyType(
    {"user": ChatRole.USER, "assistant": ChatRole.ASSISTANT, "system": ChatRole.SYSTEM}
)
_LONGEST_ID: Final = 32
_CHARS_A_TOKEN: Final = 4
_USER_MS_A_TOKEN: Final = 100
_ASSISTANT_MS_A_TOKEN: Final = 50
_TOKENS_A_PICTURE: Final = 765
"""What OpenAI's models count for one of 1024 by 1024 pixels."""


@dataclass(frozen=True)
class Spoken:
    """Items that belong together, with their sound by item id (mono PCM16 at 24 kHz), and what else is known."""

    items: tuple[Item, ...]
    sounds: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])


# --- messages → items ---------------------------------------------------------------------------------------------


def items_of(
    message: ChatMessage, *, new_id: Callable[[], str], wire: WireFormat = PCM, pictures: bool = True
) -> tuple[Any, ...]:
    """The items that say a message, under new ids; none for a message that says nothing. Sound goes in `wire`.

    Without `pictures` (the beta dialect has none) they go as their text. Raises LocalProtocolError for the output of a
    function without its `tool_call_id`.
    """
    match message.role:
        case ChatRole.USER:
            content = [
                part for given in message.parts if (part := _user_part(given, wire, pictures=pictures)) is not None
            ]
            return (models.UserMessage(id=new_id(), content=content),) if content else ()
        case ChatRole.SYSTEM:
            text = models.SystemMessageContent(type="input_text", text=message.text or "")
            return (models.SystemMessage(id=new_id(), content=[text]),) if message.text else ()
        case ChatRole.FUNCTION:
            return (_output(message, new_id()),)
        case _:
            return tuple(_assistant_items(message, new_id))


def _user_part(part: Any, wire: WireFormat, *, pictures: bool) -> models.UserMessageContent | None:
    """A part of Kani's, of ours or of kani-multimodal-core; what is neither text, sound nor a picture goes as text."""
    part = _ours(part)
    if isinstance(part, AudioPart):
        return _user_sound(part, wire)
    if pictures and _is_picture(part):
        return models.UserMessageContent(type="input_image", image_url=part.as_b64_uri())
    text = str(part)
    return models.UserMessageContent(type="input_text", text=text) if text else None


def _ours(part: Any) -> Any:
    """Sound of kani-multimodal-core as ours; any other part as it is."""
    is_theirs = hasattr(part, "raw") and hasattr(part, "sample_rate")
    return AudioPart.from_multimodal(part) if is_theirs else part


def _is_picture(part: Any) -> bool:
    return hasattr(part, "as_b64_uri")


def _user_sound(part: AudioPart, wire: WireFormat) -> models.UserMessageContent | None:
    if part.pcm:
        sound = Recoder(PCM, wire)
        encoded = pybase64.b64encode(sound.feed(part.at_24k()) + sound.finish()).decode()
        return models.UserMessageContent(type="input_audio", audio=encoded)
    return models.UserMessageContent(type="input_text", text=part.transcript) if part.transcript else None


def _output(message: ChatMessage, item_id: str) -> models.FunctionCallOutput:
    if message.tool_call_id is None:
        raise LocalProtocolError(f"the output of {message.name} needs its tool_call_id", field="tool_call_id")
    return models.FunctionCallOutput(id=item_id, call_id=_call_id(message.tool_call_id), output=message.text or "")


def _assistant_items(message: ChatMessage, new_id: Callable[[], str]) -> Iterator[Any]:
    texts = [text for part in _heard(message) if (text := str(part))]
    if texts:
        content = [models.AssistantMessageContent(type="output_text", text=text) for text in texts]
        yield models.AssistantMessage(id=new_id(), content=content)
    for call in message.tool_calls or ():
        function = call.function
        yield models.FunctionCall(
            id=new_id(), call_id=_call_id(call.id), name=function.name, arguments=function.arguments
        )


def _heard(message: ChatMessage) -> Sequence[Any]:
    """The parts of a message; where it was cut off and nobody changed it since, what was heard of it."""
    known = message.extra.get(KEY, {})
    heard = known.get("heard_text")
    return message.parts if heard is None or known.get("fingerprint") != fingerprint(message) else [heard]


def _call_id(call_id: str) -> str:
    """An id that a server takes: the same for a call and its output."""
    if len(call_id) <= _LONGEST_ID:
        return call_id
    return f"call_{hashlib.blake2b(call_id.encode(), digest_size=13).hexdigest()}"


def fingerprint(message: ChatMessage) -> str:
    """What a message says, as a short text that changes when that does."""
    calls = [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    said = [message.role.value, [*map(_print, message.parts)], calls, message.tool_call_id]
    return hashlib.blake2b(json.dumps(said).encode(), digest_size=12).hexdigest()


def _print(part: Any) -> Any:
    if isinstance(part, str):
        return part
    if isinstance(part, AudioPart):
        return [hashlib.blake2b(part.pcm, digest_size=12).hexdigest(), part.transcript]
    return part.model_dump_json(fallback=repr)


# --- items → messages ---------------------------------------------------------------------------------------------


def message_of(spoken: Spoken, role: ChatRole) -> ChatMessage:
    """One message for these items. `extra["realtime"]` has the notes; `content` is None if nothing was said."""
    items = [item for item in spoken.items if item.type == "message"]
    parts = [made for item in items for part in item.parts if (made := _part(part, spoken.sounds.get(item.id)))]
    content: Any = parts[0] if len(parts) == 1 and isinstance(parts[0], str) else parts or None
    calls = [_tool_call(item) for item in spoken.items if item.type == "function_call" and item.status == "completed"]
    notes = {"status": next((item.status for item in spoken.items if item.status), None), **spoken.notes}
    return ChatMessage(role=role, content=content, tool_calls=calls or None, extra={KEY: notes})


def mcp_notes(items: tuple[Item, ...]) -> dict[str, Any]:
    """What MCP servers did in a response, or want to be allowed: Kani has no message for that, so it is noted."""
    found = {key: [_plainly(item, fields) for item in items if item.type == kind] for kind, key, fields in _MCP}
    return {key: notes for key, notes in found.items() if notes}


def _plainly(item: Item, fields: Sequence[str]) -> dict[str, Any]:
    return {name: getattr(item, name) for name in fields}


_MCP: Final = (
    ("mcp_call", "mcp_calls", ("name", "arguments", "output", "error")),
    ("mcp_approval_request", "mcp_approval_requests", ("id", "name", "arguments", "server_label")),
)
"""Type of an item, the key of its notes, and what is noted."""


def _part(part: Part, sound: bytes | None) -> Any:
    if part.type in ("input_audio", "output_audio"):
        known = part.transcript if part.text is None else part.text
        words = known.strip() if known is not None and part.type == "input_audio" else known
        if part.type == "output_audio" and not words and not sound:
            return None
        oai_type = "input_audio" if part.type == "input_audio" else "audio"
        return AudioPart(oai_type=oai_type, pcm=sound or b"", transcript=words)
    return part.text if part.type != "input_image" else f"[image: {part.detail or 'auto'}]"


def _tool_call(item: Item) -> ToolCall:
    function = FunctionCall(name=item.name or "", arguments=item.arguments or "{}")
    return ToolCall(id=item.call_id or item.id, type="function", function=function)


# --- how much it is -----------------------------------------------------------------------------------------------


def tokens_of(message: ChatMessage) -> int:
    """About how many tokens a message takes: text by its length, sound by its duration, pictures by their number."""
    ms_a_token = _ASSISTANT_MS_A_TOKEN if message.role is ChatRole.ASSISTANT else _USER_MS_A_TOKEN
    pictures = sum(map(_is_picture, message.parts))
    parts = [_ours(part) for part in message.parts if not _is_picture(part)]
    sound_ms = sum(part.duration_ms for part in parts if isinstance(part, AudioPart))
    text = sum(len(str(part)) for part in parts if not isinstance(part, AudioPart) or not part.pcm)
    calls = sum(len(call.function.name) + len(call.function.arguments) for call in message.tool_calls or ())
    return ceil(sound_ms / ms_a_token) + pictures * _TOKENS_A_PICTURE + ceil((text + calls) / _CHARS_A_TOKEN)

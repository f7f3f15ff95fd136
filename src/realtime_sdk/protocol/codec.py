"""Frames ↔ events: bytes on one side, values on the other, and nothing lost between them.

A frame that is no JSON object raises; everything else is a value, an `UnknownEvent` if need be.
The rule: `encode(decode(frame))` is the same JSON value as the frame.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

import pybase64
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from realtime_sdk.errors import LocalProtocolError, RemoteProtocolError
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.json_values import JsonObject, is_object, sayable
from realtime_sdk.protocol.registries import Registry
from realtime_sdk.protocol.sound_apart import LONG_BYTES
from realtime_sdk.protocol.unknown import UnknownEvent, first_problem
from realtime_sdk.protocol.wire import WireModel

__all__ = ["Event", "Sender", "decode", "encode", "encode_append", "name", "parse"]

Event: TypeAlias = WireModel | UnknownEvent
Sender: TypeAlias = Literal["client", "server", "local"]

_APPEND = b'{"type":"input_audio_buffer.append","audio":"'


def parse(frame: bytes | str) -> JsonObject:
    """The JSON object in a frame; `RemoteProtocolError` if there is none (NaN and Infinity are not JSON)."""
    try:
        found = from_json(_bytes(frame), allow_inf_nan=False, cache_strings="keys")
    except ValueError as broken:
        raise RemoteProtocolError(f"the frame is not JSON: {broken}", frame=_bytes(frame)) from None
    if not is_object(found):
        raise RemoteProtocolError(f"the frame is JSON but no object: {type(found).__name__}", frame=_bytes(frame))
    return found


def name(obj: JsonObject, classes: Mapping[str, type[WireModel]]) -> Event:
    """The event that an object is, by its `type`; an `UnknownEvent` if there is no class, or it does not fit."""
    wire_type = obj.get("type")
    if not isinstance(wire_type, str):
        return UnknownEvent(None, obj, "it has no type")
    cls = classes.get(wire_type)
    if cls is None:
        return UnknownEvent(wire_type, obj, f"no event has the type {wire_type!r}")
    try:
        return cls.__pydantic_validator__.validate_python(obj)  # type: ignore[no-any-return]
    except ValidationError as invalid:
        return UnknownEvent(wire_type, obj, first_problem(cls, invalid))


def decode(frame: bytes | str, *, registry: Registry | None = None, sender: Sender = "server") -> Event:
    """The event in a frame, in the classes of a dialect (GA unless told) for what its sender can say.

    Never raises but for a frame that is no JSON object (`RemoteProtocolError`): an unknown type or an
    invalid body is an `UnknownEvent`, an unknown item, part or tool an `Unknown…` inside the event.
    """
    tables = registry or registries.GA
    passes = tables.passes if len(frame) < LONG_BYTES or isinstance(frame, str) else tables.long_passes
    try:
        return passes[sender](frame)
    except ValueError:
        return name(parse(frame), tables.classes[sender])


def encode(event: Event) -> bytes:
    """The frame of an event: compact JSON of the fields that were set (None as null) and its literal tags.

    `LocalProtocolError` if it holds what JSON cannot say (NaN, or a Python object in a raw value).
    """
    try:
        if isinstance(event, UnknownEvent):
            return to_json(sayable(event.raw))
        return event.__pydantic_serializer__.to_json(event, exclude_unset=True)
    except ValueError as unsayable:
        raise LocalProtocolError(f"{type(event).__name__} cannot be said in JSON: {unsayable}") from None


def encode_append(pcm: bytes) -> bytes:
    """The frame of an `input_audio_buffer.append` with this audio, made without an event for speed."""
    return b'%b%b"}' % (_APPEND, pybase64.b64encode(pcm))


def _bytes(frame: bytes | str) -> bytes:
    return frame.encode(errors="surrogatepass") if isinstance(frame, str) else frame

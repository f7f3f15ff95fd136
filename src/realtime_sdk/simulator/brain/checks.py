"""Whether a client event is as it should be: its raw object against the generated classes, the service's way.

The classes are read as a schema: unknown fields, wrong kinds, missing tags and values of closed enums become the
service's error codes. What the schema does not say stands in the tables below.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from typing_extensions import TypeAliasType

from realtime_sdk.protocol import models as m
from realtime_sdk.protocol.client_events import (
    ConversationItemCreate,
    InputAudioBufferAppend,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.complaints import Complaint

__all__ = ["complaint_about", "kind_of"]

_Field = tuple[type[BaseModel], str]

REQUIRED: Final[Mapping[type[BaseModel], tuple[str, ...]]] = {
    SessionUpdate: ("session",),
    ConversationItemCreate: ("item",),
    InputAudioBufferAppend: ("audio",),
    m.SystemMessage: ("role", "content"),
    m.UserMessage: ("role", "content"),
    m.AssistantMessage: ("role", "content"),
    m.FunctionCall: ("name", "arguments"),
    m.FunctionCallOutput: ("call_id", "output"),
    m.McpApprovalResponse: ("approval_request_id", "approve"),
    m.FunctionTool: ("name",),
    m.McpTool: ("server_label",),
    m.ToolChoiceFunction: ("name",),
    m.SystemMessageContent: ("text",),
    m.UserMessageContent: ("type",),
    m.AssistantMessageContent: ("type",),
}
"""Fields that the service asks for beyond what the classes require."""

PART_NEEDS: Final = {"input_text": "text", "output_text": "text", "input_audio": "audio", "input_image": "image_url"}

NULLABLE: Final[frozenset[_Field]] = frozenset(
    {
        *((m.SessionRequest, name) for name in ("tracing", "prompt", "include", "reasoning", "truncation")),
        (m.TranscriptionSessionRequest, "include"),
        *((m.AudioInput, name) for name in ("transcription", "noise_reduction", "turn_detection")),
        *((m.AudioTranscription, name) for name in ("language", "prompt")),
        (m.ServerVad, "idle_timeout_ms"),
        (m.UserMessageContent, "transcript"),
        (ConversationItemCreate, "previous_item_id"),
        (ResponseCreate, "response"),
        (ResponseCancel, "response_id"),
        *((m.ResponseCreateParams, name) for name in ("instructions", "metadata", "prompt", "reasoning")),
        (m.FunctionTool, "description"),
        (m.FunctionTool, "parameters"),
    }
)
"""Fields for which null is a value. `event_id`, `id`, `object` and `status` may be null wherever they stand."""

ALWAYS_NULLABLE: Final = frozenset({"event_id", "id", "object", "status", "phase"})

OPEN: Final = frozenset({"model", "voice", "connector_id", "conversation", "allowed_callers"})
"""Fields whose listed values are only those that were known when the protocol was captured."""

CLOSED: Final[Mapping[_Field, tuple[str, ...]]] = {
    (m.AssistantMessageContent, "type"): ("output_text",),  # what was spoken cannot be put in
}

LONGEST: Final[Mapping[str, int]] = {"event_id": 512, "call_id": 32}
LONGEST_ITEM_ID: Final = 32

BOUNDS: Final[Mapping[_Field, tuple[float, float | None]]] = {
    (m.ServerVad, "threshold"): (0, 1),
    (m.ServerVad, "prefix_padding_ms"): (0, None),
    (m.ServerVad, "silence_duration_ms"): (0, None),
    (m.ServerVad, "idle_timeout_ms"): (5_000, 30_000),
    (m.AudioOutput, "speed"): (0.25, 1.5),
    (m.SessionRequest, "max_output_tokens"): (1, 4_096),
    (m.ResponseCreateParams, "max_output_tokens"): (1, 4_096),
    (m.RetentionRatioTruncation, "retention_ratio"): (0, 1),
}

METADATA_PAIRS, METADATA_KEY, METADATA_VALUE = 16, 64, 512
_CALL_ID = re.compile(r"[a-zA-Z0-9_-]*")


def complaint_about(raw: JsonObject, cls: type[WireModel]) -> Complaint | None:
    """The first thing that is wrong with a client event, None if it is sound."""
    return next(_in_model(raw, cls, ""), None)


def _in_model(value: JsonObject, cls: type[BaseModel], path: str) -> Iterator[Complaint]:
    needed = {name for name, field in cls.model_fields.items() if field.is_required()}
    for name in (*REQUIRED.get(cls, ()), *sorted(needed)):
        if name not in value:
            yield complaints.missing(_join(path, name))
    for name, member in value.items():
        where = _join(path, name)
        if name not in cls.model_fields:
            yield complaints.unknown_parameter(where)
        elif member is None:
            if name not in ALWAYS_NULLABLE and (cls, name) not in NULLABLE:
                yield complaints.invalid_type(where, _wanted(_members(cls, name)), "null")
        else:
            yield from _in_value(member, _members(cls, name), where, (cls, name))
            yield from _by_table(member, (cls, name), where)
    yield from _part_needs(value, cls, path)


def _part_needs(value: JsonObject, cls: type[BaseModel], path: str) -> Iterator[Complaint]:
    if cls in (m.UserMessageContent, m.AssistantMessageContent):
        needed = PART_NEEDS.get(str(value.get("type")))
        if needed is not None and value.get(needed) is None:
            yield complaints.missing(_join(path, needed))


def _in_value(value: Any, members: tuple[Any, ...], path: str, field: _Field) -> Iterator[Complaint]:
    if isinstance(value, str):
        yield from _in_text(value, members, path, field)
    elif is_array(value):
        yield from _in_list(value, members, path, field)
    elif is_object(value):
        yield from _in_object(value, members, path, field)
    else:
        fits: set[type] = {bool} if isinstance(value, bool) else {int, float} if isinstance(value, int) else {float}
        if not fits & set(members) and Any not in members:
            yield complaints.invalid_type(path, _wanted(members), kind_of(value))


def _in_text(value: str, members: tuple[Any, ...], path: str, field: _Field) -> Iterator[Complaint]:
    allowed = CLOSED.get(field) or tuple(
        option for member in members if get_origin(member) is Literal for option in get_args(member)
    )
    if not allowed and str not in members and Any not in members:
        yield complaints.invalid_type(path, _wanted(members), "a string")
    elif allowed and field[1] not in OPEN and value not in allowed:
        yield complaints.invalid_value(path, value, [str(option) for option in allowed])


def _in_list(value: list[Any], members: tuple[Any, ...], path: str, field: _Field) -> Iterator[Complaint]:
    listed = next((member for member in members if get_origin(member) is list), None)
    if listed is None:
        if Any not in members:
            yield complaints.invalid_type(path, _wanted(members), "an array")
        return
    inner = _flat(get_args(listed)[0])
    for place, member in enumerate(value):
        where = f"{path}[{place}]"
        if member is None:
            yield complaints.invalid_type(where, _wanted(inner), "null")
        else:
            yield from _in_value(member, inner, where, field)


def _in_object(value: JsonObject, members: tuple[Any, ...], path: str, field: _Field) -> Iterator[Complaint]:
    shapes: list[type[BaseModel]] = [member for member in members if _is_a(member, BaseModel)]
    mapping = next((member for member in members if get_origin(member) is dict), None)
    if shapes:
        yield from _in_one_of(value, shapes, path)
    elif mapping is not None:
        inner = _flat(get_args(mapping)[1])
        for name, member in value.items():
            if member is not None:
                yield from _in_value(member, inner, f"{path}.{name}", field)
    elif Any not in members:
        yield complaints.invalid_type(path, _wanted(members), "an object")


def _in_one_of(value: JsonObject, shapes: list[type[BaseModel]], path: str) -> Iterator[Complaint]:
    """An object that may be one of several: its tags decide which."""
    for tag in ("type", "role"):
        if len(shapes) == 1:
            break
        tags = [_tag(shape, tag) for shape in shapes]
        if tag == "type" and value.get(tag) is None and all(tags):
            yield complaints.missing(_join(path, tag))
            return
        fitting = [shape for shape in shapes if _tag(shape, tag) == value.get(tag)]
        if not fitting and any(tags):
            yield complaints.invalid_value(
                _join(path, tag), value.get(tag), sorted({name for name in tags if name is not None})
            )
            return
        shapes = fitting or shapes
    yield from _in_model(value, shapes[0], path)


def _by_table(value: Any, field: _Field, path: str) -> Iterator[Complaint]:
    """What no schema says: lengths, bounds, and rules of single fields."""
    cls, name = field
    if isinstance(value, str):
        limit = LONGEST_ITEM_ID if name in ("id", "item_id") and path in ("item.id", "item_id") else LONGEST.get(name)
        if limit is not None and len(value) > limit:
            yield complaints.too_long(path, len(value), limit)
        if name == "call_id" and not _CALL_ID.fullmatch(value):
            message = f"Invalid '{path}': string does not match pattern. Expected a string that matches the pattern "
            yield Complaint("invalid_value", f"{message}'^[a-zA-Z0-9_-]+$'.", path)
    if field in BOUNDS and isinstance(value, int | float):
        low, high = BOUNDS[field]
        if value < low or (high is not None and value > high):
            yield complaints.out_of_range(path, value, low, high)
    if name == "output_modalities" and is_array(value) and value not in (["text"], ["audio"]):
        message = f"Invalid modalities: {value}. Supported combinations are: ['text'] and ['audio']."
        yield Complaint("invalid_value", message, path)
    if cls is m.AudioPcm and name == "rate" and value != 24_000:
        yield complaints.invalid_value(path, value, ["24000"])
    if cls is m.ResponseCreateParams and name == "metadata" and is_object(value):
        yield from _in_metadata(value, path)
    if name == "max_output_tokens" and isinstance(value, str) and value != "inf":
        yield complaints.invalid_value(path, value, ["inf"])


def _in_metadata(value: JsonObject, path: str) -> Iterator[Complaint]:
    if len(value) > METADATA_PAIRS:
        message = (
            f"Invalid '{path}': too many properties. Expected an object with at most {METADATA_PAIRS} properties, "
            f"but got an object with {len(value)} properties instead."
        )
        yield Complaint("object_above_max_properties", message, path)
    for key, member in value.items():
        if len(key) > METADATA_KEY:
            yield complaints.long_name(path, key, METADATA_KEY)
        if isinstance(member, str) and len(member) > METADATA_VALUE:
            yield complaints.too_long(f"{path}.{key}", len(member), METADATA_VALUE)


@cache
def _members(cls: type[BaseModel], name: str) -> tuple[Any, ...]:
    return _flat(cls.model_fields[name].annotation)


def _flat(annotation: Any) -> tuple[Any, ...]:
    """What a value may be: the members of a union, through aliases and annotations, without None and Unknown."""
    if isinstance(annotation, TypeAliasType):
        return _flat(annotation.__value__)
    if get_origin(annotation) is Annotated:
        return _flat(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return tuple(inner for member in get_args(annotation) for inner in _flat(member))
    return () if annotation is NoneType or _is_a(annotation, Unknown) else (annotation,)


def _is_a(annotation: Any, base: type) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, base)


def _tag(shape: type[BaseModel], tag: str) -> str | None:
    field = shape.model_fields.get(tag)
    return field.default if field is not None and get_origin(field.annotation) is Literal else None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_KINDS: Final[Mapping[Any, str]] = {
    bool: "a boolean",
    int: "an integer",
    float: "a decimal",
    str: "a string",
    list: "an array",
    dict: "an object",
}


def kind_of(value: object) -> str:
    """What a JSON value is, as the service names it."""
    return _KINDS.get(type(value), "null")


def _wanted(members: tuple[Any, ...]) -> str:
    """The kinds that would fit, as the service names them."""
    named: list[str] = []
    for member in members:
        origin = get_origin(member)
        kind = _KINDS.get(str if origin is Literal else origin or member, "an object")
        if kind not in named:
            named.append(kind)
    return " or ".join(named)

"""What came from the wire and has no name here: kept whole, with the reason.

A value in place of an event or of a member of a union, never an exception. The rule: `raw` is
exactly what was received, and it is what is sent again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol.json_values import JsonObject, is_object, sayable

__all__ = [
    "OpenUnion",
    "Unknown",
    "UnknownAudioFormat",
    "UnknownEvent",
    "UnknownItem",
    "UnknownMcpApproval",
    "UnknownMcpError",
    "UnknownMcpToolFilter",
    "UnknownPart",
    "UnknownSession",
    "UnknownTool",
    "UnknownToolChoice",
    "UnknownTracing",
    "UnknownTruncation",
    "UnknownTurnDetection",
    "UnknownUsage",
    "UnknownVoice",
]


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """A frame without a class: its type is unknown, or its body is not as it should be.

    `raw` is the object as received, `type` its `type` if that is a string, `why` the reason in words.
    """

    type: str | None
    raw: JsonObject
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A member of an open union that none of the known members fits.

    `raw` is the value as received, `why` the reason in words: empty where somebody made it on purpose
    (`UnknownTool({"type": "web_search"})`), which is how to send what this package has no class for.
    `LocalProtocolError` if there is a NaN in it, which JSON cannot say.
    """

    raw: Any
    why: str = ""

    def __post_init__(self) -> None:
        try:
            sayable(self.raw)
        except ValueError as unsayable:
            raise LocalProtocolError(f"{type(self).__name__}: {unsayable}") from None

    @property
    def type(self) -> str | None:
        """The `type` that the value names, None if it names none."""
        return _text(self.raw, "type")


class UnknownItem(Unknown):
    """A conversation item of an unknown kind, or one that is not built as its kind should be."""

    __slots__ = ()

    @property
    def id(self) -> str | None:
        """The item's id, None if it has none."""
        return _text(self.raw, "id")


class UnknownPart(Unknown):
    """A content part of an unknown kind."""

    __slots__ = ()


class UnknownTool(Unknown):
    """A tool of an unknown kind."""

    __slots__ = ()


class UnknownToolChoice(Unknown):
    """A tool choice of an unknown kind."""

    __slots__ = ()


class UnknownSession(Unknown):
    """A session of an unknown type, or without one."""

    __slots__ = ()


class UnknownTurnDetection(Unknown):
    """A way to detect turns that has no class here."""

    __slots__ = ()


class UnknownAudioFormat(Unknown):
    """An audio format that has no class here."""

    __slots__ = ()


class UnknownTruncation(Unknown):
    """A truncation rule of an unknown kind."""

    __slots__ = ()


class UnknownTracing(Unknown):
    """A tracing setting of an unknown kind."""

    __slots__ = ()


class UnknownUsage(Unknown):
    """A count of what was used, in an unknown unit."""

    __slots__ = ()


class UnknownMcpError(Unknown):
    """An MCP error of an unknown kind."""

    __slots__ = ()


class UnknownMcpToolFilter(Unknown):
    """A choice among the tools of an MCP server, of an unknown kind."""

    __slots__ = ()


class UnknownMcpApproval(Unknown):
    """A rule about approving MCP calls, of an unknown kind."""

    __slots__ = ()


class UnknownVoice(Unknown):
    """A voice named in an unknown way."""

    __slots__ = ()


class OpenUnion:
    """Annotates a union `A | B | Unknown…`: the member is found by its tags, else it is the Unknown.

    `OpenUnion("type")` looks at `type`, `OpenUnion("type", "role")` at `role` too where several
    members share a type; without tags the members are tried in order. Strings, numbers and lists
    may be members as well. Validation of a known member stays inside pydantic-core.
    """

    def __init__(self, *tags: str) -> None:
        self.tags = tags

    def __get_pydantic_core_schema__(self, source: Any, schema_of: GetCoreSchemaHandler) -> CoreSchema:
        members = get_args(source)
        unknown = next(member for member in members if _is_a(member, Unknown))
        models = [member for member in members if _is_a(member, BaseModel)]
        plain = [member for member in members if member is not unknown and member not in models]
        choices = [schema_of.generate_schema(member) for member in plain]
        choices += (
            _tagged(models, self.tags, schema_of.generate_schema)
            if self.tags
            else map(schema_of.generate_schema, models)
        )
        return core_schema.union_schema(
            [*choices, _fallback(unknown, lambda raw: _reason(raw, models, self.tags))], mode="left_to_right"
        )


def _tagged(
    models: list[type[BaseModel]], tags: tuple[str, ...], schema: Callable[[Any], CoreSchema]
) -> list[CoreSchema]:
    """One choice that goes by the first tag, and by the next one where that is not enough."""
    tag, *rest = tags
    groups: dict[str, list[type[BaseModel]]] = {}
    for model in models:
        groups.setdefault(_tag_of(model, tag), []).append(model)
    choices = {
        value: schema(group[0]) if len(group) == 1 else _tagged(group, tuple(rest), schema)[0]
        for value, group in groups.items()
    }
    return [core_schema.tagged_union_schema(choices, tag)]


def _fallback(unknown: type[Unknown], why: Callable[[Any], str]) -> CoreSchema:
    def keep(value: Any) -> Unknown:
        return value if isinstance(value, Unknown) else unknown(sayable(value), why(value))

    def send(value: Any) -> Any:
        return value.raw

    return core_schema.no_info_plain_validator_function(
        keep, serialization=core_schema.plain_serializer_function_ser_schema(send)
    )


def _reason(raw: Any, models: list[type[BaseModel]], tags: tuple[str, ...]) -> str:
    """Why none of the members took the value. Slow, and only asked when none did."""
    if not is_object(raw):
        return f"a {type(raw).__name__} is no member"
    fitting = [model for model in models if all(_tag_of(model, tag) in (raw.get(tag), None) for tag in tags)]
    if len(fitting) != 1:
        return "no member has " + ", ".join(f"{tag} {raw.get(tag)!r}" for tag in tags)
    try:
        fitting[0].model_validate(raw)
    except ValidationError as invalid:
        return first_problem(fitting[0], invalid)
    return "no member takes it"


def first_problem(model: type[BaseModel], invalid: ValidationError) -> str:
    """The first of pydantic's complaints as one line: `FunctionCall.name: Input should be a valid string`."""
    first = invalid.errors(include_url=False, include_context=False, include_input=False)[0]
    return f"{'.'.join([model.__name__, *map(str, first['loc'])])}: {first['msg']}"


def _tag_of(model: type[BaseModel], tag: str) -> Any:
    field = model.model_fields.get(tag)
    return field.default if field and get_origin(field.annotation) is Literal else None


def _is_a(member: Any, base: type) -> bool:
    return isinstance(member, type) and issubclass(member, base)


def _text(raw: Any, name: str) -> str | None:
    value = raw.get(name) if is_object(raw) else None
    return value if isinstance(value, str) else None

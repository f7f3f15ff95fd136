"""The shapes that a schema can have, as values; read from captured facts, nothing decided here.

Reading drops what is the server's business (defaults, bounds, formats), takes `oneOf` for `anyOf`
and the three ways of writing null for one. Every later pass is a `match` over these few classes.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from realtime_sdk.protocol.json_values import is_array, is_object

__all__ = [
    "Anything",
    "Enum",
    "Field",
    "ListOf",
    "MapOf",
    "Nullable",
    "Object",
    "Ref",
    "Scalar",
    "Shape",
    "Union",
    "mapped",
    "nullable",
    "parts",
    "read_shape",
    "transformed",
]


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A string, integer, number or boolean; `kind` is the schema's word for it."""

    kind: str


@dataclass(frozen=True, slots=True)
class Enum:
    """Known values of a string or integer; `open` if others may come."""

    values: tuple[Any, ...]
    kind: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """An array."""

    item: "Shape"


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object whose keys are not known beforehand."""

    value: "Shape"


@dataclass(frozen=True, slots=True)
class Nullable:
    """The inner shape, or null."""

    inner: "Shape"


@dataclass(frozen=True, slots=True)
class Ref:
    """Another shape, by name."""

    name: str


@dataclass(frozen=True, slots=True)
class Union:
    """One of several; `unknown` names the member that takes what no other does, `tags` how members are told apart."""

    members: tuple["Shape", ...]
    unknown: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object."""

    shape: "Shape"
    required: bool


@dataclass(frozen=True)
class Object:
    """An object with known fields, in upstream's order."""

    fields: Mapping[str, Field]


Shape = Anything | Scalar | Enum | ListOf | MapOf | Nullable | Ref | Union | Object


def read_shape(schema: Mapping[str, Any]) -> Shape:
    """The shape that a captured schema describes."""
    if schema.get("nullable"):
        return nullable(read_shape({key: value for key, value in schema.items() if key != "nullable"}))
    if "$ref" in schema:
        return Ref(schema["$ref"])
    for keyword in ("anyOf", "oneOf", "allOf"):
        if keyword in schema:
            return _union(schema[keyword], _declared_tags(schema))
    if "const" in schema:
        return Enum((schema["const"],), schema.get("type", "string"))
    if "enum" in schema:
        return Enum(tuple(schema["enum"]), schema.get("type", "string"))
    return _plain(schema)


def _plain(schema: Mapping[str, Any]) -> Shape:
    kind = schema.get("type")
    if kind == "array" or "items" in schema:
        return ListOf(read_shape(schema.get("items", {})))
    if "properties" in schema:
        required = schema.get("required", ())
        return Object(
            {name: Field(read_shape(inner), name in required) for name, inner in schema["properties"].items()}
        )
    if kind == "object":
        values = schema.get("additionalProperties")
        return MapOf(read_shape(values) if is_object(values) else Anything())
    if is_array(kind):
        return _union([{**schema, "type": each} for each in kind])
    return Scalar(kind) if kind else Anything()


def _declared_tags(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields of a discriminator; `then` is our overlay's word for a second one."""
    declared = schema.get("discriminator", {})
    return tuple(declared[key] for key in ("propertyName", "then") if key in declared)


def _union(schemas: list[Mapping[str, Any]], tags: tuple[str, ...] = ()) -> Shape:
    """The members without null, nested unions opened, `string | enum` as one open enum."""
    members: list[Shape] = []
    null = False
    for schema in schemas:
        if schema.get("type") == "null":
            null = True
            continue
        shape = read_shape(schema)
        if isinstance(shape, Nullable):
            null, shape = True, shape.inner
        if isinstance(shape, Union):
            tags = tags or shape.tags
            members.extend(shape.members)
        else:
            members.append(shape)
    merged = _open_enums(members)
    whole = merged[0] if len(merged) == 1 else Union(tuple(merged), tags=tags)
    return Nullable(whole) if null else whole


def _open_enums(members: list[Shape]) -> list[Shape]:
    kinds = {member.kind for member in members if isinstance(member, Scalar)}
    enums = {member.kind for member in members if isinstance(member, Enum)}
    opened = [
        replace(member, open=True) if isinstance(member, Enum) and member.kind in kinds else member
        for member in members
        if not (isinstance(member, Scalar) and member.kind in enums)
    ]
    return list(dict.fromkeys(opened)) if not any(isinstance(each, Object) for each in opened) else opened


def nullable(shape: Shape) -> Shape:
    """The shape or null, wrapped once."""
    return shape if isinstance(shape, Nullable) else Nullable(shape)


def parts(shape: Shape) -> Iterator[Shape]:
    """The shapes directly inside."""
    match shape:
        case ListOf(inner) | MapOf(inner) | Nullable(inner):
            yield inner
        case Union():
            yield from shape.members
        case Object():
            yield from (field.shape for field in shape.fields.values())
        case _:
            return


def mapped(shape: Shape, change: Callable[[Shape, str | None], Shape]) -> Shape:
    """The shape with every part changed; `change` hears the part's step: a field, a member's tag, or None."""
    match shape:
        case ListOf(inner):
            return ListOf(change(inner, None))
        case MapOf(inner):
            return MapOf(change(inner, None))
        case Nullable(inner):
            return nullable(change(inner, None))
        case Union():
            return replace(shape, members=tuple(change(member, _member_step(member)) for member in shape.members))
        case Object():
            return Object(
                {name: replace(field, shape=change(field.shape, name)) for name, field in shape.fields.items()}
            )
        case _:
            return shape


def transformed(shape: Shape, change: Callable[[Shape], Shape]) -> Shape:
    """The shape with `change` applied to everything in it, innermost first."""
    return change(mapped(shape, lambda part, _: transformed(part, change)))


def _member_step(member: Shape) -> str | None:
    """What tells an inline object from the other members of its union: its tag, else that it is the object."""
    if not isinstance(member, Object):
        return None
    tag = member.fields.get("type")
    return tag.shape.values[0] if tag and isinstance(tag.shape, Enum) else "object"

"""Reading a schema: three ways of null become one, and what is the server's business falls away."""

from typing import Any

import pytest

from codegen.shapes import (
    Anything,
    Enum,
    Field,
    ListOf,
    MapOf,
    Nullable,
    Object,
    Ref,
    Scalar,
    Shape,
    Union,
    mapped,
    parts,
    read_shape,
    transformed,
)

STRING, NULL = {"type": "string"}, {"type": "null"}


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({}, Anything()),
        ({"type": "number", "minimum": 0, "maximum": 1, "default": 0.5}, Scalar("number")),
        ({"type": "string", "format": "uri", "maxLength": 5}, Scalar("string")),
        ({"type": "string", "enum": ["a", "b"]}, Enum(("a", "b"), "string")),
        ({"enum": ["a"]}, Enum(("a",), "string")),
        ({"type": "string", "const": "a"}, Enum(("a",), "string")),
        ({"anyOf": [STRING, {"type": "string", "enum": ["a"]}]}, Enum(("a",), "string", open=True)),
        (
            {"oneOf": [{"type": "integer"}, {"type": "string", "enum": ["inf"]}]},
            Union((Scalar("integer"), Enum(("inf",), "string"))),
        ),
        ({"type": "array", "items": STRING, "minItems": 1}, ListOf(Scalar("string"))),
        ({"items": STRING}, ListOf(Scalar("string"))),
        ({"type": "array"}, ListOf(Anything())),
        ({"type": "object"}, MapOf(Anything())),
        ({"type": "object", "additionalProperties": STRING}, MapOf(Scalar("string"))),
        ({"type": "object", "additionalProperties": True}, MapOf(Anything())),
        ({"$ref": "A", "default": 1}, Ref("A")),
        ({"allOf": [{"$ref": "A"}]}, Ref("A")),
        (
            {"properties": {"a": STRING, "b": {}}, "required": ["a"], "additionalProperties": False},
            Object({"a": Field(Scalar("string"), True), "b": Field(Anything(), False)}),
        ),
    ],
)
def test_a_schema_is_read_as_its_shape(schema: dict[str, Any], shape: Shape) -> None:
    assert read_shape(schema) == shape


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [STRING, NULL]},
        {"oneOf": [STRING, NULL]},
        {"type": "string", "nullable": True},
        {"type": ["string", "null"]},
        {"anyOf": [{"anyOf": [STRING, NULL]}, NULL]},
        {"nullable": True, "anyOf": [STRING, NULL]},
    ],
)
def test_null_is_written_in_one_way(schema: dict[str, Any]) -> None:
    assert read_shape(schema) == Nullable(Scalar("string"))


def test_nested_unions_are_opened_and_keep_what_tells_their_members_apart() -> None:
    inner = {"oneOf": [{"$ref": "A"}, {"$ref": "B"}], "discriminator": {"propertyName": "type", "then": "role"}}
    assert read_shape({"anyOf": [inner, NULL]}) == Nullable(Union((Ref("A"), Ref("B")), tags=("type", "role")))


def test_parts_and_steps_name_what_is_inside() -> None:
    tagged = Object({"type": Field(Enum(("b",), "string"), True)})
    union = Union((Scalar("string"), tagged, Object({})))
    steps: list[str | None] = []

    def seen(part: Shape, step: str | None) -> Shape:
        steps.append(step)
        return part

    assert mapped(union, seen) == union
    assert steps == [None, "b", "object"]
    assert list(parts(union)) == [Scalar("string"), tagged, Object({})]


def test_a_change_reaches_every_depth() -> None:
    def renamed(shape: Shape) -> Shape:
        return Ref("B") if shape == Ref("A") else shape

    before = Object({"x": Field(Nullable(ListOf(MapOf(Union((Ref("A"), Scalar("string")))))), False)})
    after = Object({"x": Field(Nullable(ListOf(MapOf(Union((Ref("B"), Scalar("string")))))), False)})
    assert transformed(before, renamed) == after


def test_null_inside_null_is_null_once() -> None:
    assert transformed(
        Nullable(Ref("A")), lambda shape: Nullable(shape) if isinstance(shape, Ref) else shape
    ) == Nullable(Ref("A"))

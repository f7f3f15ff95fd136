"""From a spec to a plan: everything named, opened, and required as the two directions need it."""

from typing import Any

import pytest

from codegen.names import NameTable, NamingError, pascal
from codegen.normalise import Plan, normalised
from codegen.shapes import Enum, Field, MapOf, Nullable, Object, Ref, Scalar, Union


def event(wire_type: str, *required: str, **fields: Any) -> dict[str, Any]:
    properties = {"event_id": {"type": "string"}, "type": {"type": "string", "enum": [wire_type]}, **fields}
    return {"type": "object", "properties": properties, "required": ["event_id", "type", *required]}


def plan(schemas: dict[str, Any], **tables: dict[str, str]) -> Plan:
    names = NameTable(
        "ga",
        tables.get("events", {}),
        tables.get("schemas", {}),
        tables.get("fields", {}),
        tables.get("unknown", {}),
    )
    sides = {side: [name for name in schemas if name.startswith(side.title())] for side in ("client", "server")}
    bodies = [name for name in schemas if name.startswith("Body")]
    return normalised({"dialect": "ga", **sides, "bodies": bodies, "schemas": schemas}, names)


def tagged(value: str, **fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"type": {"type": "string", "enum": [value]}, **fields}}


def test_events_are_named_after_their_wire_type_and_models_lose_their_prefix() -> None:
    made = plan({"ServerX": event("a.b_c.done", x={"$ref": "RealtimeThing"}), "RealtimeThing": tagged("t")})
    assert made.server == {"a.b_c.done": "ABCDone"}
    assert set(made.shapes) == {"ABCDone", "Thing"}


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("response.output_audio.delta", "ResponseOutputAudioDelta"),
        ("mcp_list_tools.in_progress", "McpListToolsInProgress"),
    ],
)
def test_pascal_joins_words(words: str, name: str) -> None:
    assert pascal(words) == name


def test_what_is_inline_is_named_after_owner_and_field_unless_the_table_says_better() -> None:
    inner = {"type": "object", "properties": {"deep": {"type": "object", "properties": {"x": {"type": "string"}}}}}
    made = plan({"ServerX": event("a", one=inner, many={"type": "array", "items": inner})}, fields={"A.many": "Many"})
    assert set(made.objects()) == {"A", "AOne", "AOneDeep", "Many", "ManyDeep"}


def test_two_inline_objects_of_one_name_must_be_the_same() -> None:
    same = {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]}
    loose = {"type": "object", "properties": {"x": {"type": "string"}}}
    other = {"type": "object", "properties": {"x": {"type": "integer"}}}
    fields = {"A.one": "Both", "A.two": "Both"}
    made = plan({"ClientX": event("a", one=same, two=loose)}, fields=fields)
    assert made.shapes["Both"] == Object({"x": Field(Scalar("string"), False)})
    with pytest.raises(NamingError, match="Both would stand for two different things"):
        plan({"ClientX": event("a", one=same, two=other)}, fields=fields)


def test_enums_are_open_and_tags_are_not() -> None:
    made = plan({"ServerX": event("a", object={"enum": ["o"]}, status={"enum": ["s", "t"]}, role={"enum": ["r"]})})
    fields = made.objects()["A"].fields
    assert fields["object"].shape == Enum(("o",), "string", open=True)
    assert fields["status"].shape == Enum(("s", "t"), "string", open=True)
    assert fields["role"] == Field(Enum(("r",), "string"), True)
    assert fields["type"] == Field(Enum(("a",), "string"), True)


def test_null_moves_from_an_alias_to_its_uses() -> None:
    made = plan({"ServerX": event("a", m={"$ref": "Map"}), "Map": {"anyOf": [{"type": "object"}, {"type": "null"}]}})
    assert isinstance(made.shapes["Map"], MapOf)
    assert made.objects()["A"].fields["m"].shape == Nullable(Ref("Map"))


def test_a_union_of_objects_gets_an_open_member() -> None:
    union = {"oneOf": [tagged("p"), tagged("q"), {"type": "string"}], "discriminator": {"propertyName": "type"}}
    made = plan({"ServerX": event("a", u=union)}, fields={"A.u": "Choice"}, unknown={"Choice": "UnknownChoice"})
    members = (Ref("ChoiceP"), Ref("ChoiceQ"), Scalar("string"))
    assert made.open_unions() == {"Choice": Union(members, unknown="UnknownChoice", tags=("type",))}
    assert made.unknown_members() == ["UnknownChoice"]


def test_a_union_without_an_open_member_in_the_table_stops_the_build() -> None:
    with pytest.raises(NamingError, match=r"\[ga.unknown\] has no open member for the union AU"):
        plan({"ServerX": event("a", u={"anyOf": [tagged("p"), {"type": "string"}]})})


@pytest.mark.parametrize(
    "tags", [{}, {"discriminator": {"propertyName": "kind"}}, {"discriminator": {"propertyName": "type"}}]
)
def test_members_that_nothing_tells_apart_stop_the_build(tags: dict[str, Any]) -> None:
    union = {"anyOf": [{"$ref": "P"}, {"$ref": "Q"}], **tags}
    schemas = {"ServerX": event("a", u=union), "P": tagged("p"), "Q": tagged("p", x={"type": "string"})}
    with pytest.raises(NamingError, match="the members of the union AU are not told apart"):
        plan(schemas, unknown={"AU": "UnknownU"})


def test_a_second_tag_tells_members_of_one_type_apart() -> None:
    union = {"anyOf": [{"$ref": "P"}, {"$ref": "Q"}], "discriminator": {"propertyName": "type", "then": "role"}}
    roles = {name: tagged("m", role={"enum": [name]}) for name in ("P", "Q")}
    assert plan({"ServerX": event("a", u=union), **roles}, unknown={"AU": "UnknownU"}).open_unions()["AU"].tags == (
        "type",
        "role",
    )


def test_a_reference_to_nothing_stops_the_build() -> None:
    with pytest.raises(NamingError, match="refers to Nowhere"):
        plan({"ServerX": event("a", x={"$ref": "Nowhere"})})


def test_members_without_a_tag_stop_the_build() -> None:
    union = {"anyOf": [{"$ref": "P"}, {"$ref": "Q"}], "discriminator": {"propertyName": "type"}}
    bare = {"type": "object", "properties": {"x": {"type": "string"}}}
    with pytest.raises(NamingError, match="the union AU are not told apart"):
        plan({"ServerX": event("a", u=union), "P": tagged("p"), "Q": bare}, unknown={"AU": "UnknownU"})


def test_server_events_keep_their_payload_required_and_what_they_nest_only_its_tags() -> None:
    thing = {**tagged("t", size={"type": "integer"}), "required": ["type", "size"]}
    schemas = {
        "ServerX": event(
            "a",
            "item_id",
            "output_index",
            "thing",
            item_id={"type": "string"},
            output_index={"type": "integer"},
            thing={"$ref": "Thing"},
        ),
        "ClientX": event("b", "thing", "own", thing={"$ref": "Thing"}, own={"$ref": "Own"}),
        "BodyX": {"type": "object", "properties": {"x": {"type": "string"}}, "required": ["x"]},
        "Thing": thing,
        "Own": {**thing},
    }
    made = plan(schemas)
    required = {
        name: [key for key, field in shape.fields.items() if field.required] for name, shape in made.objects().items()
    }
    assert required == {
        "A": ["type", "item_id", "thing"],
        "B": ["event_id", "type", "thing", "own"],
        "BodyX": ["x"],
        "Thing": ["type"],
        "Own": ["type", "size"],
    }
    assert made.from_server == {"Thing"}


def test_what_nothing_reaches_is_left_out() -> None:
    assert set(plan({"ServerX": event("a"), "Lost": tagged("l")}).shapes) == {"A"}


def test_a_curated_name_that_nothing_uses_stops_the_build() -> None:
    with pytest.raises(NamingError, match=r"\[ga.fields\] 'A.y' names nothing"):
        plan({"ServerX": event("a")}, fields={"A.y": "Y"})

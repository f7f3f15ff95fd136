"""What changed between two captures, event by event and field by field."""

from typing import Any

from codegen.capture import capture_openapi
from codegen.drift import drift
from tests.codegen.documents import document, with_change


def report(changed: dict[str, Any], dialect: str = "ga") -> list[str]:
    return drift(capture_openapi(document())[dialect], capture_openapi(changed)[dialect])


def thing(**fields: Any) -> dict[str, Any]:
    before = document()["components"]["schemas"]["Thing"]["properties"]
    return with_change("Thing", properties={**before, **fields})


def test_the_same_facts_are_no_drift() -> None:
    changed = document()
    changed["components"]["schemas"]["Thing"]["description"] = "Other words."
    assert report(changed) == []


def test_a_new_and_a_gone_event_are_told_with_their_fields() -> None:
    changed = document()
    schemas = changed["components"]["schemas"]
    schemas["RealtimeServerEventNew"] = {
        "properties": {"type": {"const": "thing.new"}, "n": {"type": "array", "items": {"type": "integer"}}},
        "required": ["type"],
    }
    schemas["RealtimeServerEvent"]["anyOf"][0] = {"$ref": "#/components/schemas/RealtimeServerEventNew"}
    assert report(changed) == [
        "ga:",
        "  gone server event thing.done",
        "    - event_id: string, maxLength 512, required",
        "    - thing: Thing, required",
        "    - type: string, required",
        "    - type = thing.done: a known value",
        "  new server event thing.new",
        "    + n: array",
        "    + n[]: integer",
        "    + type: anything, const thing.new, required",
    ]


def test_a_changed_model_is_told_once_with_the_events_that_reach_it() -> None:
    assert report(thing(size={"type": "integer", "minimum": 2}, weight={"type": "number"})) == [
        "ga:",
        "  changed model Thing, in thing.done, thing.make",
        "    ~ size: integer, minimum 1, required → integer, minimum 2, required",
        "    + weight: number",
    ]


def test_required_ness_and_enum_values_are_facts() -> None:
    changed = document()
    drop = changed["components"]["schemas"]["RealtimeClientEventThingDrop"]
    drop["required"].remove("colour")
    drop["properties"]["colour"]["enum"] = ["red", "green"]
    told = [
        "  changed client event thing.drop",
        "    ~ colour: string, required → string",
        "    - colour = blue: a known value",
        "    + colour = green: a known value",
    ]
    assert report(changed) == ["ga:", *told]
    assert report(changed, "translation") == ["translation:", *told]


def test_alternatives_are_named_so_that_a_new_one_moves_no_other() -> None:
    one, two = {"anyOf": [{"$ref": "#/components/schemas/Thing"}, {"type": "null"}]}, {"type": "string"}
    before = capture_openapi(thing(inside=one))["ga"]
    after = capture_openapi(thing(inside={"anyOf": [two, *one["anyOf"]]}))["ga"]
    assert drift(before, after)[2:] == ["    + inside|string: string"]


def test_maps_are_entered() -> None:
    assert report(thing(map={"type": "object", "additionalProperties": {"type": "string"}}))[2:] == [
        "    + map: object",
        "    + map{}: string",
    ]


def test_what_is_said_of_a_model_as_a_whole_is_told_too() -> None:
    before, after = (
        capture_openapi(with_change("Thing", additionalProperties=more, type="object"))["ga"] for more in (False, True)
    )
    assert drift(before, after)[2:] == [
        "    ~ it: object, additionalProperties False → object, additionalProperties True"
    ]


def test_of_two_alternatives_of_one_kind_each_is_told() -> None:
    known = {"type": "string", "enum": ["small"]}
    before = capture_openapi(thing(size={"anyOf": [{"type": "string"}, known]}))["ga"]
    after = capture_openapi(thing(size={"anyOf": [known]}))["ga"]
    assert drift(before, after)[2:] == [
        "    + size|string = small: a known value",
        "    - size|string#2: string",
        "    - size|string#2 = small: a known value",
    ]


def test_how_alternatives_are_told_apart_is_a_fact() -> None:
    one: dict[str, Any] = {"oneOf": [{"$ref": "#/components/schemas/Thing"}]}
    before = capture_openapi(thing(inside=one))["ga"]
    after = capture_openapi(thing(inside={**one, "discriminator": {"propertyName": "type"}}))["ga"]
    assert drift(before, after)[2:] == ["    ~ inside: oneOf → oneOf, told apart by type"]

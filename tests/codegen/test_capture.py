"""The capture takes the facts of the realtime closure and nothing else."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from codegen.capture import capture_openapi
from codegen.facts import CaptureError
from codegen.specs import DIALECTS, Spec
from tests.codegen.documents import document, with_change


def shuffled(value: Any, seed: random.Random) -> Any:
    """The same document with its schemas in another order."""
    schemas = list(value["components"]["schemas"].items())
    seed.shuffle(schemas)
    return {**value, "components": {"schemas": dict(schemas)}}


def test_prose_is_left_and_fields_named_like_prose_are_kept() -> None:
    assert capture_openapi(document())["ga"]["schemas"]["Thing"] == {
        "type": "object",
        "required": ["size"],
        "properties": {
            "title": {"type": "string"},
            "description": {"type": "string", "default": "none"},
            "size": {"type": "integer", "minimum": 1},
        },
    }


def test_each_dialect_holds_its_events_and_what_they_reach() -> None:
    specs = capture_openapi(document())
    assert specs["ga"]["server"] == ["RealtimeServerEventError", "RealtimeServerEventThingDone"]
    assert specs["translation"]["client"] == ["RealtimeClientEventThingDrop"]
    assert "RealtimeServerEventThingDone" not in specs["translation"]["schemas"]
    assert "Elsewhere" not in specs["ga"]["schemas"]


def test_schemas_are_sorted_and_fields_stay_in_upstream_order() -> None:
    spec = capture_openapi(document())["ga"]
    assert list(spec["schemas"]) == sorted(spec["schemas"])
    assert list(spec["schemas"]["Thing"]["properties"]) == ["title", "description", "size"]


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_document_s_schemas_does_not_matter(seed: int) -> None:
    other = shuffled(document(), random.Random(seed))
    assert json.dumps(capture_openapi(other)) == json.dumps(capture_openapi(document()))


@pytest.mark.parametrize(
    ("name", "keywords", "complaint"),
    [
        ("Thing", {"properties": {"x": {"if": {}}}}, "Thing/properties/x: the keyword 'if'"),
        ("Thing", {"properties": {"x": {"$ref": "other.json#/X"}}}, "other.json#/X"),
        ("Thing", {"properties": {"x": {"$ref": "#/components/schemas/Nowhere"}}}, "refers to Nowhere"),
        (
            "Thing",
            {"properties": {"x": {"$ref": "#/components/schemas/RealtimeBetaX"}}},
            "RealtimeBetaX, which is excl",
        ),
        ("Thing", {"properties": {"x": {"$ref": "#/components/schemas/RealtimeSession"}}}, "the sessions before GA"),
    ],
)
def test_what_cannot_be_captured_stops_it_and_is_named(name: str, keywords: Any, complaint: str) -> None:
    changed = with_change(name, **keywords)
    for excluded in ("RealtimeBetaX", "RealtimeSession"):
        changed["components"]["schemas"][excluded] = {"type": "object"}
    with pytest.raises(CaptureError, match=complaint):
        capture_openapi(changed)


def test_a_document_without_the_roots_is_refused() -> None:
    with pytest.raises(CaptureError, match="no schema RealtimeClientEvent"):
        capture_openapi({"components": {"schemas": {}}})


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({"components": []}, "components has to be an object, not"),
        ({"components": {"schemas": 3}}, "components/schemas has to be an object, not 3"),
        (with_change("RealtimeServerEvent", anyOf=[5]), "RealtimeServerEvent has to be a union of references"),
        (with_change("RealtimeServerEvent", anyOf=5), "RealtimeServerEvent/anyOf has to be an array, not 5"),
        (with_change("Thing", properties=[]), "Thing/properties has to be an object"),
        (with_change("Thing", properties={"x": {"$ref": 1}}), "only references into"),
        (with_change("Thing", discriminator="type"), "Thing/discriminator has to be an object, not 'type'"),
    ],
)
def test_a_document_of_another_form_is_refused_with_the_place(document: Any, complaint: str) -> None:
    with pytest.raises(CaptureError, match=complaint):
        capture_openapi(document)


def test_the_committed_spec_is_free_of_prose() -> None:
    words = {"title", "summary", "examples", "example", "description"}
    for dialect in DIALECTS:
        for name, schema in Spec().captured(dialect)["schemas"].items():
            assert not any(key in words for key in _keywords(schema)), name


def _keywords(schema: Any) -> set[str]:
    if not isinstance(schema, dict):
        return set().union(*map(_keywords, schema)) if isinstance(schema, list) else set()
    own = set(schema)
    inner = [value for key, value in schema.items() if key != "properties"]
    return own.union(*map(_keywords, [*inner, *schema.get("properties", {}).values()]))


def with_prose(schema: Any, *, named: bool = False) -> Any:
    """A schema as it is published, with sentences and vendor keys at every depth."""
    if isinstance(schema, list):
        return [with_prose(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    inside = {key: with_prose(value, named=key == "properties" and not named) for key, value in schema.items()}
    return (
        inside if named else {"title": "T", "description": "D.", **inside, "x-oaiMeta": {"example": "{}"}, "example": 1}
    )


def test_the_published_form_with_its_prose_gives_the_same_spec(shared: Path) -> None:
    bare = json.loads((shared / "upstream/realtime.openapi.facts.json").read_text())
    schemas = {name: with_prose(schema) for name, schema in bare["components"]["schemas"].items()}
    paths = {"/realtime/calls": {"post": {"summary": "S", "requestBody": {"content": {}}}}}
    assert capture_openapi({**bare, "paths": paths, "components": {"schemas": schemas}}) == capture_openapi(bare)


def test_the_committed_spec_is_what_the_shared_document_gives(shared: Path) -> None:
    parsed = json.loads((shared / "upstream/realtime.openapi.facts.json").read_text())
    specs = capture_openapi(parsed)
    assert {dialect: Spec().captured(dialect) for dialect in specs} == specs

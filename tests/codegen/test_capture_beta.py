"""The beta wire comes from a table of events, not from a schema."""

import json
from pathlib import Path
from typing import Any

import pytest

from codegen.capture_beta import capture_beta
from codegen.facts import CaptureError
from codegen.specs import Spec


def _tag(wire_type: str) -> dict[str, Any]:
    return {"required": True, "type": "string", "const": wire_type}


def _optional(**field: Any) -> dict[str, Any]:
    return {"required": False, "optional_none": True, **field}


TOOL = {"type": "object", "model": "Tool", "fields": {"parameters": _optional(type="any")}}
TABLE: dict[str, Any] = {
    "beta_wire": {
        "client": {
            "session.update": {
                "schema": "SessionUpdate",
                "fields": {
                    "type": _tag("session.update"),
                    "session": {
                        "required": True,
                        "type": "object",
                        "model": "Session",
                        "fields": {"tools": _optional(type="array", items=TOOL), "metadata": _optional(type="map")},
                    },
                },
            }
        },
        "server": {
            "session.updated": {
                "schema": "SessionUpdated",
                "fields": {
                    "type": _tag("session.updated"),
                    "session": {
                        "required": True,
                        "type": "object",
                        "model": "Session",
                        "fields": {
                            "id": _optional(type="string"),
                            "tools": _optional(type="array", items=TOOL),
                            "limit": _optional(
                                type="union", alternatives=[{"type": "integer"}, {"type": "string", "const": "inf"}]
                            ),
                        },
                    },
                },
            }
        },
    }
}


def test_a_model_of_one_shape_is_one_schema_and_one_of_several_is_named_after_its_owner() -> None:
    schemas = capture_beta(TABLE)["schemas"]
    assert set(schemas) == {"SessionUpdate", "SessionUpdated", "SessionUpdateSession", "SessionUpdatedSession", "Tool"}


def test_optional_none_is_neither_required_nor_non_null() -> None:
    session = capture_beta(TABLE)["schemas"]["SessionUpdatedSession"]
    assert session == {
        "type": "object",
        "required": [],
        "properties": {
            "id": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "tools": {"anyOf": [{"type": "array", "items": {"$ref": "Tool"}}, {"type": "null"}]},
            "limit": {
                "anyOf": [{"anyOf": [{"type": "integer"}, {"type": "string", "const": "inf"}]}, {"type": "null"}]
            },
        },
    }


def test_maps_and_any_stay_open() -> None:
    schemas = capture_beta(TABLE)["schemas"]
    assert schemas["Tool"]["properties"]["parameters"] == {"anyOf": [{}, {"type": "null"}]}
    assert schemas["SessionUpdateSession"]["properties"]["metadata"] == {
        "anyOf": [{"type": "object"}, {"type": "null"}]
    }


def test_a_document_without_the_table_is_refused() -> None:
    with pytest.raises(CaptureError, match="no table beta_wire"):
        capture_beta({})


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        ({"client": {}}, "lacks 'server'"),
        ({"client": {}, "server": {"x": {"schema": "X"}}}, "lacks 'fields'"),
        ({"client": [], "server": {}}, "not in its form"),
        ({"client": {"x": {"schema": "X", "fields": 1}}, "server": {}}, "not in its form"),
    ],
)
def test_a_table_of_another_form_is_refused(wire: object, complaint: str) -> None:
    with pytest.raises(CaptureError, match=complaint):
        capture_beta({"beta_wire": wire})


def test_the_committed_spec_is_what_the_shared_table_gives(shared: Path) -> None:
    table = json.loads((shared / "protocol/events.json").read_text())
    assert capture_beta(table) == Spec().captured("beta")
    assert len(Spec().captured("beta")["server"]) == 34

"""A table of the beta wire's events → `spec/beta.json`.

The beta dialect is described by the client library that spoke it, as a tree of fields with model
names, not by a schema. `optional_none` there means: neither required nor non-null. Models of one
shape become one schema; a model name with several shapes is told apart by its first owner.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from codegen.facts import CaptureError
from realtime_sdk.protocol.json_values import is_object

__all__ = ["capture_beta"]

Json = dict[str, Any]


def capture_beta(document: Mapping[str, Any]) -> Json:
    """The spec of the beta dialect, in the same form as the others."""
    wire = document.get("beta_wire")
    if not is_object(wire):
        raise CaptureError("the document has no table beta_wire")
    try:
        return _spec(wire)
    except KeyError as absent:
        raise CaptureError(f"the table beta_wire lacks {absent} somewhere") from None
    except (AttributeError, TypeError) as strange:
        raise CaptureError(f"the table beta_wire is not in its form: {strange}") from None


def _spec(wire: Mapping[str, Any]) -> Json:
    events: dict[str, list[Json]] = {side: list(wire[side].values()) for side in ("client", "server")}
    table = _Table(_shapes_per_model([*events["client"], *events["server"]]))
    for event in [*events["client"], *events["server"]]:
        table.schemas[event["schema"]] = table.object(event["fields"], event["schema"])
    return {
        "dialect": "beta",
        "client": sorted(event["schema"] for event in events["client"]),
        "server": sorted(event["schema"] for event in events["server"]),
        "bodies": [],
        "schemas": dict(sorted(table.schemas.items())),
    }


@dataclass
class _Table:
    """Schemas as they are found; `shapes` says how many shapes a model name stands for."""

    shapes: Mapping[str, set[str]]
    names: dict[str, str] = field(default_factory=dict[str, str])
    schemas: Json = field(default_factory=dict[str, Any])

    def object(self, fields: Mapping[str, Any], owner: str) -> Json:
        return {
            "type": "object",
            "required": [name for name, part in fields.items() if part["required"]],
            "properties": {name: self.field(part, owner) for name, part in fields.items()},
        }

    def field(self, part: Mapping[str, Any], owner: str) -> Json:
        schema = self.type(part, owner)
        return {"anyOf": [schema, {"type": "null"}]} if part.get("optional_none") else schema

    def type(self, part: Mapping[str, Any], owner: str) -> Json:
        match part["type"]:
            case "any":
                return {}
            case "map":
                return {"type": "object"}
            case "union":
                return {"anyOf": [self.type(inner, owner) for inner in part["alternatives"]]}
            case "array":
                return {"type": "array", "items": self.type(part["items"], owner)}
            case "object":
                return {"$ref": self.model(part, owner)}
            case scalar:
                return {"type": scalar, **{key: part[key] for key in ("enum", "const") if key in part}}

    def model(self, part: Mapping[str, Any], owner: str) -> str:
        model, shape = part["model"], _shape(part)
        name = self.names.setdefault(shape, model if len(self.shapes[model]) == 1 else owner + model)
        if name not in self.schemas:
            self.schemas[name] = {}
            self.schemas[name] = self.object(part["fields"], name)
        return name


def _shapes_per_model(events: list[Mapping[str, Any]]) -> dict[str, set[str]]:
    shapes: dict[str, set[str]] = {}
    for event in events:
        for part in _models(event["fields"]):
            shapes.setdefault(part["model"], set()).add(_shape(part))
    return shapes


def _models(fields: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for part in fields.values():
        for inner in _parts(part):
            if "fields" in inner:
                yield inner
                yield from _models(inner["fields"])


def _parts(part: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield part
    for inner in [*part.get("alternatives", ()), *([part["items"]] if "items" in part else [])]:
        yield from _parts(inner)


def _shape(part: Mapping[str, Any]) -> str:
    return json.dumps([part["model"], part["fields"]])

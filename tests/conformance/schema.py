"""The captured schemas as they stand, corrections applied: what a JSON value breaks in them. Strict, and ours alone.

The generated classes are more patient than the schema (nearly everything is optional in them, enums are open, unknown
fields are kept). What our own server says is held against the schema itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from codegen.overlay import patched
from codegen.specs import Spec

__all__ = ["Schemas", "schemas_of"]

_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


@cache
def schemas_of(dialect: str) -> "Schemas":
    """The schemas of a dialect: `ga`, `beta` or `translation`."""
    spec = Spec()
    facts = patched(spec.captured(dialect), spec.patches(dialect))
    return Schemas(facts["schemas"], {_type_of(facts["schemas"][name]): name for name in facts["server"]})


def _type_of(schema: Mapping[str, Any]) -> str:
    tag = schema["properties"]["type"]
    return str(tag["const"] if "const" in tag else tag["enum"][0])


@dataclass(frozen=True)
class Schemas:
    """Schemas by name, and the names of server events by their wire type."""

    named: Mapping[str, Any]
    server: Mapping[str, str]

    def breaches(self, event: Mapping[str, Any]) -> list[str]:
        """What is wrong with a server event, none if it is valid."""
        name = self.server.get(str(event.get("type")))
        if name is None:
            return [f"{event.get('type')} is no event of this dialect"]
        return [f"{event['type']}: {breach}" for breach in self._in(self.named[name], event, "")]

    def _in(self, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
        if "$ref" in schema:
            yield from self._in(self.named[schema["$ref"]], value, path)
            return
        for word in ("anyOf", "oneOf"):
            if word in schema:
                yield from self._in_one(schema[word], value, path)
        for part in schema.get("allOf", ()):
            yield from self._in(part, value, path)
        if "type" in schema and not (value is None and schema.get("nullable")):
            yield from self._of_kind(schema["type"], value, path)
        yield from self._inside(schema, value, path)

    def _inside(self, schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
        if value not in schema.get("enum", (value,)) or value != schema.get("const", value):
            yield f"{path} is {value!r}, which is no value of it"
        if isinstance(value, dict):
            yield from self._in_object(schema, value, path)
        if isinstance(value, list) and "items" in schema:
            for place, member in enumerate(value):
                yield from self._in(schema["items"], member, f"{path}[{place}]")

    def _of_kind(self, kind: Any, value: Any, path: str) -> Iterator[str]:
        kinds = kind if isinstance(kind, list) else [kind]
        fits = any(isinstance(value, _KINDS[one]) and isinstance(value, bool) <= (one == "boolean") for one in kinds)
        if not fits:
            yield f"{path} is {value!r}, and no {' or '.join(kinds)}"

    def _in_one(self, members: list[Any], value: Any, path: str) -> Iterator[str]:
        found = [list(self._in(member, value, path)) for member in members]
        if all(found):
            yield from min(found, key=len)

    def _in_object(self, schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
        known = schema.get("properties")
        yield from (f"{path}.{name} is missing" for name in schema.get("required", ()) if name not in value)
        for name, member in value.items():
            if known and name in known:
                yield from self._in(known[name], member, f"{path}.{name}")
            elif isinstance(schema.get("additionalProperties"), Mapping):
                yield from self._in(schema["additionalProperties"], member, f"{path}.{name}")
            elif known and not schema.get("additionalProperties"):
                yield f"{path}.{name} is no field"

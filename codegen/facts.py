"""Facts of a JSON schema: names, types, required, enums, bounds. No sentence of anybody's passes here.

The two tables say what is a fact and what is prose. A keyword in neither stops the capture, so that
nothing new is lost without being seen.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from realtime_sdk.protocol.json_values import JsonObject, is_array, is_object

__all__ = ["REF", "CaptureError", "array_at", "facts_of", "object_at", "references", "schema_closure"]

REF = "#/components/schemas/"

# fmt: off
FACTS = frozenset({
    "$ref", "additionalProperties", "allOf", "anyOf", "const", "default", "discriminator", "enum", "exclusiveMaximum",
    "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maxProperties", "maximum", "minItems", "minLength",
    "minProperties", "minimum", "multipleOf", "nullable", "oneOf", "pattern", "properties", "required", "type",
    "uniqueItems",
})
PROSE = frozenset({
    "$comment", "$id", "$schema", "deprecated", "description", "example", "examples", "externalDocs",
    "readOnly", "title", "writeOnly", "xml",
})
# fmt: on

Json = JsonObject


class CaptureError(Exception):
    """The document is not what the capture expects; the message says where."""


def object_at(value: Any, at: str) -> Json:
    """The value, which has to be an object; `at` names the place in errors."""
    if not is_object(value):
        raise CaptureError(f"{at} has to be an object, not {value!r:.60}")
    return value


def array_at(value: Any, at: str) -> list[Any]:
    """The value, which has to be an array; `at` names the place in errors."""
    if not is_array(value):
        raise CaptureError(f"{at} has to be an array, not {value!r:.60}")
    return value


def facts_of(schema: Any, *, at: str) -> Any:
    """The schema without prose, with short references (`{"$ref": "Name"}`); `at` names the place in errors."""
    if not is_object(schema):
        return schema
    kept: Json = {}
    for keyword, value in schema.items():
        if keyword in PROSE or keyword.startswith("x-"):
            continue
        if keyword not in FACTS:
            raise CaptureError(f"{at}: the keyword {keyword!r} is neither known as a fact nor as prose")
        kept[keyword] = _fact(keyword, value, f"{at}/{keyword}")
    return kept


def _fact(keyword: str, value: Any, at: str) -> Any:
    match keyword:
        case "properties":
            return {name: facts_of(inner, at=f"{at}/{name}") for name, inner in object_at(value, at).items()}
        case "anyOf" | "oneOf" | "allOf":
            return [facts_of(inner, at=f"{at}/{index}") for index, inner in enumerate(array_at(value, at))]
        case "items" | "additionalProperties":
            return facts_of(value, at=at)
        case "$ref":
            return _short(value, at)
        case "discriminator":
            return {"propertyName": object_at(value, at).get("propertyName")}
        case _:
            return value


def _short(reference: Any, at: str) -> str:
    if not isinstance(reference, str) or not reference.startswith(REF):
        raise CaptureError(f"{at}: only references into {REF} can be captured, not {reference!r}")
    return reference.removeprefix(REF)


def references(schema: Any) -> Iterator[str]:
    """Every name that a captured schema refers to, in its order."""
    if is_object(schema):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        for keyword, value in schema.items():
            if keyword == "properties":
                for inner in value.values():
                    yield from references(inner)
            elif keyword not in {"default", "enum", "const", "required"}:
                yield from references(value)
    elif is_array(schema):
        for inner in schema:
            yield from references(inner)


def schema_closure(read: Callable[[str], Json], roots: Iterable[str]) -> dict[str, Json]:
    """The roots and all that they reach, sorted by name; `read` gives a schema by name."""
    reached: dict[str, Json] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached[name] = read(name)
            waiting.extend(references(reached[name]))
    return dict(sorted(reached.items()))

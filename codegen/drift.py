"""What changed between two captures: new, gone, changed, event by event and field by field.

Pure: two specs in, lines out. An event is told with its own fields; a model that several events share
is told once, with the events that reach it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from codegen.facts import references
from realtime_sdk.protocol.json_values import is_array

__all__ = ["drift"]

Json = Mapping[str, Any]
INLINE = ("anyOf", "oneOf", "allOf")


def drift(before: Json, after: Json) -> list[str]:
    """One line a fact, indented under its event or model; no line at all if the two say the same."""
    lines = [line for side in ("server", "client") for line in _events(side, before, after)]
    lines += _models(before, after)
    return [f"{after['dialect']}:", *lines] if lines else []


def _events(side: str, before: Json, after: Json) -> Iterator[str]:
    old, new = (_by_wire_type(side, spec) for spec in (before, after))
    for wire_type in sorted(old.keys() | new.keys()):
        yield from _compared(f"{side} event {wire_type}", old.get(wire_type), new.get(wire_type))


def _by_wire_type(side: str, spec: Json) -> dict[str, Json]:
    schemas = [spec["schemas"][name] for name in spec[side]]
    return {_one(schema["properties"]["type"]): schema for schema in schemas}


def _one(tag: Json) -> str:
    value: str = tag["const"] if "const" in tag else tag["enum"][0]
    return value


def _models(before: Json, after: Json) -> Iterator[str]:
    events = {name for spec in (before, after) for side in ("client", "server") for name in spec[side]}
    for name in sorted((before["schemas"].keys() | after["schemas"].keys()) - events):
        users = _users(name, after) or _users(name, before)
        title = f"model {name}" + (f", in {', '.join(users)}" if users else "")
        yield from _compared(title, before["schemas"].get(name), after["schemas"].get(name))


def _users(model: str, spec: Json) -> list[str]:
    """The wire types of the events that reach a model."""
    schemas = spec["schemas"]
    reaching = {model}
    grown = True
    while grown:
        more = {name for name, schema in schemas.items() if not reaching.isdisjoint(references(schema))} - reaching
        reaching |= more
        grown = bool(more)
    events = [name for side in ("server", "client") for name in spec[side] if name in reaching]
    return sorted(_one(schemas[name]["properties"]["type"]) for name in events)


def _compared(title: str, old: Json | None, new: Json | None) -> Iterator[str]:
    if old == new:
        return
    before = dict(_fields(old, "")) if old is not None else {}
    after = dict(_fields(new, "")) if new is not None else {}
    if old is not None and new is not None:
        before["it"], after["it"] = _fact(old), _fact(new)
    yield f"  {'new' if old is None else 'gone' if new is None else 'changed'} {title}"
    for path in sorted(before.keys() | after.keys()):
        match before.get(path), after.get(path):
            case None, fact:
                yield f"    + {path}: {fact}"
            case fact, None:
                yield f"    - {path}: {fact}"
            case was, becomes if was != becomes:
                yield f"    ~ {path}: {was} → {becomes}"
            case _:
                pass


def _fields(schema: Json, path: str, *, required: bool = False) -> Iterator[tuple[str, str]]:
    """Every place inside a schema with what is known about it; `[]` enters a list, `{}` a map, `|n` an alternative."""
    if path or "properties" not in schema:
        yield path or "it", _fact(schema) + (", required" if required else "")
    for value in schema.get("enum", ()):
        yield f"{path} = {value}", "a known value"
    for name, inner in schema.get("properties", {}).items():
        own = f"{path}.{name}" if path else name
        yield from _fields(inner, own, required=name in schema.get("required", ()))
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(schema.get(keyword), Mapping):
            yield from _fields(schema[keyword], path + mark)
    for keyword in INLINE:
        for name, inner in _alternatives(schema.get(keyword, ())):
            yield from _fields(inner, f"{path}|{name}")


def _alternatives(schemas: Sequence[Json]) -> Iterator[tuple[str, Json]]:
    """Each alternative with its name; the second of one name is `…#2`."""
    times: Counter[str] = Counter()
    for index, schema in enumerate(schemas):
        name = _alternative(schema, index)
        times[name] += 1
        yield (name if times[name] == 1 else f"{name}#{times[name]}"), schema


def _alternative(schema: Json, index: int) -> str:
    """A name that stays when an alternative is added before it, where there is one."""
    if "$ref" in schema:
        return str(schema["$ref"])
    tag = schema.get("properties", {}).get("type", {})
    return str(tag.get("const") or (tag.get("enum") or [None])[0] or schema.get("type") or index)


def _fact(schema: Json) -> str:
    """What is said about one place, without what stands inside it."""
    inside = {"properties", "items", "required", "enum", *INLINE}
    own = {key: value for key, value in schema.items() if key not in inside and not isinstance(value, Mapping)}
    kind = (
        own.pop("$ref", None) or own.pop("type", None) or next((word for word in INLINE if word in schema), "anything")
    )
    rest = [f"{key} {_words(value)}" for key, value in own.items()]
    if "discriminator" in schema:
        rest.append(f"told apart by {schema['discriminator'].get('propertyName')}")
    return ", ".join([str(kind), *rest])


def _words(value: Any) -> str:
    return " | ".join(map(str, value)) if is_array(value) else str(value)

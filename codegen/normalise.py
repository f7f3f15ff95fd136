"""A corrected spec → a plan of classes: everything named, enums and unions open, required as we need it.

Pure passes over `shapes`. The rules, in their order: names; null moves from an alias to its uses;
what is inline is hoisted; a single-valued `type` or `role` is a tag and every other enum is open;
a union with an object in it gets an open last member; required-ness (docs/adr/0006).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codegen.names import NameTable, NamingError
from codegen.shapes import Enum, Field, Nullable, Object, Ref, Shape, Union, mapped, parts, read_shape, transformed

__all__ = ["Plan", "normalised"]

TAGS = ("type", "role")

# Servers are known to leave these out of their events (LocalAI: event_id; xAI: output_index).
OMITTED_BY_SERVERS = frozenset({"event_id", "output_index"})


@dataclass(frozen=True)
class Plan:
    """The classes and aliases of a dialect; events by wire type."""

    dialect: str
    shapes: Mapping[str, Shape]
    client: Mapping[str, str]
    server: Mapping[str, str]
    from_server: frozenset[str]

    def objects(self) -> dict[str, Object]:
        """What becomes a class."""
        return {name: shape for name, shape in self.shapes.items() if isinstance(shape, Object)}

    def open_unions(self) -> dict[str, Union]:
        """The unions with a member for what nobody knows."""
        return {name: shape for name, shape in self.shapes.items() if isinstance(shape, Union) and shape.unknown}

    def unknown_members(self) -> list[str]:
        """The names of those members."""
        return sorted({shape.unknown for shape in self.open_unions().values() if shape.unknown})


def normalised(spec: Mapping[str, Any], names: NameTable) -> Plan:
    """The plan for a corrected spec."""
    types = {upstream: _wire_type(spec["schemas"][upstream]) for upstream in [*spec["client"], *spec["server"]]}
    classes = {
        upstream: names.event(types[upstream]) if upstream in types else names.schema(upstream)
        for upstream in spec["schemas"]
    }
    shapes = _named(spec["schemas"], classes)
    shapes = _with_null_at_its_uses(shapes)
    shapes = _hoisted(shapes, names)
    shapes = {name: _opened(name, shape, shapes, names) for name, shape in shapes.items()}
    client, server = (_events(spec[side], types, classes) for side in ("client", "server"))
    from_server = _reached(shapes, server.values()) - set(server.values())
    used = _reached(shapes, [*client.values(), *server.values(), *(classes[body] for body in spec["bodies"])])
    shapes = {
        name: _required(shape, event=name in server.values(), from_server=name in from_server)
        for name, shape in sorted(shapes.items())
        if name in used
    }
    names.check_all_used()
    return Plan(spec["dialect"], shapes, client, server, frozenset(from_server))


def _wire_type(schema: Mapping[str, Any]) -> str:
    tag = schema["properties"]["type"]
    value: str = tag["const"] if "const" in tag else tag["enum"][0]
    return value


def _events(upstream: Iterable[str], types: Mapping[str, str], classes: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted((types[name], classes[name]) for name in upstream))


def _named(schemas: Mapping[str, Any], classes: Mapping[str, str]) -> dict[str, Shape]:
    def renamed(shape: Shape) -> Shape:
        if not isinstance(shape, Ref):
            return shape
        if shape.name not in classes:
            raise NamingError(f"the corrected spec refers to {shape.name}, which it does not have")
        return Ref(classes[shape.name])

    named: dict[str, Shape] = {}
    for upstream, schema in schemas.items():
        _add(named, classes[upstream], transformed(read_shape(schema), renamed))
    return named


def _add(shapes: dict[str, Shape], name: str, shape: Shape) -> None:
    """Two uses of one name must mean the same; required-ness is what both ask for."""
    known = shapes.get(name)
    if known is None or known == shape:
        shapes[name] = shape
    elif isinstance(known, Object) and isinstance(shape, Object) and _optional(known) == _optional(shape):
        both = {
            key: replace(each, required=each.required and shape.fields[key].required)
            for key, each in known.fields.items()
        }
        shapes[name] = Object(both)
    else:
        raise NamingError(f"{name} would stand for two different things:\n  {known}\n  {shape}")


def _optional(shape: Object) -> dict[str, Shape]:
    return {name: field.shape for name, field in shape.fields.items()}


def _with_null_at_its_uses(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    nullable = {name for name, shape in shapes.items() if isinstance(shape, Nullable)}

    def moved(shape: Shape) -> Shape:
        return Nullable(shape) if isinstance(shape, Ref) and shape.name in nullable else shape

    return {
        name: transformed(shape.inner if isinstance(shape, Nullable) else shape, moved)
        for name, shape in shapes.items()
    }


def _hoisted(shapes: Mapping[str, Shape], names: NameTable) -> dict[str, Shape]:
    """Every object, and every union with an object in it, under a name of its own."""
    found: dict[str, Shape] = {}

    def lift(part: Shape, owner: str, step: str) -> Shape:
        if not _needs_a_name(part):
            return inside(part, owner, step)
        own = names.inline(owner, step)
        _add(found, own, inside(part, own, step))
        return Ref(own)

    def inside(shape: Shape, owner: str, step: str) -> Shape:
        return mapped(shape, lambda part, own_step: lift(part, owner, own_step or step))

    for name, shape in shapes.items():
        _add(found, name, inside(shape, name, "value"))
    return found


def _needs_a_name(shape: Shape) -> bool:
    return isinstance(shape, Object) or (isinstance(shape, Union) and any(map(_is_model, shape.members)))


def _is_model(shape: Shape) -> bool:
    """Before aliases are resolved a reference counts as a model where it stands in a union."""
    return isinstance(shape, Object | Ref)


def _opened(name: str, shape: Shape, shapes: Mapping[str, Shape], names: NameTable) -> Shape:
    """Every enum open but the tags; a union of objects with its open member and what tells the members apart."""

    def opened(part: Shape) -> Shape:
        return replace(part, open=True) if isinstance(part, Enum) else part

    match shape:
        case Object():
            return Object(
                {
                    key: field if _is_tag(key, field) else replace(field, shape=transformed(field.shape, opened))
                    for key, field in shape.fields.items()
                }
            )
        case Union() if _needs_a_name(shape):
            objects = [each for each in map(shapes.get, _references(shape)) if isinstance(each, Object)]
            _check_tags(name, shape.tags, objects)
            return replace(shape, members=tuple(map(opened, shape.members)), unknown=names.unknown_of(name))
        case _:
            return transformed(shape, opened)


def _is_tag(name: str, field: Field) -> bool:
    return name in TAGS and isinstance(field.shape, Enum) and len(field.shape.values) == 1 and not field.shape.open


def _check_tags(name: str, tags: tuple[str, ...], members: list[Object]) -> None:
    """Several objects in a union must be told apart by its discriminator; the overlay adds one that is missing."""
    if len(members) < 2:
        return
    values = [tuple(_tag_value(member, tag) for tag in tags) for member in members]
    if not tags or None in (first for first, *_ in values) or len(set(values)) < len(values):
        raise NamingError(f"the members of the union {name} are not told apart by a discriminator ({tags})")


def _tag_value(member: Object, tag: str) -> Any:
    field = member.fields.get(tag)
    return field.shape.values[0] if field and _is_tag(tag, field) and isinstance(field.shape, Enum) else None


def _references(shape: Shape) -> list[str]:
    own = [shape.name] if isinstance(shape, Ref) else []
    return own + [name for part in parts(shape) for name in _references(part)]


def _reached(shapes: Mapping[str, Shape], roots: Iterable[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(_references(shapes[name]))
    return reached


def _required(shape: Shape, *, event: bool, from_server: bool) -> Shape:
    """Tags always; of a server's events the payload; of what a server nests in them nothing; else as upstream."""
    if not isinstance(shape, Object):
        return shape

    def required(name: str, field: Field) -> bool:
        if _is_tag(name, field):
            return True
        if event:
            return field.required and name not in OMITTED_BY_SERVERS
        return field.required and not from_server

    return Object({name: replace(field, required=required(name, field)) for name, field in shape.fields.items()})

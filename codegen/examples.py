"""A plan → example frames of every event, as test data: minimal, full, and broken on purpose.

Values say what they are (`"item_id"` for a field item_id) and are the same at every run. A list
holds one example of every member of its union, so that the full frames cover the whole schema.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from codegen.normalise import TAGS, Plan
from codegen.shapes import Anything, Enum, Field, ListOf, MapOf, Nullable, Object, Ref, Scalar, Shape, Union

__all__ = ["examples_of"]

Json = dict[str, Any]

# Base64 of two PCM16 samples, for fields that hold audio.
AUDIO = "AAD/fw=="
AUDIO_FIELDS = frozenset({"audio"})
SCALARS: Mapping[str, Any] = {"integer": 1, "number": 0.5, "boolean": True}


def examples_of(plan: Plan) -> Json:
    """`{"server": {wire type: {"minimal": …, "full": …, "broken": {why: …}}}, "client": …}`."""
    events = {"server": plan.server, "client": plan.client}
    return {side: {wire: _event(plan, cls) for wire, cls in own.items()} for side, own in events.items()}


def _event(plan: Plan, name: str) -> Json:
    shape = plan.objects()[name]
    minimal = _object(plan, shape, full=False)
    return {"minimal": minimal, "full": _object(plan, shape, full=True), "broken": dict(_broken(shape, minimal))}


def _broken(shape: Object, minimal: Json) -> Iterator[tuple[str, Json]]:
    """The minimal frame without each thing it needs, and with its first plain field as something else."""
    own = {name: field for name, field in shape.fields.items() if name not in TAGS}
    for name in (name for name, field in own.items() if field.required):
        yield f"{name} is missing", {key: value for key, value in minimal.items() if key != name}
    for name in [name for name, field in own.items() if isinstance(field.shape, Scalar)][:1]:
        yield f"{name} is a list", {**minimal, name: []}


def _object(plan: Plan, shape: Object, *, full: bool) -> Json:
    wanted = {name: field for name, field in shape.fields.items() if full or field.required}
    return {name: _field(plan, name, field, full=full) for name, field in wanted.items()}


def _field(plan: Plan, name: str, field: Field, *, full: bool) -> Any:
    return next(iter(_values(plan, name, field.shape, full=full)))


def _values(plan: Plan, name: str, shape: Shape, *, full: bool) -> list[Any]:
    """At least one value of a shape; of a union one of every member."""
    match shape:
        case Nullable(inner):
            return _values(plan, name, inner, full=full)
        case ListOf(item):
            return [_values(plan, name, item, full=full) if full else []]
        case MapOf(value):
            return [dict(zip(("first", "second"), _values(plan, name, value, full=full), strict=False)) if full else {}]
        case Ref(other):
            return _values(plan, name, plan.shapes[other], full=full)
        case Union(members):
            return [value for member in members for value in _values(plan, name, member, full=full)]
        case Object():
            return [_object(plan, shape, full=full)]
        case Anything() | Scalar() | Enum():
            return [_plain(name, shape)]


def _plain(name: str, shape: Anything | Scalar | Enum) -> Any:
    match shape:
        case Anything():
            return {"any": [1, "two", None]}
        case Enum(values):
            return values[0]
        case Scalar("string"):
            return AUDIO if name in AUDIO_FIELDS else name
        case Scalar(kind):
            return SCALARS[kind]

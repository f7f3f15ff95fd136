"""Frames for the tests of the protocol: the plan of each dialect as Hypothesis strategies, and what is inside events.

`frames(dialect, side)` gives valid objects of every event, with unknown extras where asked for;
`mangled` breaks an object somewhere. `strangers` finds everything in a value that has no class.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hypothesis import strategies as st

from codegen.normalise import Plan
from codegen.shapes import Anything, Enum, Field, ListOf, MapOf, Nullable, Object, Ref, Scalar, Shape, Union
from codegen.specs import DIALECTS, Spec
from realtime_sdk.protocol import registries
from realtime_sdk.protocol.registries import Registry
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent
from realtime_sdk.protocol.wire import WireModel

__all__ = ["DIALECTS", "SIDES", "frames", "json_values", "mangled", "plan_of", "registry_of", "strangers"]

SIDES = ("server", "client")

_numbers = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
_leaves = st.none() | st.booleans() | _numbers | st.text(max_size=8)
json_values: st.SearchStrategy[Any] = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
_SCALARS: Mapping[str, st.SearchStrategy[Any]] = {
    "string": st.text(max_size=12),
    "integer": st.integers(-(2**70), 2**70),
    "number": _numbers,
    "boolean": st.booleans(),
}


@cache
def plan_of(dialect: str) -> Plan:
    """The classes of a dialect, from the spec in the checkout."""
    return Spec().plan(dialect)


def registry_of(dialect: str) -> Registry:
    """The generated classes of a dialect."""
    found: Registry = getattr(registries, dialect.upper())
    return found


@cache
def frames(dialect: str, side: str) -> st.SearchStrategy[dict[str, Any]]:
    """Valid objects of every event of one side, some with fields that nobody knows."""
    plan = plan_of(dialect)
    events: Mapping[str, str] = getattr(plan, side)
    return st.sampled_from(sorted(events.values())).flatmap(lambda name: _strategy(plan, plan.shapes[name], depth=0))


def _strategy(plan: Plan, shape: Shape, *, depth: int) -> st.SearchStrategy[Any]:
    match shape:
        case Nullable(inner):
            return st.none() | _strategy(plan, inner, depth=depth)
        case ListOf(item):
            return st.lists(_strategy(plan, item, depth=depth), max_size=2)
        case MapOf(value):
            return st.dictionaries(st.text(max_size=6), _strategy(plan, value, depth=depth), max_size=2)
        case Ref(name):
            return st.deferred(lambda: _strategy(plan, plan.shapes[name], depth=depth))
        case Union(members, unknown):
            known = st.one_of([_strategy(plan, member, depth=depth) for member in members])
            return known | json_values if unknown else known
        case Object(fields):
            return _object(plan, fields, depth=depth + 1)
        case Anything():
            return json_values
        case Scalar(kind):
            return _SCALARS[kind]
        case Enum(values, kind):
            return st.sampled_from(values) | _SCALARS[kind] if shape.open else st.just(values[0])


def _object(plan: Plan, fields: Mapping[str, Field], *, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    own = {name: _strategy(plan, field.shape, depth=depth) for name, field in fields.items()}
    needed = {name: own[name] for name, field in fields.items() if field.required}
    free = {name: own[name] for name in own.keys() - needed.keys()}
    extras = st.dictionaries(st.text(max_size=5).map(lambda name: "x_" + name), json_values, max_size=2)
    return st.builds(lambda known, more: {**more, **known}, st.fixed_dictionaries(needed, optional=free), extras)


@st.composite
def mangled(draw: st.DrawFn, whole: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """An object with something in it dropped, or made into something else."""
    found = draw(whole)
    place: Any = found
    while isinstance(place, dict) and place:
        name = draw(st.sampled_from(sorted(place)))
        if isinstance(place[name], dict) and draw(st.booleans()):
            place = place[name]
            continue
        if draw(st.booleans()):
            del place[name]
        else:
            place[name] = draw(json_values)
        break
    return found


def strangers(value: Any) -> Iterator[Unknown | UnknownEvent]:
    """Everything in an event that has no class."""
    if isinstance(value, Unknown | UnknownEvent):
        yield value
    elif isinstance(value, WireModel):
        for name in value.model_fields_set:
            yield from strangers(getattr(value, name))
    elif isinstance(value, list):
        for inner in value:
            yield from strangers(inner)
    elif isinstance(value, dict):
        yield from strangers(list(value.values()))

"""JSON objects as values: looking into them, and giving back changed copies.

Nothing in here changes what it is given, and nothing raises, whatever a server sent: a path that
leads nowhere is an empty tuple, a place that is taken is left as it is. Untouched branches are
shared between the old object and the new one.
"""

from collections.abc import Callable
from typing import TypeGuard

__all__ = [
    "Cast",
    "JsonObject",
    "Path",
    "free",
    "in_field",
    "is_list",
    "is_object",
    "moved",
    "renamed",
    "same",
    "take",
    "type_of",
    "with_value",
    "without",
]

JsonObject = dict[str, object]
Path = tuple[str, ...]
Cast = Callable[[JsonObject], tuple[JsonObject, ...]]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Tell whether a parsed JSON value is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[object]]:
    """Tell whether a parsed JSON value is an array."""
    return isinstance(value, list)


def type_of(value: object) -> str:
    """Return the `type` of an object, "" where it has none that is a string."""
    found = value.get("type") if is_object(value) else None
    return found if isinstance(found, str) else ""


# ------------------------------------------------------------------------------------------------------------------
# Places


def take(obj: JsonObject, path: Path) -> tuple[object, ...]:
    """Return the value at a path as a tuple of one; an empty tuple where nothing is (null is a value)."""
    value: object = obj
    for key in path:
        if not is_object(value) or key not in value:
            return ()
        value = value[key]
    return (value,)


def free(obj: JsonObject, path: Path) -> bool:
    """Tell whether a value can be put at a path: nothing is there, and nothing else stands in the way."""
    value: object = obj
    for key in path:
        if not is_object(value):
            return False
        if key not in value:
            return True
        value = value[key]
    return False


def with_value(obj: JsonObject, path: Path, value: object) -> JsonObject:
    """Return a copy with a value at a free path; objects on the way are made where they are missing."""
    key, *rest = path
    if not rest:
        return {**obj, key: value}
    inner = obj.get(key)
    return {**obj, key: with_value(inner if is_object(inner) else {}, tuple(rest), value)}


def without(obj: JsonObject, path: Path) -> JsonObject:
    """Return a copy without the value at a path; an object on the way that is empty then goes as well."""
    key, *rest = path
    others = {name: value for name, value in obj.items() if name != key}
    inner = obj.get(key)
    if not rest or not is_object(inner):
        return others
    left = without(inner, tuple(rest))
    return {**obj, key: left} if left else others


def moved(obj: JsonObject, source: Path, target: Path, shape: Callable[[object], tuple[object, ...]]) -> JsonObject:
    """Return a copy with the value of `source` at `target`, in the form that `shape` gives it.

    The object comes back as it is where there is nothing to move, where `shape` gives nothing (a value
    it does not know) and where the target is taken: so nothing is overwritten and nothing is lost.
    """
    found = take(obj, source)
    shaped = shape(found[0]) if found else ()
    if not shaped:
        return obj
    rest = without(obj, source)
    return with_value(rest, target, shaped[0]) if free(rest, target) else obj


# ------------------------------------------------------------------------------------------------------------------
# Casts: one object in, zero or more out


def same(obj: JsonObject) -> tuple[JsonObject, ...]:
    """Give the object itself: the cast of a dialect that speaks GA."""
    return (obj,)


def renamed(name: str) -> Cast:
    """Make the cast that gives an event another `type` and leaves the rest."""
    return lambda obj: ({**obj, "type": name},)


def in_field(key: str, change: Callable[[JsonObject], JsonObject]) -> Cast:
    """Make the cast that changes the object in one field; a field that holds no object stays as it is."""

    def cast(obj: JsonObject) -> tuple[JsonObject, ...]:
        inner = obj.get(key)
        return ({**obj, key: change(inner)},) if is_object(inner) else (obj,)

    return cast

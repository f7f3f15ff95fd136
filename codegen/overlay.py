"""Our corrections of the captured schema, each asserted against what it corrects.

A patch is (pointer, old, new, why, evidence). The pointer goes into `spec/<dialect>.json` (RFC 6901);
null for `old` means that nothing stands there yet, null for `new` that it goes away, and an index one
past the end of a list appends. A patch whose old value is not found, or that changes nothing, stops
the build: the overlay says only what is still true.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

from realtime_sdk.protocol.json_values import is_array, is_object

__all__ = ["OverlayError", "patched"]

KEYS = {"evidence", "new", "old", "pointer", "why"}

_ABSENT = object()


class OverlayError(Exception):
    """A patch does not fit the captured schema any more; the message says which and why."""


def patched(spec: Mapping[str, Any], patches: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A copy of the spec with every patch applied, in order."""
    changed = deepcopy(dict(spec))
    for number, patch in enumerate(patches):
        _apply(changed, patch, f"overlay {spec['dialect']}[{number}] {patch.get('pointer')}")
    return changed


def _apply(spec: dict[str, Any], patch: Mapping[str, Any], name: str) -> None:
    if set(patch) != KEYS:
        raise OverlayError(f"{name}: a patch has exactly the keys {', '.join(sorted(KEYS))}")
    *way, last = [_unescaped(step) for step in patch["pointer"].split("/")[1:]]
    place: Any = spec
    for step in way:
        place = _step(place, step)
        if place is _ABSENT:
            raise OverlayError(f"{name}: the captured schema has nothing at {step!r}")
    if is_array(place) and not (last.isdigit() and int(last) <= len(place)):
        raise OverlayError(f"{name}: no such place in the list")
    found = _step(place, last)
    _check(name, patch, None if found is _ABSENT else found)
    _put(place, last, deepcopy(patch["new"]))


def _check(name: str, patch: Mapping[str, Any], found: Any) -> None:
    if patch["old"] == patch["new"]:
        raise OverlayError(f"{name}: the patch changes nothing")
    if found == patch["new"]:
        raise OverlayError(f"{name}: upstream says this itself now; delete the patch")
    if found != patch["old"]:
        raise OverlayError(f"{name}: expected {patch['old']!r}, the captured schema has {found!r}")


def _step(place: Any, step: str) -> Any:
    if is_array(place):
        return place[int(step)] if step.isdigit() and int(step) < len(place) else _ABSENT
    return place.get(step, _ABSENT) if is_object(place) else _ABSENT


def _put(place: Any, step: str, new: Any) -> None:
    if is_array(place):
        index = int(step)
        place[index : index + 1] = [] if new is None else [new]
    elif new is None:
        del place[step]
    else:
        place[step] = new


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")

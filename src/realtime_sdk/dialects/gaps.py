"""What a dialect cannot say of GA, as tables a caller can look at, and the look-up of the reason.

A downcast gives nothing for such an object; `cannot_say` tells why. Settings are not in here: a setting
that the other side may not know is sent all the same, since the server answers with an error that names it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from realtime_sdk.dialects.objects import JsonObject, is_list, is_object, take, type_of

__all__ = ["Gaps", "cannot_say"]


@dataclass(frozen=True, slots=True)
class Gaps:
    """What cannot be said: wire type to reason, for events, items, content parts and tools."""

    events: Mapping[str, str] = field(default_factory=dict[str, str])
    items: Mapping[str, str] = field(default_factory=dict[str, str])
    parts: Mapping[str, str] = field(default_factory=dict[str, str])
    tools: Mapping[str, str] = field(default_factory=dict[str, str])


Reasons = Iterator[str]
Look = Callable[[Gaps, JsonObject], Reasons]


def cannot_say(gaps: Gaps, obj: JsonObject) -> str | None:
    """Return why an event cannot be said, None if it can.

    Responses that a server sends are said whatever they hold: without response.done a client waits for ever.
    """
    kind = type_of(obj)
    if kind in gaps.events:
        return f"{kind}: {gaps.events[kind]}"
    look = LOOKS.get(kind)
    return next(look(gaps, obj), None) if look else None


def _item(gaps: Gaps, obj: JsonObject) -> Reasons:
    for item in take(obj, ("item",)):
        yield from _of_item(gaps, item)


def _session(gaps: Gaps, obj: JsonObject) -> Reasons:
    for session in take(obj, ("session",)):
        yield from _of_tools(gaps, session)


def _response(gaps: Gaps, obj: JsonObject) -> Reasons:
    for params in take(obj, ("response",)):
        yield from _of_tools(gaps, params)
    for item in _listed(obj.get("response"), "input"):
        yield from _of_item(gaps, item)


LOOKS: Mapping[str, Look] = {
    "conversation.item.added": _item,
    "conversation.item.create": _item,
    "conversation.item.created": _item,
    "conversation.item.retrieved": _item,
    "response.create": _response,
    "response.output_item.added": _item,
    "response.output_item.done": _item,
    "session.update": _session,
}


def _of_item(gaps: Gaps, item: object) -> Reasons:
    kind = type_of(item)
    if kind in gaps.items:
        yield f"item {kind}: {gaps.items[kind]}"
    for part in _listed(item, "content"):
        kind = type_of(part)
        if kind in gaps.parts:
            yield f"content {kind}: {gaps.parts[kind]}"


def _of_tools(gaps: Gaps, settings: object) -> Reasons:
    choice = settings.get("tool_choice") if is_object(settings) else None
    for tool in (*_listed(settings, "tools"), choice):
        kind = type_of(tool)
        if kind in gaps.tools:
            yield f"tool {kind}: {gaps.tools[kind]}"


def _listed(value: object, key: str) -> list[object]:
    found = value.get(key) if is_object(value) else None
    return found if is_list(found) else []

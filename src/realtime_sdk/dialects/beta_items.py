"""Conversation items of the beta wire and of GA: content types, the `object` mark, and when an item is whole.

Only what an assistant said is called differently (`text` / `output_text`, `audio` / `output_audio`),
and only in items: `part.type` of response.content_part.* is `text` or `audio` in both. A beta server
marks every item with `object`, GA servers do not; clients may leave it out in both.
"""

from collections.abc import Callable, Mapping

from realtime_sdk.dialects.objects import JsonObject, is_list, is_object, type_of

__all__ = ["PARTS", "is_whole", "item_from_server", "item_to_client", "item_to_ga", "item_to_beta", "with_items"]

PARTS: Mapping[str, str] = {"text": "output_text", "audio": "output_audio"}
_PARTS_BACK: Mapping[str, str] = {ga: beta for beta, ga in PARTS.items()}
MARK = "realtime.item"
ENDED = frozenset({"completed", "incomplete"})
WITHOUT_PROGRESS = frozenset({"function_call_output", "mcp_approval_response", "mcp_approval_request"})


def _with_parts(item: JsonObject, names: Mapping[str, str]) -> JsonObject:
    content = item.get("content")
    if item.get("role") != "assistant" or not is_list(content):
        return item
    return {**item, "content": [_named(part, names) for part in content]}


def _named(part: object, names: Mapping[str, str]) -> object:
    name = names.get(type_of(part))
    return {**part, "type": name} if name and is_object(part) else part


def item_to_ga(item: JsonObject) -> JsonObject:
    """Return a client's beta item as GA has it."""
    return _with_parts(item, PARTS)


def item_to_beta(item: JsonObject) -> JsonObject:
    """Return a client's GA item as beta has it."""
    return _with_parts(item, _PARTS_BACK)


def item_from_server(item: JsonObject) -> JsonObject:
    """Return a beta server's item as a GA server would send it: without the mark."""
    return _with_parts({key: value for key, value in item.items() if (key, value) != ("object", MARK)}, PARTS)


def item_to_client(item: JsonObject) -> JsonObject:
    """Return a GA server's item as a beta server would send it: with the mark."""
    return _with_parts({"object": MARK, **item}, _PARTS_BACK)


def with_items(obj: JsonObject, key: str, change: Callable[[JsonObject], JsonObject]) -> JsonObject:
    """Return a copy with every item of a list field changed; what is no item stays as it is."""
    items = obj.get(key)
    if not is_list(items):
        return obj
    return {**obj, key: [change(item) if is_object(item) else item for item in items]}


def is_whole(item: JsonObject) -> bool:
    """Tell whether nothing will be added to an item: it has ended, or is of a kind that never grows."""
    status = item.get("status")
    if status is not None:
        return isinstance(status, str) and status in ENDED
    kind = type_of(item)
    return kind in WITHOUT_PROGRESS or (kind == "message" and item.get("role") in ("user", "system"))

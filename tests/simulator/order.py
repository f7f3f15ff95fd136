"""The rules of order that a server keeps, checked by machine: on recordings of real servers, and on the simulator.

From the recordings and the protocol notes. `violations` gives one line for each breach, none for a sound stream.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

Event = dict[str, Any]
ITEM_EVENTS = {
    "response.mcp_call_arguments.delta": "response.mcp_call_arguments.done",
    "response.output_text.delta": "response.output_text.done",
    "response.output_audio.delta": "response.output_audio.done",
    "response.output_audio_transcript.delta": "response.output_audio_transcript.done",
    "response.function_call_arguments.delta": "response.function_call_arguments.done",
}
WHOLE = {
    "response.mcp_call_arguments.done": "arguments",
    "response.output_text.done": "text",
    "response.output_audio_transcript.done": "transcript",
    "response.function_call_arguments.done": "arguments",
}


@dataclass
class Item:
    """An output item as its events tell it."""

    index: int
    streams: dict[str, list[str]] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    part_open: bool = False
    done: bool = False


@dataclass
class Response:
    """A response as its events tell it."""

    default: bool
    items: dict[str, Item] = field(default_factory=dict)
    done: bool = False


def violations(events: Sequence[Event], *, fresh: bool = True) -> list[str]:
    """What is out of order in the events of one connection; `fresh` if it begins with session.created."""
    return list(_violations(events, fresh=fresh))


def _violations(events: Sequence[Event], *, fresh: bool) -> Iterator[str]:
    if fresh and events and events[0]["type"] not in ("session.created", "error"):
        yield f"the first event is {events[0]['type']}"
    seen: set[str] = set()
    for place, event in enumerate(events):
        if event.get("event_id") in seen:
            yield f"{place}: event id {event['event_id']} twice"
        seen.add(event.get("event_id", place))
    for rule in (_responses, _neighbours, _speech, _conversation, _transcriptions):
        yield from rule(events)


def _responses(events: Sequence[Event]) -> Iterator[str]:
    responses: dict[str, Response] = {}
    for place, event in enumerate(events):
        kind = event["type"]
        if kind == "response.created":
            body = event["response"]
            default = body.get("conversation_id") is not None
            if default and any(one.default and not one.done for one in responses.values()):
                yield f"{place}: a second response while one is active"
            responses[body["id"]] = Response(default)
        elif kind == "response.done":
            yield from _response_done(place, event["response"], responses)
        elif kind.startswith("response.") and "response_id" in event:
            response = responses.get(event["response_id"])
            if response is None:
                yield f"{place}: {kind} of a response that was not created"
            elif response.done:
                yield f"{place}: {kind} after response.done"
            else:
                yield from _in_response(place, event, response)
    if events and any(not one.done for one in responses.values()):
        yield "a response has no end"


def _response_done(place: int, body: Event, responses: dict[str, Response]) -> Iterator[str]:
    response = responses.get(body["id"])
    if response is None or response.done:
        yield f"{place}: response.done of a response that is not active"
        return
    response.done = True
    yield from (
        f"{place}: {item_id} is open at response.done" for item_id, item in response.items.items() if not item.done
    )
    inside = [item["id"] for item in body.get("output", ())]
    if inside != sorted(response.items, key=lambda one: response.items[one].index):
        yield f"{place}: response.done lists {inside}, its events {list(response.items)}"


def _in_response(place: int, event: Event, response: Response) -> Iterator[str]:
    kind = event["type"]
    if kind == "response.output_item.added":
        if event["output_index"] != len(response.items):
            yield f"{place}: output_index {event['output_index']} for item {len(response.items)}"
        response.items[event["item"]["id"]] = Item(event["output_index"])
        return
    item_id = event["item"]["id"] if "item" in event else event["item_id"]
    item = response.items.get(item_id)
    if item is None:
        yield f"{place}: {kind} of an item that was not added"
        return
    if item.done:
        yield f"{place}: {kind} after the item's end"
    if event.get("output_index", item.index) != item.index:
        yield f"{place}: {kind} with another output_index"
    yield from _in_item(place, event, item)


def _in_item(place: int, event: Event, item: Item) -> Iterator[str]:
    kind = event["type"]
    if kind in ITEM_EVENTS:
        yield from _delta(place, event, item)
    elif kind in ITEM_EVENTS.values():
        yield from _stream_done(place, event, item)
    elif kind == "response.output_item.done":
        item.done = True
        if item.part_open:
            yield f"{place}: the item ends before its part"
    elif kind in ("response.content_part.added", "response.content_part.done"):
        item.part_open = kind.endswith("added")
        if not item.part_open and (streaming := set(item.streams) - item.ended):
            yield f"{place}: the part ends before {streaming}"


def _delta(place: int, event: Event, item: Item) -> Iterator[str]:
    kind, done = event["type"], ITEM_EVENTS[event["type"]]
    if done in item.ended:
        yield f"{place}: {kind} after its end"
    if not item.part_open and "arguments" not in kind:
        yield f"{place}: {kind} outside of a part"
    item.streams.setdefault(done, []).append(event["delta"])


def _stream_done(place: int, event: Event, item: Item) -> Iterator[str]:
    kind = event["type"]
    item.ended.add(kind)
    if kind == "response.output_audio_transcript.done" and "response.output_audio.done" not in item.ended:
        yield f"{place}: the transcript ends before its sound"
    if kind in WHOLE and event[WHOLE[kind]] != "".join(item.streams.get(kind, [])):
        yield f"{place}: {kind} is not the sum of its deltas"


def _neighbours(events: Sequence[Event]) -> Iterator[str]:
    """What always comes right after one another."""
    default = {
        event["response"]["id"]
        for event in events
        if event["type"] == "response.created" and event["response"].get("conversation_id")
    }
    deleted = {event["item_id"] for event in events if event["type"] == "conversation.item.deleted"}
    for place, event in enumerate(events):
        following = events[place + 1] if place + 1 < len(events) else {"type": "nothing"}
        before = events[place - 1] if place else {"type": "nothing"}
        match event["type"]:
            case "response.output_item.added" if event["response_id"] in default:
                if following["type"] != "conversation.item.added" or following["item"]["id"] != event["item"]["id"]:
                    yield f"{place}: {following['type']} right after response.output_item.added"
            case "response.output_item.done" if event["response_id"] in default and event["item"]["id"] not in deleted:
                if before["type"] != "conversation.item.done" or before["item"] != event["item"]:
                    yield f"{place}: {before['type']} right before response.output_item.done"
            case "input_audio_buffer.committed":
                if following["type"] != "conversation.item.added" or following["item"]["id"] != event["item_id"]:
                    yield f"{place}: {following['type']} right after input_audio_buffer.committed"
            case "rate_limits.updated":
                if before["type"] != "response.done":
                    yield f"{place}: {before['type']} right before rate_limits.updated"


def _speech(events: Sequence[Event]) -> Iterator[str]:
    speaking: str | None = None
    last_ms = 0
    for place, event in enumerate(events):
        match event["type"]:
            case "input_audio_buffer.speech_started":
                if speaking is not None:
                    yield f"{place}: speech starts twice"
                if event["audio_start_ms"] < last_ms:
                    yield f"{place}: speech starts at {event['audio_start_ms']} ms, before the end of the last one"
                speaking = event["item_id"]
            case "input_audio_buffer.speech_stopped":
                if speaking != event["item_id"]:
                    yield f"{place}: speech stops that did not start"
                speaking, last_ms = None, event["audio_end_ms"]
            case "input_audio_buffer.cleared":
                speaking = None


def _conversation(events: Sequence[Event]) -> Iterator[str]:
    """Items follow the one that they are said to follow."""
    order: list[str] = []
    for place, event in enumerate(events):
        match event["type"]:
            case "conversation.item.added":
                item_id, before = event["item"]["id"], event.get("previous_item_id")
                if item_id in order:
                    yield f"{place}: {item_id} is added twice"
                if before is not None and before not in order:
                    yield f"{place}: {item_id} follows {before}, which is not there"
                    continue
                order.insert(0 if before is None else order.index(before) + 1, item_id)
            case "conversation.item.done":
                if event["item"]["id"] not in order:
                    yield f"{place}: the end of an item that is not there"
            case "conversation.item.deleted":
                if event["item_id"] in order:
                    order.remove(event["item_id"])
                else:
                    yield f"{place}: {event['item_id']} is deleted and was not there"


def _transcriptions(events: Sequence[Event]) -> Iterator[str]:
    ended: set[str] = set()
    for place, event in enumerate(events):
        if not event["type"].startswith("conversation.item.input_audio_transcription."):
            continue
        if event["item_id"] in ended:
            yield f"{place}: {event['type']} after the transcription's end"
        if event["type"].endswith((".completed", ".failed")):
            ended.add(event["item_id"])

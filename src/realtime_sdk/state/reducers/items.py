"""Events about items of the conversation: added, done, deleted, truncated."""

from collections.abc import Callable
from typing import Any, Final

from realtime_sdk.protocol import client_events, server_events
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.reducers.placing import (
    ABSENT,
    Absent,
    Table,
    note,
    place,
    put,
    settle,
    take_in,
    with_final_body,
)
from realtime_sdk.state.reducers.wire_items import bytes_per_ms, item_of
from realtime_sdk.state.values import Item, Part, evolve

__all__ = ["TABLE", "item_body", "output_rate"]


def output_rate(state: RealtimeState, response_id: str | None) -> int:
    """Bytes of a millisecond of generated audio: the response's format, else the session's, else 24 kHz PCM."""
    response = state.settled.responses.get(response_id) if response_id else None
    if response is not None and response.bytes_per_ms is not None:
        return int(response.bytes_per_ms)
    output = getattr(getattr(state.settled.session, "audio", None), "output", None)
    return bytes_per_ms(getattr(output, "format", None)) or Part("").bytes_per_ms


def item_body(
    state: RealtimeState, wire: Any, event: Any, response_id: str | None = None
) -> tuple[RealtimeState, Item | None]:
    """The state's item for a wire item of an event, taken in if it was unknown; None if it cannot be kept.

    What is already known of the item is settled first.
    """
    body = item_of(wire)
    if body is None:
        return note(state, "missing_id", "an item came without an id", event_type=event.type), None
    if body.id in state.settled.deleted:
        detail = f"{event.type} names {body.id}, which was deleted"
        return note(state, "deleted_item", detail, event_type=event.type, item_id=body.id), None
    known = state.settled.items.get(body.id)
    if known is None:
        rate = output_rate(state, response_id)
        return take_in(state, evolve(body, response_id=response_id, bytes_per_ms=rate)), body
    return settle(state, body.id), body


def _previous(event: Any) -> "str | Absent | None":
    return event.previous_item_id if "previous_item_id" in event.model_fields_set else ABSENT


def item_added(state: RealtimeState, event: server_events.ConversationItemAdded) -> RealtimeState:
    """An item stands in the conversation after its predecessor; one that is known gains what the body adds."""
    state, body = item_body(state, event.item, event)
    if body is None:
        return state
    known = state.settled.items[body.id]
    if known is not body and not known.placed:
        state = put(state, _gaining(known, body))
    state = _with_input_length(state, body.id)
    return place(state, body.id, _previous(event))


def item_done(state: RealtimeState, event: server_events.ConversationItemDone) -> RealtimeState:
    """An item is finished. Its predecessor in this event is not to be trusted (DOSSIER §4.2)."""
    state, body = item_body(state, event.item, event)
    if body is None:
        return state
    state = put(state, with_final_body(state.settled.items[body.id], body))
    if state.settled.items[body.id].in_conversation or _is_out_of_band(state, body.id):
        return state
    detail = f"{body.id} was finished but never added"
    return place(note(state, "unplaced_item", detail, event_type=event.type, item_id=body.id), body.id, ABSENT)


def item_created(state: RealtimeState, event: server_events.ConversationItemCreated) -> RealtimeState:
    """Some servers acknowledge with this event alone: the item is added, and done unless it is in progress."""
    state, body = item_body(state, event.item, event)
    if body is None:
        return state
    known = state.settled.items[body.id]
    state = put(state, _gaining(known, body) if body.status == "in_progress" else with_final_body(known, body))
    return place(_with_input_length(state, body.id), body.id, _previous(event))


def item_deleted(state: RealtimeState, event: server_events.ConversationItemDeleted) -> RealtimeState:
    """An item has left the conversation; it stays readable under `state.items`."""
    item_id = event.item_id
    state = settle(state, item_id)
    item = state.settled.items.get(item_id)
    state = state.having(deleted=state.settled.deleted.set(item_id, True))
    if item is None:
        return note(state, "unknown_item", f"{item_id} was deleted, but never added", item_id=item_id)
    state = put(state, evolve(item, in_conversation=False, placed=False))
    return state.having(order=state.settled.order.without(item_id)) if item.in_conversation else state


def item_truncated(state: RealtimeState, event: server_events.ConversationItemTruncated) -> RealtimeState:
    """The audio of an item was cut at what the user heard. What was generated stays beside it."""
    state = settle(state, event.item_id)
    item = state.settled.items.get(event.item_id)
    if item is None:
        detail = f"{event.item_id} was truncated, but never added"
        return note(state, "unknown_item", detail, event_type=event.type, item_id=event.item_id)
    return put(state, _with_part(item, event.content_index, lambda part: _cut(part, event.audio_end_ms)))


def _cut(part: Part, end_ms: int) -> Part:
    earlier = part.truncated_ms
    return evolve(part, truncated_ms=end_ms if earlier is None else min(earlier, end_ms))


def _with_part(item: Item, index: int | None, change: Callable[[Part], Part]) -> Item:
    at = index or 0
    if not 0 <= at < len(item.parts):
        return item
    return evolve(item, parts=(*item.parts[:at], change(item.parts[at]), *item.parts[at + 1 :]))


def _gaining(known: Item, body: Item) -> Item:
    """A known, unfinished item with what a later beginning adds; nothing that is known is taken away."""
    return evolve(
        known,
        type=body.type if known.unknown is None else known.type,
        role=known.role or body.role,
        status=known.status or body.status,
        parts=known.parts or body.parts,
        phase=known.phase or body.phase,
        call_id=known.call_id or body.call_id,
        name=known.name or body.name,
    )


def _is_out_of_band(state: RealtimeState, item_id: str) -> bool:
    response_id = state.settled.items[item_id].response_id
    response = state.settled.responses.get(response_id) if response_id else None
    return response is not None and bool(response.out_of_band)


def _with_input_length(state: RealtimeState, item_id: str) -> RealtimeState:
    """The state with the length of a user's spoken item, where the speech or the commit told it."""
    item = state.settled.items[item_id]
    length = state.settled.input_audio.lengths.get(item_id)
    if length is None or item.role != "user":
        return state
    parts = tuple(evolve(p, input_audio_ms=length) if p.type == "input_audio" else p for p in item.parts)
    return put(state, evolve(item, parts=parts))


def item_create_sent(state: RealtimeState, event: client_events.ConversationItemCreate) -> RealtimeState:
    """We asked for an item: an id that was deleted may be used again. The item itself comes with its ack."""
    item_id: str | None = getattr(event.item, "id", None)
    if item_id is not None and item_id in state.settled.deleted:
        return state.having(deleted=state.settled.deleted.remove(item_id))
    return state


TABLE: Final[Table] = {
    server_events.ConversationItemAdded: item_added,
    server_events.ConversationItemDone: item_done,
    server_events.ConversationItemCreated: item_created,
    server_events.ConversationItemDeleted: item_deleted,
    server_events.ConversationItemTruncated: item_truncated,
    client_events.ConversationItemCreate: item_create_sent,
}

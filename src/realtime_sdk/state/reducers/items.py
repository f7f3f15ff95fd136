"""Events about items of the conversation: added, done, deleted, truncated."""

from collections.abc import Sequence
from typing import Any, Final

from realtime_sdk.protocol import client_events, models, server_events
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.realtime_state import Edit, RealtimeState
from realtime_sdk.state.reducers.placing import (
    ABSENT,
    Absent,
    Table,
    note,
    noted,
    place,
    put,
    settled,
    with_early_deltas,
    with_final_body,
)
from realtime_sdk.state.reducers.wire_items import bytes_per_ms, item_of
from realtime_sdk.state.values import PCM_BYTES_PER_MS, Item, Part, evolve

__all__ = ["TABLE", "adds_nothing", "begun", "finished"]


def begun(edit: Edit, wire: Any, event: Any, **of_response: Any) -> Item | None:
    """The item of an event that says how an item begins: new, or gaining what was not known of it yet.

    `of_response` are the fields that its response gives it. The caller must `put` it. None, and noted, if it has
    no id or was deleted.
    """
    known = _of_this_life(edit, wire.id)
    if known is not None and known.response_id is not None and not _content(wire):
        return settled(edit, known.id) if known.in_conversation else known
    body = _kept(edit, wire, event, of_response)
    if body is None:
        return None
    if known is None:
        return with_early_deltas(edit, body)
    known = settled(edit, body.id) or known
    return known if known.placed or known.ended else _gaining(known, body)


def finished(edit: Edit, wire: Any, event: Any, **of_response: Any) -> Item | None:
    """The item of an event that has the server's last word on it. What ended with words stays as it is.

    The caller must `put` it. None, and noted, if it has no id or was deleted.
    """
    known = _of_this_life(edit, wire.id)
    known = None if known is None else settled(edit, known.id)
    if known is not None and adds_nothing(known, wire):
        return known
    if known is not None and known.in_conversation and _is_whole(known, wire):
        return evolve(known, status=known.status if known.ended else wire.status or known.status, ended=True)
    body = _kept(edit, wire, event, of_response)
    if body is None:
        return None
    return with_final_body(known or with_early_deltas(edit, body), body)


def _of_this_life(edit: Edit, item_id: str | None) -> Item | None:
    """What is known under an id; nothing if its item was deleted and we asked for another one under the same id."""
    item: Item | None = edit.items.get(item_id or "")
    if item is None or item.in_conversation or edit.deleted.get(item.id) is not False:
        return item
    edit.deleted = edit.deleted.remove(item.id)
    return None


def _content(wire: Any) -> Sequence[Any] | None:
    return None if isinstance(wire, Unknown) else wire.__dict__.get("content")


def _is_whole(known: Item, wire: Any) -> bool:
    """True if the deltas said everything, so that the last word can only add that the item has ended."""
    content = _content(wire)
    if content is None:
        is_call = wire.__class__ is models.FunctionCall
        return is_call and known.arguments_final and known.name == wire.name and known.call_id == wire.call_id
    if len(content) != len(known.parts):
        return False
    for part, said in zip(known.parts, content, strict=True):
        if not part.final or part.type != said.type:
            return False
    return bool(content)


def adds_nothing(known: Item, wire: Any) -> bool:
    """True if the last word on a settled item repeats what is known of it: mostly an event before said it all."""
    return known.in_conversation and ((known.ended and known.has_words) or _says_the_same(known, wire))


def _says_the_same(known: Item, wire: Any) -> bool:
    """True for what a client created or said: its end repeats its beginning."""
    content = _content(wire)
    if content is None or known.status is None or not known.status == wire.status != "in_progress":
        return False
    if len(content) != len(known.parts):
        return False
    for part, said in zip(known.parts, content, strict=True):
        words: dict[str, Any] = {} if isinstance(said, Unknown) else said.__dict__
        if words.get("text") != part.text or words.get("transcript") is not None:
            return False
    return True


def _kept(edit: Edit, wire: Any, event: Any, of_response: dict[str, Any]) -> Item | None:
    """The state's item for a wire item; None, and noted, if it has no id or was deleted."""
    if of_response or wire.__class__ is models.AssistantMessage:
        body = item_of(wire, **of_response, bytes_per_ms=_output_rate(edit, of_response.get("response_id")))
    else:
        body = item_of(wire)
    if body is None:
        note(edit, "missing_id", "an item came without an id", event_type=event.type)
        return None
    if edit.deleted.get(body.id):
        detail = f"{event.type} names {body.id}, which was deleted"
        note(edit, "deleted_item", detail, event_type=event.type, item_id=body.id)
        return None
    return body


def _output_rate(edit: Edit, response_id: str | None) -> int:
    """Bytes of a millisecond of generated audio: the response's format, else the session's, else 24 kHz PCM."""
    response = edit.responses.get(response_id) if response_id else None
    if response is not None and response.bytes_per_ms is not None:
        return int(response.bytes_per_ms)
    audio = getattr(edit.session, "audio", None)
    output = getattr(audio, "output", None)
    return bytes_per_ms(getattr(output, "format", None)) or PCM_BYTES_PER_MS


def _gaining(known: Item, body: Item) -> Item:
    """A known, unfinished item with what a later beginning adds; nothing that is known is taken away."""
    new = {
        name: value
        for name, value in body.__dict__.items()
        if value is not None and value != () and getattr(known, name) in (None, ())
    }
    return evolve(known, **new) if new else known


def _previous(event: Any) -> "str | Absent | None":
    return event.previous_item_id if "previous_item_id" in event.__pydantic_fields_set__ else ABSENT


def item_added(state: RealtimeState, event: server_events.ConversationItemAdded) -> RealtimeState:
    """An item stands in the conversation after its predecessor; one that is known gains what the body adds."""
    edit = Edit.of(state)
    item = begun(edit, event.item, event)
    if item is not None:
        put(edit, place(edit, _with_input_length(edit, item), _previous(event)))
    return edit.done()


def item_done(state: RealtimeState, event: server_events.ConversationItemDone) -> RealtimeState:
    """An item is finished. Its predecessor in this event is not to be trusted (DOSSIER §4.2)."""
    known = state.settled.items.get(event.item.id or "")
    if known is not None and known.id not in state.live and adds_nothing(known, event.item):
        return state
    edit = Edit.of(state)
    item = finished(edit, event.item, event)
    if item is None:
        return edit.done()
    if not item.in_conversation and not _is_out_of_band(edit, item):
        note(edit, "unplaced_item", f"{item.id} was finished but never added", event_type=event.type, item_id=item.id)
        item = place(edit, item, ABSENT)
    put(edit, item)
    return edit.done()


def item_created(state: RealtimeState, event: server_events.ConversationItemCreated) -> RealtimeState:
    """Some servers acknowledge with this event alone: the item is added, and done unless it is in progress."""
    edit = Edit.of(state)
    begins = getattr(event.item, "status", None) == "in_progress"
    item = begun(edit, event.item, event) if begins else finished(edit, event.item, event)
    if item is not None:
        put(edit, place(edit, _with_input_length(edit, item), _previous(event)))
    return edit.done()


def item_deleted(state: RealtimeState, event: server_events.ConversationItemDeleted) -> RealtimeState:
    """An item has left the conversation; it stays readable under `state.items`."""
    edit = Edit.of(state)
    item_id = event.item_id
    item = settled(edit, item_id)
    edit.deleted = edit.deleted.set(item_id, True)
    if edit.input_audio.awaiting == item_id:
        edit.input_audio = evolve(edit.input_audio, awaiting=None)
    if item is None:
        note(edit, "unknown_item", f"{item_id} was deleted, but never added", item_id=item_id)
        return edit.done()
    if item.in_conversation:
        edit.order = edit.order.without(item_id)
    put(edit, evolve(item, in_conversation=False, placed=False))
    return edit.done()


def item_truncated(state: RealtimeState, event: server_events.ConversationItemTruncated) -> RealtimeState:
    """The audio of an item was cut at what the user heard. What was generated stays beside it."""
    edit = Edit.of(state)
    item = settled(edit, event.item_id)
    if item is None:
        detail = f"{event.item_id} was truncated, but never added"
        return noted(state, "unknown_item", detail, event_type=event.type, item_id=event.item_id)
    at = event.content_index
    if 0 <= at < len(item.parts):
        item = evolve(item, parts=(*item.parts[:at], _cut(item.parts[at], event.audio_end_ms), *item.parts[at + 1 :]))
    else:
        detail = f"{event.item_id} was truncated in its part {at}, which it does not have"
        note(edit, "impossible_part", detail, event_type=event.type, item_id=event.item_id)
    put(edit, item)
    return edit.done()


def _cut(part: Part, end_ms: int) -> Part:
    earlier = part.truncated_ms
    return evolve(part, truncated_ms=end_ms if earlier is None else min(earlier, end_ms))


def _is_out_of_band(edit: Edit, item: Item) -> bool:
    response = edit.responses.get(item.response_id) if item.response_id else None
    return response is not None and bool(response.out_of_band)


def _with_input_length(edit: Edit, item: Item) -> Item:
    """The item with the length of its audio, where it is a user's and the speech or the commit told it."""
    length = edit.input_audio.lengths.get(item.id) if item.role == "user" else None
    if length is None:
        return item
    parts = tuple([evolve(p, input_audio_ms=length) if p.type == "input_audio" else p for p in item.parts])
    return evolve(item, parts=parts)


def item_create_sent(state: RealtimeState, event: client_events.ConversationItemCreate) -> RealtimeState:
    """We asked for an item: an id that was deleted may be used again, for another item. That comes with its ack."""
    item_id: str | None = getattr(event.item, "id", None)
    if item_id is None or not state.settled.deleted.get(item_id):
        return state
    return state.having(deleted=state.settled.deleted.set(item_id, False))


TABLE: Final[Table] = {
    server_events.ConversationItemAdded: item_added,
    server_events.ConversationItemDone: item_done,
    server_events.ConversationItemCreated: item_created,
    server_events.ConversationItemDeleted: item_deleted,
    server_events.ConversationItemTruncated: item_truncated,
    client_events.ConversationItemCreate: item_create_sent,
}

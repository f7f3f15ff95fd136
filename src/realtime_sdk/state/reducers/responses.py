"""Responses from creation to their one end, and the items that belong to them."""

from typing import Any, Final

from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.realtime_state import RealtimeState
from realtime_sdk.state.reducers.items import item_body
from realtime_sdk.state.reducers.placing import ABSENT, Table, note, place, put, settle, with_final_body
from realtime_sdk.state.reducers.wire_items import bytes_per_ms, usage_of
from realtime_sdk.state.values import Response, evolve

__all__ = ["TABLE"]


def response_created(state: RealtimeState, event: server_events.ResponseCreated) -> RealtimeState:
    """A response began; in the default conversation it is the active one."""
    wire = event.response
    if not wire.id:
        return note(state, "missing_id", "a response was created without an id", event_type=event.type)
    if wire.id in state.settled.responses:
        return note(state, "late_event", f"{wire.id} was created twice", event_type=event.type, response_id=wire.id)
    response = _stated(Response(wire.id, status=wire.status or "in_progress"), wire)
    state = _keep(state, response)
    return state if response.out_of_band or not response.is_active else state.having(active_response_id=wire.id)


def response_done(state: RealtimeState, event: server_events.ResponseDone) -> RealtimeState:
    """A response ended, however it did. Its items end with it, and its tokens are counted, once."""
    wire = event.response
    if not wire.id:
        return note(state, "missing_id", "a response ended without an id", event_type=event.type)
    known = state.settled.responses.get(wire.id)
    if known is not None and not known.is_active:
        return note(state, "late_event", f"{wire.id} ended twice", event_type=event.type, response_id=wire.id)
    state, response = _known(state, wire.id)
    state = _keep(state, _ended(_stated(response, wire), wire))
    for item in wire.output or ():
        state = _last_word(state, item, event, wire.id)
    state = _end_items(state, wire.id)
    if state.settled.active_response_id == wire.id:
        state = state.having(active_response_id=None)
    usage = state.settled.responses[wire.id].usage
    return state if usage is None else state.having(usage=state.settled.usage + usage)


def output_item_added(state: RealtimeState, event: server_events.ResponseOutputItemAdded) -> RealtimeState:
    """An item of a response began. It goes to the end of the conversation until the server places it."""
    state, _ = _known(state, event.response_id)
    state, body = item_body(state, event.item, event, event.response_id)
    if body is None:
        return state
    return _into_conversation(_attach(state, event, body.id), event.response_id, body.id)


def output_item_done(state: RealtimeState, event: server_events.ResponseOutputItemDone) -> RealtimeState:
    """An item of a response is finished."""
    state, _ = _known(state, event.response_id)
    state, body = item_body(state, event.item, event, event.response_id)
    if body is None:
        return state
    state = put(state, with_final_body(state.settled.items[body.id], body))
    return _into_conversation(_attach(state, event, body.id), event.response_id, body.id)


def _stated(response: Response, wire: Any) -> Response:
    """The response with everything the wire says of it."""
    says_conversation = "conversation_id" in wire.model_fields_set
    output = getattr(wire.audio, "output", None)
    voice = getattr(output, "voice", None)
    return evolve(
        response,
        metadata=response.metadata if wire.metadata is None else wire.metadata,
        conversation_id=wire.conversation_id or response.conversation_id,
        out_of_band=response.out_of_band or (says_conversation and wire.conversation_id is None),
        modalities=tuple(wire.output_modalities or response.modalities),
        voice=voice if isinstance(voice, str) else getattr(voice, "id", response.voice),
        bytes_per_ms=bytes_per_ms(getattr(output, "format", None)) or response.bytes_per_ms,
        usage=usage_of(wire.usage) or response.usage,
    )


def _ended(response: Response, wire: Any) -> Response:
    details = None if isinstance(wire.status_details, str | Unknown) else wire.status_details
    error = getattr(details, "error", None)
    status = wire.status if wire.status and wire.status != "in_progress" else "completed"
    return evolve(
        response,
        status=status,
        reason=getattr(details, "reason", None),
        error_code=getattr(error, "code", None),
        error_message=getattr(error, "message", None),
    )


def _keep(state: RealtimeState, response: Response) -> RealtimeState:
    return state.having(responses=state.settled.responses.set(response.id, response))


def _known(state: RealtimeState, response_id: str) -> tuple[RealtimeState, Response]:
    """The response of an event; one that was never created is taken in."""
    response = state.settled.responses.get(response_id)
    if response is not None:
        return state, response
    new = Response(response_id)
    detail = f"{response_id} was never created"
    return note(_keep(state, new), "unknown_response", detail, response_id=response_id), new


def _attach(state: RealtimeState, event: Any, item_id: str) -> RealtimeState:
    response = state.settled.responses[event.response_id]
    item = state.settled.items[item_id]
    if item.response_id != event.response_id or item.output_index is None:
        state = put(state, evolve(item, response_id=event.response_id, output_index=event.output_index))
    if item_id in response.item_ids:
        return state
    return _keep(state, evolve(response, item_ids=(*response.item_ids, item_id)))


def _into_conversation(state: RealtimeState, response_id: str, item_id: str) -> RealtimeState:
    """The state with the item in the conversation, unless its response is out of band."""
    if state.settled.responses[response_id].out_of_band:
        return state
    return place(state, item_id, ABSENT)


def _last_word(state: RealtimeState, wire: Any, event: Any, response_id: str) -> RealtimeState:
    """The state with an item as `response.done` has it."""
    if getattr(wire, "id", None) in state.settled.deleted:
        return state
    state, body = item_body(state, wire, event, response_id)
    if body is None:
        return state
    state = put(state, with_final_body(state.settled.items[body.id], body))
    response = state.settled.responses[response_id]
    if body.id not in response.item_ids:
        state = _keep(state, evolve(response, item_ids=(*response.item_ids, body.id)))
    return _into_conversation(state, response_id, body.id)


def _end_items(state: RealtimeState, response_id: str) -> RealtimeState:
    """The state with every item of the response ended: completed if the response was, else incomplete."""
    response = state.settled.responses[response_id]
    status = "completed" if response.status == "completed" else "incomplete"
    for item_id in response.item_ids:
        state = settle(state, item_id)
        item = state.settled.items[item_id]
        if not item.is_final:
            state = put(state, evolve(item, status=status, ended=True))
    return state


TABLE: Final[Table] = {
    server_events.ResponseCreated: response_created,
    server_events.ResponseDone: response_done,
    server_events.ResponseOutputItemAdded: output_item_added,
    server_events.ResponseOutputItemDone: output_item_done,
}

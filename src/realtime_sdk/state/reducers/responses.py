"""Responses from creation to their one end, and the items that belong to them."""

from typing import Any, Final

from realtime_sdk.protocol import models, server_events
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.state.realtime_state import Edit, RealtimeState
from realtime_sdk.state.reducers.items import adds_nothing, begun, finished
from realtime_sdk.state.reducers.placing import ABSENT, Table, note, noted, place, put, settled
from realtime_sdk.state.reducers.wire_items import bytes_per_ms, usage_of
from realtime_sdk.state.values import Item, Response, evolve, make

__all__ = ["TABLE"]


def response_created(state: RealtimeState, event: server_events.ResponseCreated) -> RealtimeState:
    """A response began; in the default conversation it is the active one."""
    wire = event.response
    if not wire.id:
        return noted(state, "missing_id", "a response was created without an id", event_type=event.type)
    if wire.id in state.settled.responses:
        return noted(state, "late_event", f"{wire.id} was created twice", event_type=event.type, response_id=wire.id)
    edit = Edit.of(state)
    response = _stated(make(Response, id=wire.id, status=wire.status or "in_progress"), wire)
    _keep(edit, response)
    if not response.out_of_band:
        if response.is_active:
            edit.active = (*edit.active, wire.id)
        if edit.input_audio.awaiting is not None:
            edit.input_audio = evolve(edit.input_audio, awaiting=None)
    return edit.done()


def response_done(state: RealtimeState, event: server_events.ResponseDone) -> RealtimeState:
    """A response ended, however it did. Its items end with it, and its tokens are counted, once."""
    wire = event.response
    if not wire.id:
        return noted(state, "missing_id", "a response ended without an id", event_type=event.type)
    edit = Edit.of(state)
    response = _known(edit, wire.id)
    if not response.is_active:
        return noted(state, "late_event", f"{wire.id} ended twice", event_type=event.type, response_id=wire.id)
    response = _ended(response if response.conversation_id is not None else _stated(response, wire), wire)
    for said in wire.output or ():
        if (
            not edit.deleted.get(said.id or "")
            and (item := finished(edit, said, event, response_id=wire.id)) is not None
        ):
            response = _with_item(edit, response, item, None)
    _keep(edit, response)
    _end_items(edit, response)
    if wire.id in edit.active:
        edit.active = tuple([other for other in edit.active if other != wire.id])
    if response.usage is not None:
        edit.usage = edit.usage.plus(response.usage)
    return edit.done()


def output_item_added(state: RealtimeState, event: server_events.ResponseOutputItemAdded) -> RealtimeState:
    """An item of a response began. It goes to the end of the conversation until the server places it."""
    edit = Edit.of(state)
    response = _known(edit, event.response_id)
    item = begun(edit, event.item, event, response_id=event.response_id, output_index=event.output_index)
    if item is not None:
        _keep(edit, _with_item(edit, response, item, event.output_index))
    return edit.done()


def output_item_done(state: RealtimeState, event: server_events.ResponseOutputItemDone) -> RealtimeState:
    """An item of a response is finished; mostly its own event said so just before."""
    item: Item | None = state.settled.items.get(event.item.id or "")
    if item is not None and _is_settled_in(state, item, event) and adds_nothing(item, event.item):
        return state
    edit = Edit.of(state)
    response = _known(edit, event.response_id)
    item = finished(edit, event.item, event, response_id=event.response_id, output_index=event.output_index)
    if item is not None:
        _keep(edit, _with_item(edit, response, item, event.output_index))
    return edit.done()


def _is_settled_in(state: RealtimeState, item: Item, event: server_events.ResponseOutputItemDone) -> bool:
    """True if the item has no deltas waiting, and stands in its response and in the conversation."""
    is_its_own = item.response_id == event.response_id and item.output_index == event.output_index
    return is_its_own and item.placed and item.id not in state.live


def _stated(response: Response, wire: models.Response) -> Response:
    """The response with everything the wire says of it."""
    said: dict[str, Any] = {}
    if wire.metadata is not None:
        said["metadata"] = wire.metadata
    if wire.conversation_id is not None:
        said["conversation_id"] = wire.conversation_id
    elif "conversation_id" in wire.__pydantic_fields_set__:
        said["out_of_band"] = True
    if wire.output_modalities:
        said["modalities"] = tuple(wire.output_modalities)
    output = None if wire.audio is None else wire.audio.output
    if output is not None:
        said["voice"] = output.voice if isinstance(output.voice, str) else getattr(output.voice, "id", None)
        said["bytes_per_ms"] = bytes_per_ms(output.format)
    return evolve(response, **said)


def _ended(response: Response, wire: models.Response) -> Response:
    status = wire.status if wire.status and wire.status != "in_progress" else "completed"
    details = wire.status_details
    usage = usage_of(wire.usage)
    if details is None or isinstance(details, Unknown):
        return evolve(response, status=status, usage=usage)
    error = details.error
    return evolve(
        response,
        status=status,
        usage=usage,
        reason=details.reason,
        error_code=None if error is None else error.code,
        error_message=None if error is None else error.message,
    )


def _keep(edit: Edit, response: Response) -> None:
    if edit.responses.get(response.id) is not response:
        edit.responses = edit.responses.set(response.id, response)


def _known(edit: Edit, response_id: str) -> Response:
    """The response of an event; one that was never created is taken in, and noted."""
    response: Response | None = edit.responses.get(response_id)
    if response is not None:
        return response
    note(edit, "unknown_response", f"{response_id} was never created", response_id=response_id)
    new = Response(response_id)
    _keep(edit, new)
    return new


def _with_item(edit: Edit, response: Response, item: Item, output_index: int | None) -> Response:
    """The response with the item as its own, and the item in the conversation unless the response is out of band."""
    if item.response_id != response.id or (item.output_index is None and output_index is not None):
        item = evolve(item, response_id=response.id, output_index=output_index)
    put(edit, item if response.out_of_band else place(edit, item, ABSENT))
    return response if item.id in response.item_ids else evolve(response, item_ids=(*response.item_ids, item.id))


def _end_items(edit: Edit, response: Response) -> None:
    """Ends every item of the response: completed if the response was, else incomplete."""
    status = "completed" if response.status == "completed" else "incomplete"
    for item_id in response.item_ids:
        item = settled(edit, item_id)
        if item is not None:
            has_ended = item.status not in (None, "in_progress")
            put(edit, item if has_ended else evolve(item, status=status, ended=True))


TABLE: Final[Table] = {
    server_events.ResponseCreated: response_created,
    server_events.ResponseDone: response_done,
    server_events.ResponseOutputItemAdded: output_item_added,
    server_events.ResponseOutputItemDone: output_item_done,
}

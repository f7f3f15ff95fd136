"""The session itself: its configuration, its connections, its errors and limits, MCP progress."""

from collections.abc import Mapping
from typing import Any, Final

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.protocol import server_events
from realtime_sdk.protocol.local import ConnectionClosed, ConnectionOpened, EpochStarted, PlaybackHeard
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.state.persistent import PSeq
from realtime_sdk.state.realtime_state import Edit, RealtimeState
from realtime_sdk.state.reducers.placing import Table, note, noted, put, settle, settled
from realtime_sdk.state.values import Epoch, RateLimit, Reported, Response, evolve, make

__all__ = ["TABLE", "session_created", "session_updated"]


def session_created(state: RealtimeState, event: Any) -> RealtimeState:
    """A session begins. Every connection has one of its own, whose conversation starts empty."""
    session_id = _session_id(event.session)
    edit = Edit.of(state)
    edit.session = event.session
    epochs = edit.epochs or (Epoch(0),)
    if epochs[-1].session_id in (None, session_id):
        edit.epochs = (*epochs[:-1], evolve(epochs[-1], session_id=session_id))
        return edit.done()
    detail = f"{session_id} began, and the connection of {epochs[-1].session_id} was not recorded to end"
    note(edit, "session_restarted", detail, event_type=event.type)
    edit.epochs = (*epochs, Epoch(len(epochs), session_id=session_id, lost=tuple(edit.order)))
    _break_off(edit)
    _leave_behind(edit)
    return edit.done()


def session_updated(state: RealtimeState, event: Any) -> RealtimeState:
    """The whole effective session after a change. A sideband connection learns of its session by this alone."""
    edit = Edit.of(state)
    edit.session = event.session
    edit.epochs = edit.epochs or (Epoch(0),)
    if edit.epochs[-1].session_id is None:
        edit.epochs = (*edit.epochs[:-1], evolve(edit.epochs[-1], session_id=_session_id(event.session)))
    return edit.done()


def _session_id(session: Any) -> str | None:
    session_id = getattr(session, "id", None)
    return session_id if isinstance(session_id, str) else None


def _leave_behind(edit: Edit) -> None:
    """Empties the conversation: a new session knows nothing of the one before."""
    for item_id in edit.order:
        put(edit, evolve(edit.items[item_id], in_conversation=False, placed=False))
    edit.order = PSeq()
    edit.conversation_id = None


def _break_off(edit: Edit) -> None:
    """Ends what a connection that is gone was in the middle of; what was said stays as far as it came."""
    for item_id in list(edit.live.drafts):
        settle(edit, item_id)
    for response in list(edit.responses.values()):
        if response.is_active:
            _break_off_response(edit, response)
    edit.active = ()
    edit.input_audio = evolve(edit.input_audio, speaking=False, reserved_item_id=None, awaiting=None, commits_sent=())
    edit.output_audio = evolve(edit.output_audio, playing=None)


def _break_off_response(edit: Edit, response: Response) -> None:
    ended = evolve(response, status="incomplete", reason="connection_closed")
    edit.responses = edit.responses.set(response.id, ended)
    for item_id in response.item_ids:
        item = edit.items[item_id]
        if not item.is_final:
            put(edit, evolve(item, status="incomplete", ended=True))


def conversation_created(state: RealtimeState, event: server_events.ConversationCreated) -> RealtimeState:
    """The default conversation has a name."""
    return state.having(conversation_id=event.conversation.id)


def error(state: RealtimeState, event: Any) -> RealtimeState:
    """The server refused something, or failed. Sessions survive almost all errors."""
    wire = event.error
    reported = Reported(
        code=getattr(wire, "code", None),
        message=getattr(wire, "message", None) if not isinstance(wire, str) else wire,
        type=getattr(wire, "type", None),
        param=getattr(wire, "param", None),
        client_event_id=getattr(wire, "event_id", None),
        event_id=event.event_id,
    )
    state = state.having(errors=state.settled.errors.append(reported))
    audio = state.settled.input_audio
    if reported.client_event_id is None and audio.awaiting is not None:  # perhaps it was the answer that failed
        audio = evolve(audio, awaiting=None)
    if reported.code == "input_audio_buffer_commit_empty" and audio.commits_sent:
        audio = evolve(audio, commits_sent=audio.commits_sent[1:])
    return state if audio is state.settled.input_audio else state.having(input_audio=audio)


def rate_limits_updated(state: RealtimeState, event: server_events.RateLimitsUpdated) -> RealtimeState:
    """Rate limits, merged by name."""
    limits = state.settled.rate_limits
    for limit in event.rate_limits:
        name = limit.name or "unknown"
        stated = make(RateLimit, name=name, limit=limit.limit, remaining=limit.remaining, reset_s=limit.reset_seconds)
        limits = limits.set(name, stated)
    return state.having(rate_limits=limits)


def mcp_progress(state: RealtimeState, event: Any) -> RealtimeState:
    """An MCP call or listing goes on: the last word of the event's type says where it stands."""
    edit = Edit.of(state)
    item = settled(edit, event.item_id)
    if item is None:
        detail = f"{event.type} names {event.item_id}, which was never added"
        return noted(state, "unknown_item", detail, event_type=event.type, item_id=event.item_id)
    ended = item.mcp_status in ("completed", "failed")
    put(edit, item if ended else evolve(item, mcp_status=event.type.rsplit(".", 1)[1]))
    return edit.done()


def connection_opened(state: RealtimeState, event: ConnectionOpened) -> RealtimeState:
    """A connection opened; the first one begins epoch 0."""
    edit = Edit.of(state)
    _break_off(edit)
    edit.input_audio = evolve(edit.input_audio, speech=None, emptied_at=edit.sent_audio_bytes)  # a new buffer
    edit.epochs = (*edit.epochs, Epoch(len(edit.epochs), dialect=event.dialect))
    return edit.done()


def connection_closed(state: RealtimeState, event: ConnectionClosed) -> RealtimeState:
    """A connection ended. What was in progress will not go on."""
    edit = Edit.of(state)
    _break_off(edit)
    epochs = edit.epochs or (Epoch(0),)
    closed = evolve(epochs[-1], closed=True, close_code=event.code, close_reason=event.reason, closed_by=event.by)
    edit.epochs = (*epochs[:-1], closed)
    return edit.done()


def epoch_started(state: RealtimeState, event: EpochStarted) -> RealtimeState:
    """A new connection carries the conversation on: its items are known there under new ids.

    What is not said again, and what could not be (`lost`), stays readable but is not in the conversation any more.
    """
    edit = Edit.of(state)
    epochs = edit.epochs or (Epoch(0),)
    edit.epochs = (*epochs[:-1], evolve(epochs[-1], number=event.epoch, lost=tuple(event.lost or ())))
    if event.replayed is not None:
        _carry_over(edit, event.replayed)
    for item_id in event.lost or ():
        item = edit.items.get(item_id)
        if item is not None and item.in_conversation:
            put(edit, evolve(item, in_conversation=False, placed=False))
            edit.order = edit.order.without(item_id)
    return edit.done()


def _carry_over(edit: Edit, new_ids: Mapping[str, str]) -> None:
    """Puts each item under its new id in the place of the old one; it is whole, whatever the server says of it now."""
    old = {old_id: settled(edit, old_id) or edit.items[old_id] for old_id in edit.order}
    for item in old.values():
        put(edit, evolve(item, in_conversation=False, placed=False))
    order: list[str] = []
    for old_id, item in old.items():
        new_id = new_ids.get(old_id)
        if new_id is not None and new_id not in order:
            put(edit, evolve(item, id=new_id, in_conversation=True, placed=True, ended=True))
            order.append(new_id)
    edit.order = PSeq(order)


def playback_heard(state: RealtimeState, event: PlaybackHeard) -> RealtimeState:
    """The player reports how far an item was heard. Positions only grow."""
    edit = Edit.of(state)
    item = settled(edit, event.item_id)
    at = event.content_index
    if item is None or not 0 <= at < len(item.parts):
        detail = f"playback of {event.item_id} was reported, which has no part {at}"
        return noted(state, "unknown_item", detail, event_type=event.type, item_id=event.item_id)
    heard_ms = max(event.heard_ms, item.parts[at].heard_ms or 0)
    parts = (*item.parts[:at], evolve(item.parts[at], heard_ms=heard_ms), *item.parts[at + 1 :])
    put(edit, evolve(item, parts=parts))
    return edit.done()


def unreadable(state: RealtimeState, error: RemoteProtocolError) -> RealtimeState:
    """A frame that is no JSON object: its error stands in the place of an event."""
    return noted(state, "not_json", str(error))


def unknown(state: RealtimeState, event: UnknownEvent) -> RealtimeState:
    """An event nobody knows changes nothing but the anomalies."""
    return noted(state, "unknown_event", event.why, event_type=event.type)


TABLE: Final[Table] = {
    server_events.SessionCreated: session_created,
    server_events.SessionUpdated: session_updated,
    server_events.ConversationCreated: conversation_created,
    server_events.ErrorEvent: error,
    server_events.RateLimitsUpdated: rate_limits_updated,
    server_events.McpListToolsInProgress: mcp_progress,
    server_events.McpListToolsCompleted: mcp_progress,
    server_events.McpListToolsFailed: mcp_progress,
    server_events.ResponseMcpCallInProgress: mcp_progress,
    server_events.ResponseMcpCallCompleted: mcp_progress,
    server_events.ResponseMcpCallFailed: mcp_progress,
    ConnectionOpened: connection_opened,
    ConnectionClosed: connection_closed,
    EpochStarted: epoch_started,
    PlaybackHeard: playback_heard,
    UnknownEvent: unknown,
    RemoteProtocolError: unreadable,
}

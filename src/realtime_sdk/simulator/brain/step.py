"""The brain's one door: a server and what happens to it → the server after it, and what comes of that. Never raises."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from realtime_sdk.protocol import client_events as c, registries
from realtime_sdk.protocol.codec import encode, parse
from realtime_sdk.protocol.server_events import SessionCreated
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import ClientEventBase, WireModel
from realtime_sdk.simulator.brain import complaints
from realtime_sdk.simulator.brain.checks import complaint_about, kind_of
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.config import merged, opening
from realtime_sdk.simulator.brain.happenings import (
    Answered,
    Closing,
    Fault,
    Happening,
    Heard,
    TimePasses,
    Unreadable,
)
from realtime_sdk.simulator.brain.hearing import append, clear, commit, restart_listening, take_words
from realtime_sdk.simulator.brain.idling import idle_due_ms, watch_idle
from realtime_sdk.simulator.brain.ids import Ids
from realtime_sdk.simulator.brain.items import create_item, delete_item, retrieve, truncate
from realtime_sdk.simulator.brain.mcp import list_tools
from realtime_sdk.simulator.brain.performing import due_ms, perform
from realtime_sdk.simulator.brain.playing import clear_output
from realtime_sdk.simulator.brain.responses import answer, ask_ready, begin, cancel, finish
from realtime_sdk.simulator.brain.saying import refuse, say
from realtime_sdk.simulator.brain.translating import (
    begin_translation,
    merged_translation,
    opening_translation,
    perform_translation,
    translate,
    translation_due_ms,
)
from realtime_sdk.simulator.brain.updating import update_session
from realtime_sdk.simulator.brain.values import Server, Settings, Step, Translating

__all__ = ["next_due_ms", "opened", "refused", "step"]


def opened(settings: Settings | None = None) -> Step:
    """A server at the beginning of a session; its step says session.created."""
    server = _fresh(settings or Settings())
    if server.settings.intent == "translation":
        return _step(begin_translation(server))
    server = restart_listening(server)
    if not server.settings.sideband:  # else the session stood before this socket came
        server = say(server, SessionCreated(session=server.config.shown))
    return _step(list_tools(server))


def refused(settings: Settings, refusal: Fault) -> Step:
    """A server that turns a client away: an `error` in place of session.created, then the close.

    The code is the fault's, the close's reason `invalid_request_error.` and that code, as the service has it.
    """
    reason = f"invalid_request_error.{refusal.code}"
    server = refuse(_fresh(settings), Complaint(refusal.code, refusal.message))
    return _step(server.having(closing=Closing(refusal.close_code, reason)))


def _fresh(settings: Settings) -> Server:
    ids = Ids.seeded(settings.seed)
    session_id, expires_at = ids.of("sess", 0), settings.started_at_s + settings.longest_ms // 1_000
    if settings.intent == "translation":
        config = opening_translation(session_id, model=settings.model, expires_at=expires_at)
        config = merged_translation(config, settings.session or {})
    else:
        config = opening(session_id, model=settings.model, expires_at=expires_at, intent=settings.intent)
        config = merged(config, settings.session or {})
    return Server(settings=settings, ids=ids, config=config, conversation_id=ids.of("conv", 0))


def step(server: Server, happening: Happening) -> Step:
    """The server after a happening: the events it sends, in order, and the turns and utterances it wants answered.

    A client event that is wrong is answered with an `error`. A server that has closed does nothing more.
    """
    if server.closing is not None:
        return Step(server)
    if server.translating is not None:
        server = _after(server, happening)
        return _step(perform_translation(server, server.translating or Translating()))
    return _step(perform(ask_ready(perform(watch_idle(perform(_after(server, happening)))))))


def next_due_ms(server: Server) -> int | None:
    """When time must pass next (`TimePasses`), in ms since the session began; None once the server has closed."""
    if server.closing is not None:
        return None
    due = (server.settings.longest_ms, due_ms(server), idle_due_ms(server), translation_due_ms(server))
    return min(at_ms for at_ms in due if at_ms is not None)


def _step(server: Server) -> Step:
    """Hand over what has gathered in the server."""
    if not server.out and not server.wanted:
        return Step(server, closing=server.closing)
    rest = server.having(out=(), wanted=())
    return Step(rest, server.out, server.wanted, server.closing)


def _after(server: Server, happening: Happening) -> Server:
    match happening:
        case TimePasses():
            return _later(server, happening.now_ms)
        case Unreadable():
            return refuse(server, complaints.not_json())
        case Fault():
            return _FAULTS[happening.kind](server, happening)
        case _ if server.translating is not None:
            return translate(server, server.translating, happening)
        case Answered():
            return answer(server, happening)
        case Heard():
            return take_words(server, happening)
        case _:
            return _told(server, happening)


def _later(server: Server, now_ms: int) -> Server:
    if now_ms > server.now_ms:
        server = server.having(now_ms=now_ms)
    if server.now_ms < server.settings.longest_ms:
        return server
    return _expire(server.having(now_ms=server.settings.longest_ms), Fault("expire"))


# --- client events ------------------------------------------------------------------------------------------------


def _told(server: Server, event: ClientEventBase | UnknownEvent) -> Server:
    if type(event) is c.InputAudioBufferAppend and not event.model_extra:  # comes fifty times a second
        return append(server, event)
    raw = event.raw if isinstance(event, UnknownEvent) else parse(encode(event))
    event_id = raw.get("event_id") if isinstance(raw.get("event_id"), str) else None
    kind = raw.get("type")
    cls = registries.GA.client.get(kind) if isinstance(kind, str) else None
    if cls is None:
        return refuse(server, _no_such_event(raw), event_id)
    complaint = complaint_about(raw, cls)
    if complaint is not None:
        return refuse(server, complaint, event_id)
    if isinstance(event, UnknownEvent):
        return refuse(server, Complaint("invalid_value", f"Invalid event: {event.why}"), event_id)
    return _CLIENT[type(event)](server, event)


def _no_such_event(raw: dict[str, Any]) -> Complaint:
    kind = raw.get("type")
    if kind is None:
        return complaints.missing("type")
    if not isinstance(kind, str):
        return complaints.invalid_type("type", "a string", kind_of(kind))
    return complaints.no_such_event(kind)


_CLIENT: Final[dict[type[WireModel], Callable[[Server, Any], Server]]] = {
    c.SessionUpdate: update_session,
    c.ConversationItemCreate: create_item,
    c.ConversationItemDelete: delete_item,
    c.ConversationItemRetrieve: retrieve,
    c.ConversationItemTruncate: truncate,
    c.InputAudioBufferAppend: append,
    c.InputAudioBufferClear: clear,
    c.InputAudioBufferCommit: commit,
    c.OutputAudioBufferClear: clear_output,
    c.ResponseCancel: cancel,
    c.ResponseCreate: begin,
}


# --- faults -------------------------------------------------------------------------------------------------------


def _expire(server: Server, fault: Fault) -> Server:
    minutes = server.settings.longest_ms // 60_000
    message = f"Your session hit the maximum duration of {minutes} minutes."
    server = refuse(server, Complaint("session_expired", message))
    return server.having(closing=Closing(1001, message), lives=(), transcribing=())


def _close(server: Server, fault: Fault) -> Server:
    return server.having(closing=Closing(fault.close_code, fault.message), lives=(), transcribing=())


def _say_error(server: Server, fault: Fault) -> Server:
    message = fault.message or "The simulated server failed."
    return refuse(server, Complaint(fault.code, message, None, "server_error"), fault.event_id)


def _fail_next(server: Server, fault: Fault) -> Server:
    code = "rate_limit_exceeded" if fault.kind == "rate_limit" else fault.code
    message = fault.message or (
        "Rate limit reached. Please try again in 1s." if fault.kind == "rate_limit" else "The simulated model failed."
    )
    running = next((live for live in server.lives if live.beats), None)
    if running is None:
        return server.having(next_failure=replace(fault, code=code, message=message))
    error = {"type": "tokens" if fault.kind == "rate_limit" else "server_error", "code": code, "message": message}
    return finish(server, running, "failed", {"type": "failed", "error": error})


_FAULTS: Final[dict[str, Callable[[Server, Fault], Server]]] = {
    "expire": _expire,
    "close": _close,
    "error": _say_error,
    "rate_limit": _fail_next,
    "fail": _fail_next,
}

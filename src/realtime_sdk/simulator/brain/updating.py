"""session.update: all of it or nothing. The schema is checked by then; here stand the session's own rules."""

from realtime_sdk.protocol.client_events import SessionUpdate
from realtime_sdk.protocol.json_values import JsonObject
from realtime_sdk.protocol.server_events import SessionUpdated
from realtime_sdk.protocol.unknown import Unknown
from realtime_sdk.simulator.brain.complaints import Complaint
from realtime_sdk.simulator.brain.config import Config, merged
from realtime_sdk.simulator.brain.hearing import restart_listening
from realtime_sdk.simulator.brain.mcp import list_tools
from realtime_sdk.simulator.brain.saying import refuse, say
from realtime_sdk.simulator.brain.values import Cached, Server

__all__ = ["update_session"]


def update_session(server: Server, event: SessionUpdate) -> Server:
    """Take the given fields over and show the whole session, or refuse it and change nothing."""
    session = event.session
    patch: JsonObject = session.raw if isinstance(session, Unknown) else session.model_dump(exclude_unset=True)
    before, after = server.config, merged(server.config, patch)
    complaint = _against(server, patch, after)
    if complaint is not None:
        return refuse(server, complaint, event.event_id)
    server = server.having(config=after)
    if (after.turn_detection, after.input_format) != (before.turn_detection, before.input_format):
        server = restart_listening(server, format_changed=after.input_format != before.input_format)
    if (after.wire.get("instructions"), after.tools) != (before.wire.get("instructions"), before.tools):
        server = server.having(cached=Cached())
    return list_tools(say(server, SessionUpdated(session=after.shown)))


def _against(server: Server, patch: JsonObject, after: Config) -> Complaint | None:
    if patch["type"] != server.config.wire["type"]:
        kind = server.config.intent
        message = f"Passing a {patch['type']} session update event to a {kind} session is not allowed."
        return Complaint("invalid_value", message, "session.type")
    if server.has_spoken and after.voice != server.config.voice:
        message = "Cannot update a conversation's voice if assistant audio is present."
        return Complaint("cannot_update_voice", message, "session.audio.output.voice")
    return None

"""The beta wire and GA, event by event: which cast an object of each type takes, in both directions.

Total: any JSON object goes through, what is not understood unchanged. Going over and back gives what
went in, but for the normal form that `beta_session` describes for settings, and this one for events:

- `conversation.item.created` of a whole item becomes `added` and `done`, of a growing one `added` alone
  (its end is told by response.output_item.done). Both keep the event_id of the frame they came from.
- GA's `conversation.item.done` is not said to a beta client: `created` or output_item.done said it.
- a beta item without `object`, or with GA content types, comes back with `object` and beta's types;
  a beta session with a `type` comes back without it, a transcription session under its own event name.
"""

from collections.abc import Mapping

from realtime_sdk.dialects.beta_items import (
    is_whole,
    item_from_server,
    item_to_beta,
    item_to_client,
    item_to_ga,
    with_items,
)
from realtime_sdk.dialects.beta_session import RESPONSE, RESPONSE_PARAMS, SESSION, TRANSCRIPTION, flat, nested
from realtime_sdk.dialects.gaps import Gaps, cannot_say
from realtime_sdk.dialects.objects import Cast, JsonObject, in_field, is_object, renamed, same, type_of

__all__ = ["GAPS", "NAMES", "downcast_client", "downcast_server", "upcast_client", "upcast_server"]

NAMES: Mapping[str, str] = {
    "response.audio.delta": "response.output_audio.delta",
    "response.audio.done": "response.output_audio.done",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
    "response.audio_transcript.done": "response.output_audio_transcript.done",
    "response.text.delta": "response.output_text.delta",
    "response.text.done": "response.output_text.done",
}
"""Events that differ in their name alone, beta to GA."""

_TRANSCRIPTION: Mapping[str, str] = {
    "transcription_session.created": "session.created",
    "transcription_session.updated": "session.updated",
    "transcription_session.update": "session.update",
}
_TRANSCRIPTION_BACK: Mapping[str, str] = {ga: beta for beta, ga in _TRANSCRIPTION.items()}

_MCP = "MCP came with GA"
_MCP_EVENTS = (
    "mcp_list_tools.in_progress",
    "mcp_list_tools.completed",
    "mcp_list_tools.failed",
    "response.mcp_call.in_progress",
    "response.mcp_call.completed",
    "response.mcp_call.failed",
    "response.mcp_call_arguments.delta",
    "response.mcp_call_arguments.done",
)
GAPS = Gaps(
    events={
        "conversation.item.input_audio_transcription.segment": "speaker segments came with GA",
        "input_audio_buffer.dtmf_event_received": "telephone keys came with GA",
        "input_audio_buffer.timeout_triggered": "the idle timeout came with GA",
        **dict.fromkeys(_MCP_EVENTS, _MCP),
    },
    items=dict.fromkeys(("mcp_approval_request", "mcp_approval_response", "mcp_call", "mcp_list_tools"), _MCP),
    parts={"input_image": "images came with GA"},
    tools={"mcp": _MCP},
)

# ------------------------------------------------------------------------------------------------------------------
# Sessions and responses


def _session_to_ga(session: JsonObject) -> JsonObject:
    moves = TRANSCRIPTION if session.get("type") == "transcription" else SESSION
    return nested({"type": "realtime", **session}, moves)


def _session_to_beta(event: JsonObject) -> tuple[JsonObject, ...]:
    session = event.get("session")
    if not is_object(session):
        return (event,)
    kind = session.get("type")
    settings = {key: value for key, value in session.items() if key != "type"}
    if kind == "transcription":
        name = _TRANSCRIPTION_BACK[type_of(event)]
        return ({**event, "type": name, "session": flat(settings, TRANSCRIPTION)},)
    return ({**event, "session": flat(settings if kind == "realtime" else session, SESSION)},)


def _transcription_to_ga(event: JsonObject) -> tuple[JsonObject, ...]:
    session = event.get("session")
    if not is_object(session) or session.get("type", "transcription") != "transcription":
        return (event,)
    settings = nested({"type": "transcription", **session}, TRANSCRIPTION)
    return ({**event, "type": _TRANSCRIPTION[type_of(event)], "session": settings},)


def _response_to_ga(response: JsonObject) -> JsonObject:
    return with_items(nested(response, RESPONSE), "output", item_from_server)


def _response_to_beta(response: JsonObject) -> JsonObject:
    return with_items(flat(response, RESPONSE), "output", item_to_client)


def _params_to_ga(params: JsonObject) -> JsonObject:
    return with_items(nested(params, RESPONSE_PARAMS), "input", item_to_ga)


def _params_to_beta(params: JsonObject) -> JsonObject:
    return with_items(flat(params, RESPONSE_PARAMS), "input", item_to_beta)


# ------------------------------------------------------------------------------------------------------------------
# Items


def _created_to_ga(event: JsonObject) -> tuple[JsonObject, ...]:
    item = event.get("item")
    if not is_object(item):
        return (event,)
    added: JsonObject = {**event, "type": "conversation.item.added", "item": item_from_server(item)}
    return (added, {**added, "type": "conversation.item.done"}) if is_whole(item) else (added,)


def _added_to_beta(event: JsonObject) -> tuple[JsonObject, ...]:
    item = event.get("item")
    if not is_object(item):
        return (event,)
    return ({**event, "type": "conversation.item.created", "item": item_to_client(item)},)


def _said_already(_: JsonObject) -> tuple[JsonObject, ...]:
    return ()


_ITEM_TO_GA = in_field("item", item_from_server)
_ITEM_TO_BETA = in_field("item", item_to_client)

UPCAST_SERVER: Mapping[str, Cast] = {
    **{beta: renamed(ga) for beta, ga in NAMES.items()},
    "conversation.item.added": _ITEM_TO_GA,
    "conversation.item.created": _created_to_ga,
    "conversation.item.done": _ITEM_TO_GA,
    "conversation.item.retrieved": _ITEM_TO_GA,
    "response.created": in_field("response", _response_to_ga),
    "response.done": in_field("response", _response_to_ga),
    "response.output_item.added": _ITEM_TO_GA,
    "response.output_item.done": _ITEM_TO_GA,
    "session.created": in_field("session", _session_to_ga),
    "session.updated": in_field("session", _session_to_ga),
    "transcription_session.created": _transcription_to_ga,
    "transcription_session.updated": _transcription_to_ga,
}

DOWNCAST_SERVER: Mapping[str, Cast] = {
    **{ga: renamed(beta) for beta, ga in NAMES.items()},
    "conversation.item.added": _added_to_beta,
    "conversation.item.created": _ITEM_TO_BETA,
    "conversation.item.done": _said_already,
    "conversation.item.retrieved": _ITEM_TO_BETA,
    "response.created": in_field("response", _response_to_beta),
    "response.done": in_field("response", _response_to_beta),
    "response.output_item.added": _ITEM_TO_BETA,
    "response.output_item.done": _ITEM_TO_BETA,
    "session.created": _session_to_beta,
    "session.updated": _session_to_beta,
}

UPCAST_CLIENT: Mapping[str, Cast] = {
    "conversation.item.create": in_field("item", item_to_ga),
    "response.create": in_field("response", _params_to_ga),
    "session.update": in_field("session", _session_to_ga),
    "transcription_session.update": _transcription_to_ga,
}

DOWNCAST_CLIENT: Mapping[str, Cast] = {
    "conversation.item.create": in_field("item", item_to_beta),
    "response.create": in_field("response", _params_to_beta),
    "session.update": _session_to_beta,
}


def upcast_server(obj: JsonObject) -> tuple[JsonObject, ...]:
    """Return what a beta server's event says, as GA events."""
    return UPCAST_SERVER.get(type_of(obj), same)(obj)


def upcast_client(obj: JsonObject) -> tuple[JsonObject, ...]:
    """Return what a beta client's event says, as GA events."""
    return UPCAST_CLIENT.get(type_of(obj), same)(obj)


def downcast_server(obj: JsonObject) -> tuple[JsonObject, ...]:
    """Return a GA server's event as a beta server says it; nothing where beta has no word (`GAPS`)."""
    return () if cannot_say(GAPS, obj) else DOWNCAST_SERVER.get(type_of(obj), same)(obj)


def downcast_client(obj: JsonObject) -> tuple[JsonObject, ...]:
    """Return a GA client's event as a beta client says it; nothing where beta has no word (`GAPS`)."""
    return () if cannot_say(GAPS, obj) else DOWNCAST_CLIENT.get(type_of(obj), same)(obj)

"""What the server finds wrong with a client event, in the service's words. Values and the makers of the common ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = [
    "Complaint",
    "active_response",
    "commit_empty",
    "invalid_type",
    "invalid_value",
    "long_name",
    "missing",
    "no_active_response",
    "no_item",
    "no_such_event",
    "not_json",
    "out_of_range",
    "too_long",
    "unknown_parameter",
]


@dataclass(frozen=True, slots=True)
class Complaint:
    """The body of an `error` event."""

    code: str | None
    message: str
    param: str | None = None
    type: str = "invalid_request_error"


def missing(param: str) -> Complaint:
    """A field that must be there is not."""
    return Complaint("missing_required_parameter", f"Missing required parameter: '{param}'.", param)


def unknown_parameter(param: str) -> Complaint:
    """A field that does not exist."""
    return Complaint("unknown_parameter", f"Unknown parameter: '{param}'.", param)


def invalid_type(param: str, expected: str, got: str) -> Complaint:
    """A value of the wrong kind; both kinds with their article."""
    return Complaint("invalid_type", f"Invalid type for '{param}': expected {expected}, but got {got} instead.", param)


def invalid_value(param: str, value: object, allowed: Sequence[str]) -> Complaint:
    """A value that is none of those that are allowed."""
    if len(allowed) == 1:
        return Complaint("invalid_value", f"Invalid value: '{value}'. Value must be '{allowed[0]}'.", param)
    names = [f"'{name}'" for name in allowed]
    listed = " and ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])}, and {names[-1]}"
    return Complaint("invalid_value", f"Invalid value: '{value}'. Supported values are: {listed}.", param)


CLIENT_EVENTS: Final = (
    "session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
)
"""What a client may send on a websocket, in the service's order; `output_audio_buffer.clear` is not among it."""


def no_such_event(kind: str) -> Complaint:
    """An event of a type that is not known, or not on a websocket."""
    return invalid_value("type", kind, CLIENT_EVENTS)


def not_json() -> Complaint:
    """A frame that is no JSON object."""
    return Complaint("invalid_json", "Invalid event: failed to parse JSON value.")


def too_long(param: str, length: int, limit: int) -> Complaint:
    """A string of too many characters."""
    return Complaint(
        "string_above_max_length",
        f"Invalid '{param}': string too long. Expected a string with maximum length {limit}, "
        f"but got a string with length {length} instead.",
        param,
    )


def long_name(param: str, name: str, limit: int) -> Complaint:
    """A property whose name has too many characters."""
    return Complaint(
        "property_name_above_max_length",
        f"Invalid property name in '{param}': '{name}' is too long. Expected a string with maximum length {limit}, "
        f"but got a string with length {len(name)} instead.",
        f"{param}.{name}",
    )


def out_of_range(param: str, value: float, low: float, high: float | None) -> Complaint:
    """A number below or above its bounds."""
    kind = "integer" if isinstance(value, int) else "decimal"
    if value < low:
        return Complaint(
            f"{kind}_below_min_value",
            f"Invalid '{param}': {kind} below minimum value. Expected a value >= {low}, but got {value} instead.",
            param,
        )
    return Complaint(
        f"{kind}_above_max_value",
        f"Invalid '{param}': {kind} above maximum value. Expected a value <= {high}, but got {value} instead.",
        param,
    )


def no_item(verb: str, item_id: str) -> Complaint:
    """An item that is not there: `verb` is delete, retrieve or truncate."""
    doing = {"delete": "deleting", "retrieve": "retrieving", "truncate": "truncating"}[verb]
    return Complaint(
        f"item_{verb}_invalid_item_id", f"Error {doing} item: the item with id '{item_id}' does not exist."
    )


def active_response(response_id: str) -> Complaint:
    """A second response in the default conversation."""
    return Complaint(
        "conversation_already_has_active_response",
        f"Conversation already has an active response in progress: {response_id}. "
        "Wait until the response is finished before creating a new one.",
    )


def no_active_response() -> Complaint:
    """A cancel that nothing answers to."""
    return Complaint("response_cancel_not_active", "Cancellation failed: no active response found")


def commit_empty(buffered_ms: float) -> Complaint:
    """A commit of less than 100 ms."""
    return Complaint(
        "input_audio_buffer_commit_empty",
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, "
        f"but buffer only has {buffered_ms:.2f}ms of audio.",
    )

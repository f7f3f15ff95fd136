"""The words of the 2024 reference in GA's, and back. Pure; where a field goes is the beta dialect's table, not ours.

The rule: what a person set goes out, what they left goes not. The defaults of then would reset a server of today
(instructions "" erase its own); transcription and turn detection alone go out with their defaults.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from kani import AIFunction
from pydantic import BaseModel, ValidationError

from realtime_sdk.dialects import BETA
from realtime_sdk.errors import LocalProtocolError
from realtime_sdk.protocol import client_events, models, seed
from realtime_sdk.protocol.codec import Event, encode, name, parse
from realtime_sdk.protocol.json_values import JsonObject, is_array
from realtime_sdk.protocol.registries import GA
from realtime_sdk.protocol.seed.models import (
    AudioTranscriptionConfig,
    ClientEvent,
    FunctionCallOutputConversationItem,
    ResponseConfig,
    SessionConfig,
)
from realtime_sdk.protocol.seed_base import SeedModel
from realtime_sdk.protocol.unknown import Unknown, UnknownEvent

__all__ = ["AnySession", "as_listened", "as_said", "response_settings", "session_of", "session_update", "tool_of"]

AnySession: TypeAlias = SessionConfig | models.SessionRequest | Mapping[str, Any] | None

DROPPED: Final = ("temperature",)
"""Settings that GA does not have any more; a server of the beta dialect still takes them."""

TRANSCRIPTION_NOW: Final[Mapping[str, str]] = {"whisper-1": "whisper-1"}
"""The transcription model that the reference's default names → what stands for it today (whisper-1 ends 2027-02-26)."""

_ALWAYS: Final = ("input_audio_transcription", "turn_detection")


# --- out ----------------------------------------------------------------------------------------------------------


def as_said(event: ClientEvent, *, is_beta: bool = False) -> Any:
    """The GA event that says what a 2024 event says. Raises LocalProtocolError where it cannot be said.

    What GA has dropped is left out with a warning, unless the server speaks the beta dialect (`is_beta`).
    """
    item = getattr(event, "item", None)
    if isinstance(item, FunctionCallOutputConversationItem) and item.call_id is None:
        raise LocalProtocolError("the output of a function call needs the call_id of the call", field="item.call_id")
    (said,) = BETA.upcast_client(_wire(event))
    settings: Any = said.get("session") or said.get("response")
    if settings and not is_beta:
        _drop(settings)
    return _named(said)


def session_update(
    config: AnySession = None,
    *,
    tools: Sequence[models.FunctionTool] = (),
    instructions: str | None = None,
    is_beta: bool = False,
) -> client_events.SessionUpdate:
    """The `session.update` for a configuration of 2024 or of today, with tools after its own, which it is left with.

    `instructions` stand in where the configuration has none. `is_beta` as for `as_said`.
    """
    session = session_of(config)
    if not is_beta:
        _drop(session)
    if instructions and "instructions" not in session:
        session["instructions"] = instructions
    if tools:
        session["tools"] = [*(session.get("tools") or ()), *map(_object, tools)]
    update: client_events.SessionUpdate = _named({"type": "session.update", "session": session})
    return update


def session_of(config: AnySession) -> JsonObject:
    """A configuration as GA's session object, a new one: the reference's default for None."""
    config = SessionConfig() if config is None else config
    if isinstance(config, models.SessionRequest):
        return _object(config)
    flat = _wire(config) if isinstance(config, SessionConfig) else dict(config)
    (event,) = BETA.upcast_client({"type": "session.update", "session": flat})
    session: Any = event["session"]
    return dict(session)


def response_settings(given: Mapping[str, Any] | ResponseConfig) -> dict[str, Any]:
    """Settings of a response, named as in 2024 or as `session.respond` has them, in the latter's form.

    What GA has dropped is left out with a warning.
    """
    flat = _wire(given) if isinstance(given, ResponseConfig) else dict(given)
    (event,) = BETA.upcast_client({"type": "response.create", "response": flat})
    params: Any = event["response"]
    _drop(params)
    output = (params.pop("audio", None) or {}).get("output", {})
    flattened = {"output_format": output.get("format"), "voice": output.get("voice")}
    return {**params, **{key: value for key, value in flattened.items() if value is not None}}


def _drop(settings: JsonObject) -> None:
    for key in DROPPED:
        if settings.pop(key, None) is not None:
            warnings.warn(f"{key} is not sent: realtime servers do not have it any more", stacklevel=4)


def tool_of(function: AIFunction) -> models.FunctionTool:
    """A Kani function as the protocol defines tools; without a description it has an empty one."""
    return models.FunctionTool(
        type="function",
        name=function.name,
        description=function.desc or "",
        parameters=function.json_schema,
    )


def _named(obj: Mapping[str, Any]) -> Any:
    """The GA event of an object. Raises LocalProtocolError for one that GA does not have like this."""
    event: Any = name(dict(obj), GA.client)
    if isinstance(event, UnknownEvent):
        raise LocalProtocolError(f"{event.type or 'this'} cannot be said: {event.why}")
    for part in ("item", "session"):
        found = getattr(event, part, None)
        if isinstance(found, Unknown) and found.why:
            raise LocalProtocolError(f"{event.type} cannot be said: {found.why}", field=part)
    return event


def _object(model: Any) -> JsonObject:
    return parse(encode(model))


def _wire(model: BaseModel) -> JsonObject:
    """What of a 2024 model goes out: of settings what was set, of the rest all that is not an unset None."""
    is_partial = isinstance(model, ResponseConfig)
    named = {key: getattr(model, key) for key in (*type(model).model_fields, *(model.model_extra or ()))}
    sent = {
        key: value
        for key, value in named.items()
        if key in model.model_fields_set
        or (key in _ALWAYS and isinstance(model, SessionConfig))
        or (not is_partial and value is not None)
    }
    found = {key: _value(value) for key, value in sent.items()}
    if isinstance(model, AudioTranscriptionConfig) and "model" not in model.model_fields_set:
        found["model"] = TRANSCRIPTION_NOW.get(model.model, model.model)
    return found


def _value(value: Any) -> Any:
    if isinstance(value, SeedModel):
        return _wire(value)
    return [*map(_value, value)] if is_array(value) else value


# --- in -----------------------------------------------------------------------------------------------------------


def as_listened(event: Event) -> Any:
    """A server's event in the class of 2024, if that dialect had it and it fits; else as it is."""
    if isinstance(event, UnknownEvent):
        return event
    said = BETA.downcast_server(_object(event))
    if not said:
        return event
    found = seed.SERVER_EVENTS.get(str(said[0]["type"]))
    try:
        return event if found is None else found.model_validate(said[0])
    except ValidationError:
        return event

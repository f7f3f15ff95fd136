"""What an `error` of the server means, by its code, and the error that a caller gets for it. Tables; pure.

Sessions survive almost every error. Codes are open: one that is not in here is a refusal of what was asked.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from realtime_sdk.errors import ServerError
from realtime_sdk.protocol import client_events, registries, server_events

__all__ = ["BENIGN", "BLAME", "ERROR_EVENTS", "LEVELS", "Level", "level_of", "retry_after_s", "server_error"]

Level: TypeAlias = Literal["request", "response", "session", "account"]
"""How far an error reaches: what was asked, one response, this session, every session of the account."""

ERROR_EVENTS: Final[tuple[type[Any], ...]] = (server_events.ErrorEvent, registries.TRANSLATION.server["error"])
"""The classes of `error` events, one a vocabulary."""

LEVELS: Final[Mapping[str, Level]] = MappingProxyType(
    {
        "beta_api_shape_disabled": "session",
        "session_expired": "session",
        "rate_limit_exceeded": "response",
        "inference_rate_limit_exceeded": "response",
        "insufficient_quota": "account",
        "invalid_api_key": "account",
        "account_deactivated": "account",
        "billing_hard_limit_reached": "account",
    }
)
"""Code → how far it reaches; every other code is about a request. Only `account` ends a session by itself."""

BENIGN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "response_cancel_not_active": "the response was over before the cancel arrived",
        "input_audio_buffer_commit_empty": "the server's voice detection was faster, or less than 100 ms were appended",
    }
)
"""Codes that tell of a race and not of a mistake, with what happened."""

BLAME: Final[Mapping[str, type[Any]]] = MappingProxyType(
    {
        "conversation_already_has_active_response": client_events.ResponseCreate,
        "response_cancel_not_active": client_events.ResponseCancel,
        "input_audio_buffer_commit_empty": client_events.InputAudioBufferCommit,
        "item_retrieve_invalid_item_id": client_events.ConversationItemRetrieve,
        "cannot_update_voice": client_events.SessionUpdate,
    }
)
"""Code → the only event it can be the answer to, for errors that name none."""

_TRY_AGAIN: Final = re.compile(r"try again in\s+(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)(ms|s))?", re.IGNORECASE)


def level_of(code: str | None) -> Level:
    """How far an error with this code reaches."""
    return LEVELS.get(code or "", "request")


def server_error(event: Any) -> ServerError:
    """The exception for an `error` event."""
    error = event.error
    said = error.message or "no reason given"
    code = f" ({error.code})" if error.code else ""
    return ServerError(
        f"the server refused: {said}{code}",
        code=error.code,
        type=error.type,
        param=error.param,
        client_event_id=error.event_id,
        event=event,
    )


def retry_after_s(message: str | None) -> float | None:
    """Seconds after which a rate-limited request may be made again, as its message says; None if it does not."""
    found = _TRY_AGAIN.search(message or "")
    if found is None or not any(found.groups()):
        return None
    hours, minutes, amount, unit = found.groups()
    seconds = float(amount or 0) / (1000 if unit and unit.lower() == "ms" else 1)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + seconds

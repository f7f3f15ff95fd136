"""Between Kani, the 2024 reference and GA: messages ↔ items, settings and events of then ↔ events of now. Pure."""

from realtime_sdk.kani.translate.items import Spoken, fingerprint, items_of, mcp_notes, message_of, tokens_of
from realtime_sdk.kani.translate.seed import (
    as_listened,
    as_said,
    response_settings,
    session_of,
    session_update,
    tool_of,
)

__all__ = [
    "Spoken",
    "as_listened",
    "as_said",
    "fingerprint",
    "items_of",
    "mcp_notes",
    "message_of",
    "response_settings",
    "session_of",
    "session_update",
    "tokens_of",
    "tool_of",
]

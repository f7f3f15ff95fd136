"""Who said a bare event, for captures that hold events without a sender: a table of the client's words."""

from typing import Final

from realtime_sdk.log.records import Sender

__all__ = ["CLIENT_TYPES", "sender_of"]

CLIENT_TYPES: Final = frozenset(
    {
        "conversation.item.create",
        "conversation.item.delete",
        "conversation.item.retrieve",
        "conversation.item.truncate",
        "input_audio_buffer.append",
        "input_audio_buffer.clear",
        "input_audio_buffer.commit",
        "output_audio_buffer.clear",
        "response.cancel",
        "response.create",
        "session.close",
        "session.input_audio_buffer.append",
        "session.update",
        "transcription_session.update",
    }
)
"""Types of the events that clients send, in all dialects. No server sends one of them."""


def sender_of(event_type: object) -> Sender:
    """`client` for the client's types, `local` for ours (`local.…`), `server` for all others."""
    if not isinstance(event_type, str):
        return "server"
    if event_type in CLIENT_TYPES:
        return "client"
    return "local" if event_type.startswith("local.") else "server"

"""The events of the 2024 reference as its package `events` has them: the client's by name, both sides as modules."""

from realtime_sdk.protocol.seed import client_events as client, server_events as server
from realtime_sdk.protocol.seed.client_events import (
    ConversationItemCreate,
    ConversationItemDelete,
    ConversationItemTruncate,
    InputAudioBufferAppend,
    InputAudioBufferClear,
    InputAudioBufferCommit,
    ResponseCancel,
    ResponseCreate,
    SessionUpdate,
)
from realtime_sdk.protocol.seed.models import BaseEvent, ClientEvent, ServerEvent

__all__ = [
    "BaseEvent",
    "ClientEvent",
    "ConversationItemCreate",
    "ConversationItemDelete",
    "ConversationItemTruncate",
    "InputAudioBufferAppend",
    "InputAudioBufferClear",
    "InputAudioBufferCommit",
    "ResponseCancel",
    "ResponseCreate",
    "ServerEvent",
    "SessionUpdate",
    "client",
    "server",
]

"""Event-sourced SDK for realtime voice sessions: a session is a log, everything else is a fold over it.

    import realtime_sdk as rt

    async with rt.connect("gpt-realtime-2.1", log="call.jsonl") as session:
        response = await session.respond("What is the capital of France?")
    state = rt.replay(rt.EventLog.load("call.jsonl"))        # equal to session.state

Public names live in their rooms and are loaded at first use (PEP 562), so that importing this
package costs next to nothing. `HOMES` says where each one lives; nothing else happens here.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from realtime_sdk._version import __version__

if TYPE_CHECKING:
    from realtime_sdk import errors
    from realtime_sdk.errors import (
        AudioFormatError,
        ConnectionClosed,
        ConnectionExpired,
        ConnectionLost,
        HandshakeError,
        LocalProtocolError,
        LogFormatError,
        OutboundFull,
        ProtocolError,
        RealtimeError,
        RemoteProtocolError,
        ReplayMismatch,
        RequestTimeout,
        ResponseFailed,
        ScenarioError,
        ServerError,
        SubscriberTooSlow,
    )
    from realtime_sdk.fold import Fold, Update, replay, replay_many
    from realtime_sdk.log import EventLog, LogRecord
    from realtime_sdk.protocol import (
        client_events,
        local as local_events,
        models,
        server_events,
    )
    from realtime_sdk.protocol.codec import decode, encode
    from realtime_sdk.protocol.unknown import UnknownEvent
    from realtime_sdk.session import Answer, Azure, Continuity, OpenAI, RealtimeSession, ToolContext, connect, tool
    from realtime_sdk.simulator import simulate
    from realtime_sdk.state import RealtimeState, reduce
    from realtime_sdk.transport import Endpoint, WebsocketOptions

__all__ = [
    "Answer",
    "AudioFormatError",
    "Azure",
    "ConnectionClosed",
    "ConnectionExpired",
    "ConnectionLost",
    "Continuity",
    "Endpoint",
    "EventLog",
    "Fold",
    "HandshakeError",
    "LocalProtocolError",
    "LogFormatError",
    "LogRecord",
    "OpenAI",
    "OutboundFull",
    "ProtocolError",
    "RealtimeError",
    "RealtimeSession",
    "RealtimeState",
    "RemoteProtocolError",
    "ReplayMismatch",
    "RequestTimeout",
    "ResponseFailed",
    "ScenarioError",
    "ServerError",
    "SubscriberTooSlow",
    "ToolContext",
    "UnknownEvent",
    "Update",
    "WebsocketOptions",
    "__version__",
    "client_events",
    "connect",
    "decode",
    "encode",
    "errors",
    "local_events",
    "models",
    "reduce",
    "replay",
    "replay_many",
    "server_events",
    "simulate",
    "tool",
]

_NAMES: Final = {
    "realtime_sdk.errors": (
        "AudioFormatError",
        "ConnectionClosed",
        "ConnectionExpired",
        "ConnectionLost",
        "HandshakeError",
        "LocalProtocolError",
        "LogFormatError",
        "OutboundFull",
        "ProtocolError",
        "RealtimeError",
        "RemoteProtocolError",
        "ReplayMismatch",
        "RequestTimeout",
        "ResponseFailed",
        "ScenarioError",
        "ServerError",
        "SubscriberTooSlow",
    ),
    "realtime_sdk.protocol.codec": ("decode", "encode"),
    "realtime_sdk.protocol.unknown": ("UnknownEvent",),
    "realtime_sdk.log": ("EventLog", "LogRecord"),
    "realtime_sdk.state": ("RealtimeState", "reduce"),
    "realtime_sdk.fold": ("Fold", "Update", "replay", "replay_many"),
    "realtime_sdk.transport": ("Endpoint", "WebsocketOptions"),
    "realtime_sdk.session": (
        "Answer",
        "Azure",
        "Continuity",
        "OpenAI",
        "RealtimeSession",
        "ToolContext",
        "connect",
        "tool",
    ),
    "realtime_sdk.simulator": ("simulate",),
}

_MODULES: Final = {
    "client_events": "realtime_sdk.protocol.client_events",
    "errors": "realtime_sdk.errors",
    "local_events": "realtime_sdk.protocol.local",
    "models": "realtime_sdk.protocol.models",
    "server_events": "realtime_sdk.protocol.server_events",
}

HOMES: Final = MappingProxyType(
    {name: f"{module}:{name}" for module, names in _NAMES.items() for name in names} | _MODULES
)
"""Where each public name lives: `module:name`, or the module that it is."""


if not TYPE_CHECKING:  # checkers read the imports above, so that a misspelt name is an error to them

    def __getattr__(name: str) -> object:
        if name not in HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, _, attribute = HOMES[name].partition(":")
        found = import_module(module)
        value = globals()[name] = getattr(found, attribute) if attribute else found
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

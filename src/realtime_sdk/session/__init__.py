"""The living session: connect, say, listen, wait. Everything it does is in its log; its state is a fold over that."""

from realtime_sdk.session.connect import connect
from realtime_sdk.session.continuity import Continuity
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.endpoints import Azure, EndpointSource, OpenAI
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.interrupting import Interruption
from realtime_sdk.session.reply import Answer, Delta, Reply
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.settings import ResponseSettings, SessionSettings
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.session.tools import Tool, ToolContext, tool
from realtime_sdk.transport import Endpoint

__all__ = [
    "Answer",
    "Azure",
    "Continuity",
    "Delta",
    "Endpoint",
    "EndpointSource",
    "Ids",
    "Interruption",
    "OpenAI",
    "RealtimeSession",
    "Reply",
    "ResponseSettings",
    "SessionCore",
    "SessionSettings",
    "Subscriber",
    "Tool",
    "ToolContext",
    "connect",
    "tool",
]

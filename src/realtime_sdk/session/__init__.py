"""The living session: connect, say, listen, wait. Everything it does is in its log; its state is a fold over that."""

from realtime_sdk.session.connect import connect
from realtime_sdk.session.continuity import Continuity
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.endpoints import DEFAULT_MODEL, Azure, EndpointSource, OpenAI
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.interrupting import Interruption, Playing, StopPlayback
from realtime_sdk.session.items import ItemStream, ItemStreams, follow_items
from realtime_sdk.session.reply import Answer, Delta, Reply
from realtime_sdk.session.requests import tag_of
from realtime_sdk.session.server_errors import BENIGN, level_of, retry_after_s
from realtime_sdk.session.session import RealtimeSession
from realtime_sdk.session.settings import ResponseSettings, SessionSettings, response_params, session_update
from realtime_sdk.session.subscribers import Subscriber
from realtime_sdk.session.tools import Tool, ToolContext, tool
from realtime_sdk.session.turns import end_turn, is_floor_free, until_floor_free
from realtime_sdk.transport import Endpoint

__all__ = [
    "BENIGN",
    "DEFAULT_MODEL",
    "Answer",
    "Azure",
    "Continuity",
    "Delta",
    "Endpoint",
    "EndpointSource",
    "Ids",
    "Interruption",
    "ItemStream",
    "ItemStreams",
    "OpenAI",
    "Playing",
    "RealtimeSession",
    "Reply",
    "ResponseSettings",
    "SessionCore",
    "SessionSettings",
    "StopPlayback",
    "Subscriber",
    "Tool",
    "ToolContext",
    "connect",
    "end_turn",
    "follow_items",
    "is_floor_free",
    "level_of",
    "response_params",
    "retry_after_s",
    "session_update",
    "tag_of",
    "tool",
    "until_floor_free",
]

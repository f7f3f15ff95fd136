"""Frames out, frames in: one `Transport` shape over a websocket, a pair in memory, or a log that is spoken again.

Knows no event and no state; `session` gives meaning to the frames. websockets is imported here and in the
simulator's server, nowhere else, and only when a connection is opened.
"""

from realtime_sdk.transport.base import Transport
from realtime_sdk.transport.endpoint import Endpoint
from realtime_sdk.transport.memory import pair
from realtime_sdk.transport.replay import ReplayTransport, connections
from realtime_sdk.transport.websocket import WebsocketOptions, connect

__all__ = ["Endpoint", "ReplayTransport", "Transport", "WebsocketOptions", "connect", "connections", "pair"]

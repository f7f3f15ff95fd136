"""The moving parts of a session, put together once, so that its verbs and its keeper work on the same ones."""

from dataclasses import dataclass

from anyio.abc import TaskGroup

from realtime_sdk.session.asking import Asking
from realtime_sdk.session.core import SessionCore
from realtime_sdk.session.ids import Ids
from realtime_sdk.session.outbound import Outbound
from realtime_sdk.session.requests import Outstanding
from realtime_sdk.session.subscribers import Feed
from realtime_sdk.session.wire import Wire

__all__ = ["Engine"]


@dataclass(frozen=True)
class Engine:
    """What a session is made of."""

    group: TaskGroup
    ids: Ids
    feed: Feed
    outstanding: Outstanding
    outbound: Outbound
    core: SessionCore
    wire: Wire
    asking: Asking

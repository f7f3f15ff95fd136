"""What the wire does not say but the state needs: events that a log records with the sender `local`.

They are written by this package alone and read like any other event; their types begin with `local.`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from realtime_sdk.protocol.wire import LocalEventBase

__all__ = ["LOCAL_EVENTS", "ConnectionClosed", "ConnectionOpened", "EpochStarted", "LocalEvent", "PlaybackHeard"]


class ConnectionOpened(LocalEventBase):
    """A connection stands; `dialect` names what is spoken on it, `url` has no key in it."""

    type: Literal["local.connection_opened"] = "local.connection_opened"
    dialect: str
    url: str | None = None


class ConnectionClosed(LocalEventBase):
    """The connection has ended: websocket close code and reason, and who ended it (None if that is not known)."""

    type: Literal["local.connection_closed"] = "local.connection_closed"
    code: int | None = None
    reason: str | None = None
    by: Literal["server", "client", "network"] | None = None


class PlaybackHeard(LocalEventBase):
    """The user has heard an item's audio up to `heard_ms` from the start of that content part."""

    type: Literal["local.playback_heard"] = "local.playback_heard"
    item_id: str
    content_index: int = 0
    heard_ms: int


class EpochStarted(LocalEventBase):
    """A new connection goes on with an old conversation.

    `epoch` counts from 0 for the first connection; `replayed` maps the ids of items of the epoch before
    to their ids in this one, None where that was said before; `lost` names what could not be restored: ids of
    items, and in words what is no item.
    """

    type: Literal["local.epoch_started"] = "local.epoch_started"
    epoch: int
    replayed: dict[str, str] | None = None
    lost: list[str] | None = None


LocalEvent = ConnectionOpened | ConnectionClosed | PlaybackHeard | EpochStarted

LOCAL_EVENTS: Mapping[str, type[LocalEventBase]] = MappingProxyType(
    {
        "local.connection_opened": ConnectionOpened,
        "local.connection_closed": ConnectionClosed,
        "local.playback_heard": PlaybackHeard,
        "local.epoch_started": EpochStarted,
    }
)

"""One record understood: what it said, what was true before, and what is true now."""

from typing import TYPE_CHECKING, Any, TypeAlias

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.log import LogRecord
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.state import RealtimeState

if TYPE_CHECKING:
    from realtime_sdk.dialects import Dialect

__all__ = ["Event", "UnreadUpdate", "Update"]

Event: TypeAlias = WireModel | UnknownEvent | RemoteProtocolError
"""A server, client or local event; one we do not know; or the error of a frame that is no JSON object."""


class Update:
    """What one record did. `before` and `after` are states, which never change under your hands."""

    __slots__ = ("after", "before", "dialect", "events", "record")

    def __init__(
        self,
        record: LogRecord,
        events: tuple[Event, ...],
        before: RealtimeState,
        after: RealtimeState,
        dialect: "Dialect",
    ) -> None:
        self.record = record
        self.events = events
        self.before = before
        self.after = after
        self.dialect = dialect

    @property
    def event(self) -> Any:
        """The event of the record in GA's vocabulary; None where the dialect's event has no counterpart.

        A frame of another dialect may stand for several events: `events` has them all, this is the first.
        """
        return self.events[0] if self.events else None

    @property
    def state(self) -> RealtimeState:
        """What is true now; the same as `after`."""
        return self.after

    @property
    def own_event(self) -> Any:
        """The event in the classes of the log's own dialect, read from the frame when asked for."""
        return self.dialect.read_own(self.record.frame, self.record.sender)

    def __repr__(self) -> str:
        names = ", ".join(type(event).__name__ for event in self.events)
        return f"<Update {self.record.seq} {self.record.sender} {names}>"


class UnreadUpdate(Update):
    """An update whose effect was known without reading its frame: `events` reads it when asked for."""

    __slots__ = ()

    def __init__(  # pyright: ignore[reportMissingSuperCall]
        self, record: LogRecord, before: RealtimeState, after: RealtimeState, dialect: "Dialect"
    ) -> None:
        self.record = record
        self.before = before
        self.after = after
        self.dialect = dialect

    @property
    def events(self) -> tuple[Event, ...]:  # type: ignore[override]
        """The events of the record, read now."""
        return self.dialect.read(self.record.frame, self.record.sender)

"""One record understood: what it said, what was true before, and what is true now."""

from collections.abc import Callable
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.log import LogRecord
from realtime_sdk.log.audio_payload import with_silence
from realtime_sdk.protocol.unknown import UnknownEvent
from realtime_sdk.protocol.wire import WireModel
from realtime_sdk.state import RealtimeState

if TYPE_CHECKING:
    from realtime_sdk.dialects import Dialect

__all__ = ["Event", "Update", "new_update", "sounding"]

Event: TypeAlias = WireModel | UnknownEvent | RemoteProtocolError
"""A server, client or local event; one we do not know; or the error of a frame that is no JSON object."""


def sounding(record: LogRecord) -> bytes:
    """The frame of a record; zero bytes stand where the log left its audio out, as many as it had."""
    return with_silence(record[3], record[5]) if record[5] else record[3]


class Update(tuple[LogRecord, tuple[Event, ...] | None, RealtimeState, RealtimeState, "Dialect"]):
    """What one record did. `before` and `after` are states, which never change under your hands.

    A tuple, because one is made for every frame; read it by its names.
    """

    __slots__ = ()

    record: LogRecord = property(itemgetter(0))  # type: ignore[assignment]
    before: RealtimeState = property(itemgetter(2))  # type: ignore[assignment]
    after: RealtimeState = property(itemgetter(3))  # type: ignore[assignment]
    dialect: "Dialect" = property(itemgetter(4))  # type: ignore[assignment]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of the record in GA's vocabulary: mostly one, none where they have no counterpart there."""
        events = self[1]
        return self.dialect.read(self.record.frame, self.record.sender) if events is None else events

    @property
    def event(self) -> Any:
        """The event of the record in GA's vocabulary; None where the dialect's event has no counterpart.

        A frame of another dialect may stand for several events: `events` has them all, this is the first.
        """
        events = self[1]
        if events is None:
            events = self.events
        return events[0] if events else None

    @property
    def is_unread(self) -> bool:
        """True for audio that was sent: its effect was known without reading the frame, which `events` does."""
        return self[1] is None

    @property
    def state(self) -> RealtimeState:
        """What is true now; the same as `after`."""
        return self.after

    @property
    def own_event(self) -> Any:
        """The event in the classes of the log's own dialect, read from the frame when asked for."""
        return self.dialect.read_own(sounding(self.record), self.record.sender)

    def __repr__(self) -> str:
        names = ", ".join(type(event).__name__ for event in self.events)
        return f"<Update {self.record.seq} {self.record.sender} {names}>"


_Fields: TypeAlias = "tuple[LogRecord, tuple[Event, ...] | None, RealtimeState, RealtimeState, Dialect]"
new_update: Final = cast("Callable[[type[Update], _Fields], Update]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]
"""Makes an update of its parts without the detour over its class."""

"""Records in, updates out. The one place where frames become state, live and in replay."""

from collections.abc import Iterable, Iterator

from realtime_sdk.dialects import DIALECTS, Dialect
from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.fold.update import Event, UnreadUpdate, Update
from realtime_sdk.log import LogRecord
from realtime_sdk.protocol.local import ConnectionOpened
from realtime_sdk.state import RealtimeState, reduce

__all__ = ["Reader"]


class Reader:
    """Goes through the records of one log and keeps the state.

    `dialect` is how the frames are read; a recorded `local.connection_opened` that names another one
    changes it from there on.
    """

    __slots__ = ("dialect", "state")

    def __init__(self, dialect: Dialect, *, state: RealtimeState | None = None) -> None:
        self.dialect = dialect
        self.state = RealtimeState.empty() if state is None else state

    def step(self, record: LogRecord) -> Update:
        """What `record` says and does. Never raises for what a server sent."""
        return self.believe(record, self.understand(record))

    def understand(self, record: LogRecord) -> tuple[Event, ...]:
        """The events of a record in GA's vocabulary; a frame that is no JSON object gives its error as a value."""
        try:
            return self.dialect.read(record.frame, record.sender)
        except RemoteProtocolError as error:
            return (error,)

    def believe(self, record: LogRecord, events: tuple[Event, ...]) -> Update:
        """The update of a record whose events are known already."""
        before = after = self.state
        for event in events:
            after = reduce(after, event)
        update = Update(record, events, before, after, self.dialect)
        self.state = after
        if record.sender == "local":
            self._follow_connection(events)
        return update

    def believe_append(self, record: LogRecord, size: int) -> Update:
        """The update of a record that appends `size` bytes of the user's audio, as `step` gives it, but unread.

        Fifty such records go out a second, and their effect is one number.
        """
        settled, live, sent = before = self.state
        self.state = after = RealtimeState((settled, live, sent + size))
        return UnreadUpdate(record, before, after, self.dialect)

    def updates(self, records: Iterable[LogRecord]) -> Iterator[Update]:
        """One update a record."""
        return map(self.step, records)

    def _follow_connection(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, ConnectionOpened) and event.dialect in DIALECTS:
                self.dialect = DIALECTS[event.dialect]

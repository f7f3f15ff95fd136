"""Records in, updates out. The one place where frames become state, live and in replay."""

from collections.abc import Iterable, Iterator

from realtime_sdk.dialects import DIALECTS, Dialect
from realtime_sdk.errors import RemoteProtocolError
from realtime_sdk.fold.update import Event, Update, new_update, sounding
from realtime_sdk.log import LogRecord, Sender
from realtime_sdk.protocol.local import ConnectionOpened
from realtime_sdk.state import REDUCERS, RealtimeState, new_state

__all__ = ["Reader"]


class Reader:
    """Goes through the records of one log and keeps the state.

    `dialect` is how the frames are read; a recorded `local.connection_opened` that names another one
    changes it from there on.
    """

    __slots__ = ("_dialect", "_readers", "state")

    def __init__(self, dialect: Dialect, *, state: RealtimeState | None = None) -> None:
        self._dialect = dialect
        self._readers = dialect.readers
        self.state = RealtimeState.empty() if state is None else state

    @property
    def dialect(self) -> Dialect:
        """The dialect that the next record is read in."""
        return self._dialect

    def step(self, record: LogRecord) -> Update:
        """What `record` says and does. Never raises: the error of a frame that is no JSON object is a value here.

        Audio that the log left out is read as zero bytes, as many as it had.
        """
        return self.take(record, self.read(sounding(record) if record[5] else record[3], record[2]))

    def read(self, frame: bytes, sender: Sender) -> tuple[Event, ...]:
        """What a frame says; nothing is done yet."""
        try:
            return self._readers[sender](frame)
        except RemoteProtocolError as error:
            return (error,)

    def take(self, record: LogRecord, events: tuple[Event, ...]) -> Update:
        """The update of a record that says `events`."""
        before = after = self.state
        for event in events:
            reducer = REDUCERS.get(event.__class__)
            if reducer is not None:
                after = reducer(after, event)
        self.state = after
        update = new_update(Update, (record, events, before, after, self._dialect))
        if record[2] == "local":
            self._follow_connection(events)
        return update

    def step_append(self, record: LogRecord, size: int) -> Update:
        """The update of a record that appends `size` bytes of the user's audio, as `step` gives it, but unread.

        Fifty such records go out a second, and their effect is one number.
        """
        settled, live, sent, said = before = self.state
        self.state = after = new_state(RealtimeState, (settled, live, sent + size, said))
        return new_update(Update, (record, None, before, after, self._dialect))

    def updates(self, records: Iterable[LogRecord]) -> Iterator[Update]:
        """One update a record."""
        return map(self.step, records)

    def _follow_connection(self, events: tuple[Event, ...]) -> None:
        for event in events:
            if isinstance(event, ConnectionOpened) and event.dialect in DIALECTS:
                self._dialect = DIALECTS[event.dialect]
                self._readers = self._dialect.readers

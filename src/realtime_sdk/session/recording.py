"""The log that a session writes: a new one, in memory and in a file, or one that goes on."""

import secrets
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from realtime_sdk._version import __version__
from realtime_sdk.dialects import Dialect
from realtime_sdk.log import EventLog, FileSink, LogHeader, LogPath
from realtime_sdk.session.ids import Ids
from realtime_sdk.transport import Endpoint

__all__ = ["header_for", "ids_for", "ns_since_start", "recording"]


def header_for(dialect: Dialect) -> LogHeader:
    """The header of a log that begins now."""
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return LogHeader(dialect=dialect.name, spec=dialect.registry.spec, sdk=__version__, started_at=started_at)


@contextmanager
def recording(log: LogPath | EventLog | None, dialect: Dialect) -> Generator[EventLog, None, None]:
    """The log to write to. A file is opened now (OSError if it cannot be) and closed at the end.

    An EventLog that is given stays its owner's to close; it gets a header if it is empty and has none.
    """
    if isinstance(log, EventLog):
        if log.header.dialect is None and not len(log):
            header = header_for(dialect)
            log.header = LogHeader(
                dialect=header.dialect,
                spec=header.spec,
                sdk=header.sdk,
                started_at=header.started_at,
                meta=log.header.meta,
            )
        yield log
        return
    with EventLog(header_for(dialect)) as new:
        if log is not None:
            new.add_sink(FileSink(log, new.header))
        yield new


def ns_since_start(log: EventLog, clock_ns: Callable[[], int]) -> Callable[[], int]:
    """A clock for the records: from 0 for a new log, on from the last record of one that goes on."""
    last_ns = log.stats().last_at_ns or 0
    start_ns = clock_ns() - last_ns
    return lambda: clock_ns() - start_ns


def ids_for(endpoint: Endpoint, log: EventLog) -> Ids:
    """Names that nobody else in the conversation gives: chance on a call that others may attach to as well.

    Otherwise they are counted, so that the same program says the same.
    """
    if endpoint.call_id is not None:
        return Ids(f"{secrets.token_hex(4)}_")
    return Ids(f"{log.stats().records}_" if len(log) else "")

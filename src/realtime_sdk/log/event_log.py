"""The log of a session in memory: append-only, and the only room where a record is made.

Knows bytes and who said them, no event. Owns no clock: times come in. Files are the business of `files` and `stream`.
"""

import logging
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, overload

from realtime_sdk.log.audio_payload import leave_out_audio
from realtime_sdk.log.files import LogPath, replacing, write_whole
from realtime_sdk.log.format import encode_header, encode_record
from realtime_sdk.log.records import (
    SENDERS,
    LogHeader,
    LogRecord,
    LogStatistics,
    RecordFields,
    Sender,
    Tally,
    fields_of,
    new_record,
)
from realtime_sdk.log.redaction import may_hold_secret, replace_secrets
from realtime_sdk.log.sinks import Sink, SinkError, as_sink
from realtime_sdk.log.stream import LogStream

__all__ = ["EventLog", "Keep"]

Keep: TypeAlias = Literal["all", "without_audio", "none"] | int
"""What a log keeps in memory: everything; everything but sound; nothing; or the last n records."""

_logger: Final = logging.getLogger(__name__)
_record: Final = partial(new_record, LogRecord)


class EventLog(Sequence[LogRecord]):
    """What was said in a session: a sequence of records, in wire order.

    Indexes are places among the kept records (equal to `seq` when all are kept); a slice is a tuple. An iteration
    goes over what was kept when it began. `append` is for one thread, and never awaits.
    """

    def __init__(
        self,
        header: LogHeader | None = None,
        *,
        keep: Keep = "all",
        on_sink_error: Callable[[SinkError], object] | None = None,
    ) -> None:
        self.header = header or LogHeader()
        self.keep: Final = keep
        self.on_sink_error = on_sink_error
        """Called with each SinkError, after the sink was detached."""
        self.torn: str | None = None
        """What was left out at the end of the file this log was loaded from; None if nothing was."""
        self.sink_errors: tuple[SinkError, ...] = ()
        self._records: list[RecordFields] | deque[RecordFields] = _store(keep)
        self._next_seq = 0
        self._sinks: tuple[Sink, ...] = ()
        self._tally = Tally()
        self._remember = self._records.append if keep == "all" else self._remember_some

    # --- writing --------------------------------------------------------------------------------------------------

    def append(self, sender: Sender, frame: bytes, *, at_ns: int | None, plain_from: int | None = None) -> LogRecord:
        """Remember a frame, and give its record: secrets replaced, else the very bytes.

        `at_ns`: nanoseconds since the start of the log, monotonic. `plain_from`: from this byte on it is known that
        there is no secret, as in base64 that was decoded; none is looked for. A sink that fails is detached and
        reported, never raised. ValueError for another sender.
        """
        if sender not in SENDERS:
            raise ValueError(f"a sender is one of {', '.join(SENDERS)}")
        redacted: tuple[str, ...] = ()
        if plain_from != 0 and may_hold_secret(frame if plain_from is None else frame[:plain_from]):
            frame, redacted = replace_secrets(frame)
        fields = (self._next_seq, at_ns, sender, frame, redacted, 0)
        self._next_seq += 1
        self._remember(fields)
        record = new_record(LogRecord, fields)
        for sink in self._sinks:
            try:
                sink.write(record)
            except Exception as error:
                self._detach(sink, error, record.seq)
        return record

    def _remember_some(self, fields: RecordFields) -> None:
        if self.keep == "without_audio":
            seq, at_ns, sender, frame, redacted, before = fields
            frame, left_out = leave_out_audio(frame)
            fields = (seq, at_ns, sender, frame, redacted, before + left_out)
        self._tally.add(fields)
        self._records.append(fields)

    # --- sinks ----------------------------------------------------------------------------------------------------

    def add_sink(self, sink: Sink | Callable[[LogRecord], object]) -> None:
        """From now on give every record to this sink, or call this callable with it. The log closes it."""
        self._sinks = (*self._sinks, as_sink(sink))

    def remove_sink(self, sink: Sink | Callable[[LogRecord], object]) -> None:
        """Give it no more records. It stays open, and is its owner's."""
        self._sinks = tuple(one for one in self._sinks if one != as_sink(sink))

    def close(self) -> None:
        """Close and detach the sinks. The log itself can still be read, and appended to."""
        sinks, self._sinks = self._sinks, ()
        for sink in sinks:
            try:
                sink.close()
            except Exception as error:
                self._report(SinkError(sink, error, self._next_seq))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _detach(self, sink: Sink, error: Exception, seq: int) -> None:
        self._sinks = tuple(one for one in self._sinks if one is not sink)
        with suppress(Exception):  # it has failed already, and that is what is reported
            sink.close()
        self._report(SinkError(sink, error, seq))

    def _report(self, failure: SinkError) -> None:
        self.sink_errors = (*self.sink_errors, failure)
        _logger.warning(
            "log sink %s failed at record %d and was detached: %s",
            type(failure.sink).__name__,
            failure.seq,
            _reason(failure.error),
        )
        if self.on_sink_error is not None:
            try:
                self.on_sink_error(failure)
            except Exception as error:
                _logger.warning("on_sink_error raised %s", type(error).__name__)

    # --- reading --------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[LogRecord]:
        kept = self._records if isinstance(self._records, list) else tuple(self._records)
        return map(_record, islice(kept, len(kept)))

    @overload
    def __getitem__(self, index: int) -> LogRecord: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[LogRecord, ...]: ...
    def __getitem__(self, index: int | slice) -> LogRecord | tuple[LogRecord, ...]:
        if isinstance(index, slice):
            kept = self._records if isinstance(self._records, list) else tuple(self._records)
            return tuple(map(_record, kept[index]))
        return _record(self._records[index])

    def __repr__(self) -> str:
        return f"<EventLog of {len(self)} records, keep={self.keep!r}>"

    def stats(self) -> LogStatistics:
        """The figures so far. Counts what came since the last call."""
        tally = self._count()
        return LogStatistics(
            records=tally.records,
            kept=len(self._records),
            dropped=tally.records - len(self._records),
            missing=tally.missing,
            by_sender=dict(tally.by_sender),
            bytes=tally.bytes,
            redacted=tally.redacted,
            audio_left_out=tally.audio_left_out,
            first_at_ns=tally.first_at_ns,
            last_at_ns=tally.last_at_ns,
            sink_errors=len(self.sink_errors),
            torn=self.torn,
        )

    def _count(self) -> Tally:
        """The tally, up to date: a log that keeps everything counts when it is asked."""
        if isinstance(self._records, list) and self.keep == "all":
            for record in self._records[self._tally.records :]:
                self._tally.add(record)
        return self._tally

    # --- files ----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, path: LogPath, *, keep: Keep = "all") -> Self:
        """The log of a file of ours, or of a capture (`{"sender", "event"}` or bare events, one a line); gzip too.

        A torn last line is left out and said in `torn`. LogFormatError for damage before the end, with its line;
        OSError if the file cannot be opened.
        """
        with LogStream(path) as stream:
            log = cls(stream.header, keep=keep)
            if keep == "all":
                log._records.extend(map(fields_of, stream))
            else:
                for record in stream:
                    log._remember_some(fields_of(record))
            log.torn = stream.torn
        log._next_seq = log._count().last_seq + 1
        return log

    @staticmethod
    def stream(path: LogPath) -> LogStream:
        """The records of a file one by one, in bounded memory: a LogStream, with `header` and `torn`."""
        return LogStream(path)

    def save(self, path: LogPath) -> None:
        """Write header and kept records to a file, whole or not at all: what was there before is replaced.

        Gzipped if the name ends in `.gz`; readable by its owner alone. OSError if it cannot be written.
        """
        with replacing(path) as output:
            write_whole(output, encode_header(self.header))
            for record in self:
                write_whole(output, encode_record(record))


def _reason(error: Exception) -> str:
    """What may be told of an error: its kind, and what the system says. Its message could quote a frame."""
    told = f": {os.strerror(error.errno)}" if isinstance(error, OSError) and error.errno is not None else ""
    return type(error).__name__ + told


def _store(keep: Keep) -> list[RecordFields] | deque[RecordFields]:
    match keep:
        case "all" | "without_audio":
            return []
        case "none":
            return deque(maxlen=0)
        case int() if keep >= 0:
            return deque(maxlen=keep)
        case _:
            raise ValueError("keep is `all`, `without_audio`, `none`, or how many records")

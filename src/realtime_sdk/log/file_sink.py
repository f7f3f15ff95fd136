"""A log file that grows while the session lives: one record, one append. Owns the file and the clock of its flushes."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from realtime_sdk.log.files import BUFFER_BYTES, LogPath, create, is_gzip, write_whole
from realtime_sdk.log.format import encode_header, encode_record
from realtime_sdk.log.records import LogHeader, LogRecord

__all__ = ["Durability", "FileSink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Durability:
    """What the end of the program, or of the machine, may cost. 0: at each record. None: only on close.

    A record that was flushed outlives the program, one that was synced outlives the machine. With an interval the
    flush comes with the first record after it (there is no timer: a quiet session keeps its last records back).
    """

    flush_every_ms: int | None = 0
    """Hand records to the operating system. None: when 64 kB have gathered, and on close."""
    fsync_every_ms: int | None = None
    """Have them on the disk. None: never, the operating system takes its time."""


class FileSink:
    """Writes each record to a file, as one line (docs/reference/log-format.md); gzipped if the name ends in `.gz`.

    The file is made at once, readable by its owner alone, and the header goes out with the first record.
    FileExistsError if there is a file with something in it (`replace=True` empties it); other OSErrors as from `open`.
    """

    def __init__(
        self,
        path: LogPath,
        header: LogHeader | None = None,
        *,
        durability: Durability = Durability(),
        replace: bool = False,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        is_local = isinstance(path, str | os.PathLike)
        if durability.fsync_every_ms is not None and not is_local:
            raise ValueError("only a file of this machine can be synced")
        self.path = path
        self._pending = encode_header(header or LogHeader())
        self._clock_ns = clock_ns
        self._flush_every_ns = _ns(durability.flush_every_ms)
        self._fsync_every_ns = _ns(durability.fsync_every_ms)
        self._flushed_ns = self._fsynced_ns = clock_ns()
        gzip = is_gzip(path)
        each = durability == Durability() and is_local and not gzip  # each write goes to the system, and that is all
        self._output = create(path, replace=replace, buffer_bytes=0 if each else BUFFER_BYTES, gzip=gzip)
        self._is_buffered = not each
        self._is_closed = False

    def __repr__(self) -> str:
        return f"FileSink({str(self.path)!r})"

    def write(self, record: LogRecord, /) -> None:
        """Append one record. OSError if the disk is full, and the like."""
        line = encode_record(record)
        if self._pending:
            line, self._pending = self._pending + line, b""
        write_whole(self._output, line)
        if self._is_buffered:
            self._settle()

    def close(self) -> None:
        """Flush, sync if records are synced at all, and close. A second time: nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            write_whole(self._output, self._pending)
            if self._fsync_every_ns is not None:
                self._sync()
        finally:
            self._output.close()

    def _settle(self) -> None:
        now_ns = self._clock_ns()
        if self._fsync_every_ns is not None and now_ns - self._fsynced_ns >= self._fsync_every_ns:
            self._sync()
            self._flushed_ns = self._fsynced_ns = now_ns
        elif self._flush_every_ns is not None and now_ns - self._flushed_ns >= self._flush_every_ns:
            self._output.flush()
            self._flushed_ns = now_ns

    def _sync(self) -> None:
        self._output.flush()
        os.fsync(self._output.fileno())


def _ns(interval_ms: int | None) -> int | None:
    return None if interval_ms is None else interval_ms * 1_000_000

"""A log file, record by record, in bounded memory. What is torn at its end is said; damage before that is raised."""

from collections.abc import Generator, Iterable, Iterator
from itertools import chain
from types import TracebackType
from typing import Final, Self

from realtime_sdk.errors import LogFormatError
from realtime_sdk.log.files import LogPath, open_input, read_chunks
from realtime_sdk.log.format import LONGEST_LINE, ReadLine, read_capture_line, read_start
from realtime_sdk.log.records import LogHeader, LogRecord

__all__ = ["LogStream"]

_OPENINGS: Final = (b"{", b"\xef\xbb\xbf{")


class LogStream(Iterable[LogRecord]):
    """The records of a file, one after the other, once; no more of the file is in memory than a few lines.

    `header` is there at once. `torn` says what was left out at the end, when the end has been reached (None: nothing).
    Damage before the end raises LogFormatError with the line. The file closes at its end, or with the context.
    """

    def __init__(self, path: LogPath) -> None:
        self.header = LogHeader(format=0)
        self.torn: str | None = None
        self._path = path
        self._is_whole = True
        self._file = open_input(path)
        try:
            self._lines = self._split()
            self._records = self._begin()
        except BaseException:
            self._file.close()
            raise

    def __iter__(self) -> Iterator[LogRecord]:
        return self._records

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; no more records come."""
        self._records.close()
        self._file.close()

    def _split(self) -> Generator[bytes]:
        """The lines without their ends. Before one that has no end comes, `_is_whole` turns False."""
        pieces: list[bytes] = []
        done = 0
        try:
            for chunk in read_chunks(self._file):
                head, line_end, rest = chunk.partition(b"\n")
                pieces.append(head)
                if line_end:
                    yield b"".join(pieces)
                    *whole, last = rest.split(b"\n")
                    yield from whole
                    pieces = [last]
                    done += 1 + len(whole)
                elif sum(map(len, pieces)) > LONGEST_LINE:
                    raise LogFormatError(f"the line is longer than {LONGEST_LINE} bytes")
        except EOFError:
            self.torn = "the gzip stream breaks off: its writer was stopped, or is still writing"
        except LogFormatError as error:
            raise self._located(error, done + 1) from None
        last = b"".join(pieces)
        if last:
            self._is_whole = False
            yield last

    def _begin(self) -> Generator[LogRecord]:
        number = 0
        try:
            for number, line in enumerate(self._lines, 1):
                if line.strip():
                    return self._begin_with(line, number)
        except LogFormatError as error:
            raise self._located(error, number or 1) from None
        return self._read(read_capture_line, 0, ())

    def _begin_with(self, line: bytes, number: int) -> Generator[LogRecord]:
        try:
            start = read_start(line)
        except LogFormatError:
            if self._is_whole or not line.startswith(_OPENINGS):
                raise
            self._tear(line, number)
            return self._read(read_capture_line, number, ())
        self.header = start.header
        return self._read(start.read_line, number - start.is_record, (line,) if start.is_record else ())

    def _read(self, read_line: ReadLine, number: int, first: Iterable[bytes]) -> Generator[LogRecord]:
        """The records of the lines after line `number`, which are `first` and those still to be read."""
        line, seq = b"", 0
        with self._file:
            try:
                for number, line in enumerate(chain(first, self._lines), number + 1):  # noqa: B007, B020
                    record = read_line(line, seq)
                    if record is None:
                        continue
                    if record.seq < seq:
                        raise LogFormatError(f"record {record.seq} stands after record {seq - 1}")
                    seq = record.seq + 1
                    yield record
            except LogFormatError as error:
                if self._is_whole:
                    raise self._located(error, number) from None
                self._tear(line, number)

    def _tear(self, line: bytes, number: int) -> None:
        self.torn = f"line {number} breaks off after {len(line)} bytes and is left out"

    def _located(self, error: LogFormatError, line: int) -> LogFormatError:
        if error.line is not None:
            return error
        return LogFormatError(f"{self._path}, line {line}: {error}", path=str(self._path), line=line)

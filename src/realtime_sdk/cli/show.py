"""`realtime-sdk show`: a log file, read to what it says, and printed for people or as JSON."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO

from pydantic_core import to_json

from realtime_sdk.audio.packed import open_log
from realtime_sdk.cli.conversation import conversation
from realtime_sdk.cli.ending import MISUSED, Ending
from realtime_sdk.cli.lines import Line, print_lines
from realtime_sdk.cli.remarks import heading, remarks
from realtime_sdk.dialects import get
from realtime_sdk.errors import LocalProtocolError, LogFormatError
from realtime_sdk.fold import reader_of
from realtime_sdk.log import LogPath
from realtime_sdk.state import RealtimeState, summary

__all__ = ["Reading", "lines", "read", "show"]

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a log says after some of its records, or after all."""

    state: RealtimeState
    dialect: str
    records: int
    torn: str | None = None
    """What was left out at the end of the file; None if nothing was, or the end was not reached."""


class _StandardInput:
    """Standard input in the shape of a path."""

    def open(self, mode: str, /) -> IO[bytes]:
        return sys.stdin.buffer

    def __str__(self) -> str:
        return "standard input"


def show(log: str, *, at: int | None, as_json: bool, dialect: str | None) -> None:
    """Print what a log file says. Raises an Ending, OSError or LogFormatError where it cannot be."""
    reading = read(_StandardInput() if log == STANDARD_INPUT else log, at=at, dialect=dialect)
    if as_json:
        _print_json(reading)
    else:
        print_lines(lines(reading))


def read(log: LogPath, *, at: int | None = None, dialect: str | None = None) -> Reading:
    """What a log says after `at` records, or after all. Only the state is kept, none of the records."""
    _check_dialect(dialect)
    with open_log(log) as stream:
        try:
            reader, records = reader_of(stream, dialect=dialect)
        except LocalProtocolError as error:
            raise Ending(f"the log names its dialect, and {error} (--dialect reads it as another)") from None
        count = 0
        try:
            for count, record in enumerate(islice(records, at), 1):  # noqa: B007
                reader.step(record)
        except LogFormatError as error:
            raise Ending(f"{error}{f' (--at {count} shows what stands before it)' if count else ''}") from None
        if at is not None and at > count:
            raise Ending(f"--at {at} is beyond the end: the log has {count} record{'s' * (count != 1)}", MISUSED)
        return Reading(reader.state, reader.dialect.name, count, stream.torn)


def _check_dialect(name: str | None) -> None:
    try:
        if name is not None:
            get(name)
    except LocalProtocolError as error:
        raise Ending(str(error), MISUSED) from None


def lines(reading: Reading) -> Iterator[Line]:
    """A reading for people: which session, the conversation, and what there is to say about it."""
    yield heading(reading.state, dialect=reading.dialect, records=reading.records)
    yield from conversation(reading.state)
    yield from remarks(reading.state)
    if reading.torn is not None:
        yield Line("torn", reading.torn)


def _print_json(reading: Reading) -> None:
    """One object in UTF-8, whatever the encoding of stdout is; what is no part of it goes to stderr."""
    whole = to_json(summary(reading.state, dialect=reading.dialect), indent=2)
    sys.stdout.flush()
    sys.stdout.buffer.write(whole + b"\n")
    if reading.torn is not None:
        print(f"realtime-sdk: {reading.torn}", file=sys.stderr)

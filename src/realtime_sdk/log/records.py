"""What a log is made of: record, header, figures. Values only: no file, no clock, nothing that knows an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple, TypeAlias, cast

__all__ = [
    "FORMAT",
    "SENDERS",
    "LogHeader",
    "LogRecord",
    "LogStatistics",
    "RecordFields",
    "Sender",
    "Tally",
    "fields_of",
    "new_record",
]

Sender: TypeAlias = Literal["client", "server", "local"]
"""Who said a frame: we (`client`), the other side (`server`), or nobody on the wire (`local`: what we noted)."""

SENDERS: Final[tuple[Sender, ...]] = ("client", "server", "local")
FORMAT: Final = 1
"""The format that this package writes; it reads this one and all before it."""


class LogRecord(NamedTuple):
    """One frame as it was said, with its place and time. A tuple, because one is made for every frame."""

    seq: int
    """Place in the session, from 0. A bounded log keeps the places of what it still holds."""
    at_ns: int | None
    """Nanoseconds since the start of the log, monotonic; None where a capture has no times."""
    sender: Sender
    """`client`, `server` or `local`."""
    frame: bytes
    """The frame as received or sent, byte for byte, but for `redacted` and `audio_left_out`."""
    redacted: tuple[str, ...] = ()
    """JSON pointers (RFC 6901) to the strings in which a secret was replaced; `""` is the frame as a whole."""
    audio_left_out: int = 0
    """How many characters of base64 audio were left out of the frame (4 for 3 bytes of sound); padding stays."""


RecordFields: TypeAlias = tuple[int, int | None, Sender, bytes, tuple[str, ...], int]
"""The fields of a LogRecord as a plain tuple: what a log holds, because the garbage collector need not visit it."""

new_record: Final = cast("Callable[[type[LogRecord], RecordFields], LogRecord]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType]
"""A record of its fields, at half the price of calling the class."""
fields_of: Final = cast("Callable[[LogRecord], RecordFields]", tuple)
"""The fields of a record, as a plain tuple."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogHeader:
    """What holds for a whole log. The wall clock stands here alone; records count from it."""

    format: int = FORMAT
    """The format of the file it was read from; 0 for a capture, which has no header."""
    dialect: str | None = None
    """Name of the dialect the frames are in; None if unknown."""
    spec: str | None = None
    """Stamp of the specification that the writer knew."""
    sdk: str | None = None
    """Version of the writer."""
    started_at: str | None = None
    """When `at_ns` was 0: RFC 3339, UTC."""
    meta: Mapping[str, object] = field(default_factory=dict[str, object])
    """Anything of the writer's that JSON can say. Secrets in it are replaced in the file, as in frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatistics:
    """The figures of a log, over all that was appended, kept or not."""

    records: int
    """Records appended (or read)."""
    kept: int
    """Records that are in memory."""
    dropped: int
    """Records that the memory policy let go."""
    missing: int
    """Places between the first and the last record that no record has (a file with lines cut out)."""
    by_sender: Mapping[Sender, int]
    bytes: int
    """Bytes of all frames as recorded: redacted, and without the audio that was left out."""
    redacted: int
    """Records in which a secret was replaced."""
    audio_left_out: int
    """Records whose audio was left out."""
    first_at_ns: int | None
    last_at_ns: int | None
    sink_errors: int
    torn: str | None
    """What was left out at the end of the file this log was read from; None if it ended well."""


class Tally:
    """Counts records one by one. The figures that do not need the records any more."""

    __slots__ = (
        "audio_left_out",
        "by_sender",
        "bytes",
        "first_at_ns",
        "first_seq",
        "last_at_ns",
        "last_seq",
        "records",
        "redacted",
    )

    def __init__(self) -> None:
        self.records = 0
        self.bytes = 0
        self.redacted = 0
        self.audio_left_out = 0
        self.by_sender: dict[Sender, int] = dict.fromkeys(SENDERS, 0)
        self.first_at_ns: int | None = None
        self.last_at_ns: int | None = None
        self.first_seq = 0
        self.last_seq = -1

    def add(self, record: RecordFields) -> None:
        """Count one record."""
        seq, at_ns, sender, frame, redacted, audio_left_out = record
        if not self.records:
            self.first_seq = seq
        self.last_seq = seq
        self.records += 1
        self.bytes += len(frame)
        self.by_sender[sender] += 1
        if redacted:
            self.redacted += 1
        if audio_left_out:
            self.audio_left_out += 1
        if at_ns is not None:
            self.last_at_ns = at_ns
            if self.first_at_ns is None:
                self.first_at_ns = at_ns

    @property
    def missing(self) -> int:
        """Places between the first and the last record that no record has."""
        return self.last_seq + 1 - self.first_seq - self.records

"""What a log expects of the client, and whether a frame is that. Pure: no waiting, no clock.

A `Script` only ever moves on: a frame that does not fit raises ReplayMismatch and leaves it as it was.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, Protocol, cast

from pydantic_core import from_json

from realtime_sdk.errors import ReplayMismatch
from realtime_sdk.log.audio_payload import leave_out_audio
from realtime_sdk.log.redaction import redact

__all__ = ["Check", "Record", "Script", "event_of", "same_json", "value_of"]

Check = Literal["strict", "lenient", "off"]

# A client cuts its audio into frames as it likes: in lenient mode any number of these is as good as the log's.
APPENDS = frozenset({"input_audio_buffer.append", "session.input_audio_buffer.append"})


class Record(Protocol):
    """What is asked of a log's record (`realtime_sdk.log.LogRecord` is one)."""

    @property
    def seq(self) -> int:
        """Its place in the log."""
        ...

    @property
    def at_ns(self) -> int | None:
        """Nanoseconds since the log's start, None where a capture has no times."""
        ...

    @property
    def sender(self) -> str:
        """ "client", "server" or "local"."""
        ...

    @property
    def frame(self) -> bytes:
        """The frame as it was."""
        ...


def value_of(frame: bytes) -> object:
    """The JSON value of a frame, or the bytes themselves where they are no JSON."""
    try:
        return cast("object", from_json(frame))
    except ValueError:
        return frame


def event_of(frame: bytes) -> Mapping[str, object] | None:
    """The JSON object of a frame, None where it is none."""
    return _object(value_of(frame))


def same_json(one: object, other: object) -> bool:
    """Whether two JSON values are the same: true is not 1, while 1 is 1.0 (JSON has one kind of number)."""
    ours, theirs = _object(one), _object(other)
    if ours is not None and theirs is not None:
        return ours.keys() == theirs.keys() and all(same_json(value, theirs[key]) for key, value in ours.items())
    left, right = _array(one), _array(other)
    if left is not None and right is not None:
        return len(left) == len(right) and all(map(same_json, left, right))
    return one == other and isinstance(one, bool) == isinstance(other, bool)


# A value out of JSON is of the type that isinstance shows, with str keys: the casts say no more than that.


def _object(value: object) -> dict[str, object] | None:
    return cast("dict[str, object]", value) if isinstance(value, dict) else None


def _array(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


@dataclass(frozen=True, slots=True)
class Slot:
    """Client records that one frame ticks off: a single one, or in lenient mode a whole run of audio appends."""

    records: tuple[Record, ...]
    type: str | None

    @property
    def first(self) -> Record:
        """The record that stands for the slot."""
        return self.records[0]


class Script:
    """The client's records in a log, ticked off as the client sends."""

    def __init__(self, records: Iterable[Record], *, check: Check, event_ids: bool) -> None:
        self._slots = () if check == "off" else _slots(records, runs=check == "lenient")
        self._open: dict[str | None, deque[int]] = {}
        for place, slot in enumerate(self._slots):
            self._open.setdefault(slot.type, deque()).append(place)
        self._done = [False] * len(self._slots)
        self._first_open = 0
        self._matched = 0
        self._appended = False
        self._event_ids = event_ids
        self._find = _FINDERS[check]

    @property
    def unmatched(self) -> tuple[Record, ...]:
        """The client's records that no frame was sent for, in the log's order."""
        open_slots = (slot for slot, done in zip(self._slots, self._done, strict=True) if not done)
        return tuple(record for slot in open_slots for record in slot.records)

    @property
    def matched(self) -> int:
        """How many of the client's records are ticked off without a gap before them."""
        return self._matched

    @property
    def next(self) -> Record | None:
        """The first of the client's records that is still to come, None when all are ticked off."""
        return self._slots[self._first_open].first if self._first_open < len(self._slots) else None

    def take(self, frame: bytes) -> None:
        """Tick off what the frame stands for. Raises ReplayMismatch when the log has no such frame here."""
        place = self._find(self, frame)
        if place is not None:
            self._open[self._slots[place].type].remove(place)
            self._done[place] = True
        while self._first_open < len(self._done) and self._done[self._first_open]:
            self._matched += len(self._slots[self._first_open].records)
            self._first_open += 1

    def _strict(self, frame: bytes) -> int | None:
        expected = self.next
        if expected is None:
            raise self._mismatch("the log has no further frame of the client", frame)
        if frame != expected.frame and not self._same(expected, frame):
            raise self._mismatch("the client sent something else than the log says", frame)
        return self._first_open

    def _lenient(self, frame: bytes) -> int | None:
        kind = _type(frame)
        places = self._open.get(kind)
        if kind in APPENDS and places is not None:
            return self._run_for_append(places)
        if not places:
            raise self._mismatch("the log has no such frame of the client any more", frame)
        return places[0]

    def _run_for_append(self, places: Sequence[int]) -> int | None:
        """The run that an append opens, None for one more chunk of a run: a later run waits for all before it."""
        if not places or (self._appended and self._first_open < places[0]):
            return None
        self._appended = True
        return places[0]

    def _same(self, expected: Record, frame: bytes) -> bool:
        one, other = value_of(expected.frame), value_of(_as_recorded(expected, frame))
        if not self._event_ids:
            one, other = _without_event_id(one), _without_event_id(other)
        return same_json(one, other)

    def _mismatch(self, message: str, frame: bytes) -> ReplayMismatch:
        record = self.next
        where = "" if record is None else f"; record {record.seq} is {_named(record.frame)}"
        return ReplayMismatch(
            f"{message}: got {_named(frame)}{where}",
            seq=None if record is None else record.seq,
            expected=None if record is None else event_of(record.frame),
            got=value_of(frame),
        )


_FINDERS: Mapping[Check, Callable[[Script, bytes], int | None]] = {
    "strict": Script._strict,
    "lenient": Script._lenient,
    "off": lambda script, frame: None,
}


def _slots(records: Iterable[Record], *, runs: bool) -> tuple[Slot, ...]:
    singles = [Slot((record,), _type(record.frame)) for record in records if record.sender == "client"]
    if not runs:
        return tuple(singles)
    grouped = ((kind, tuple(group)) for kind, group in groupby(singles, lambda slot: slot.type))
    return tuple(slot for kind, group in grouped for slot in (_joined(group) if kind in APPENDS else group))


def _joined(slots: Sequence[Slot]) -> tuple[Slot]:
    return (Slot(tuple(slot.first for slot in slots), slots[0].type),)


def _type(frame: bytes) -> str | None:
    found = (event_of(frame) or {}).get("type")
    return found if isinstance(found, str) else None


def _named(frame: bytes) -> str:
    return _type(frame) or "a frame that is no event"


def _as_recorded(record: Record, frame: bytes) -> bytes:
    """The frame as the log would have kept it: without secrets or audio where the record is without them."""
    if getattr(record, "redacted", ()):
        frame, _ = redact(frame)
    if getattr(record, "audio_left_out", 0):
        frame, _ = leave_out_audio(frame)
    return frame


def _without_event_id(value: object) -> object:
    members = _object(value)
    return value if members is None else {name: member for name, member in members.items() if name != "event_id"}

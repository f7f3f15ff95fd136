"""Where sound lies on the time line: one speaker's pieces put on a tape, in order, never one over the other.

A piece goes where its time says, or right behind the one before where that is still sounding. No clock, no event.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pcm import Joiner
from realtime_sdk.audio.tape import Tape

if TYPE_CHECKING:
    from realtime_sdk.audio.resample import Recoder

__all__ = ["Lane", "PartKey"]

PartKey: TypeAlias = tuple[str, int]
"""Which part of an item: its id, and the content index."""

_REMEMBERED = 256


@dataclass(slots=True)
class _Run:
    """Pieces without a gap between them, in one wire format."""

    wire: WireFormat
    start: int
    taken: int = 0
    given: int = 0
    recoder: Recoder | None = None


@dataclass(slots=True)
class _Spot:
    """Where the pieces of one part of an item lie: (first sample, samples), in order."""

    joiner: Joiner
    wire: WireFormat
    stretches: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    heard_ms: int | None = None
    cut: bool = False


class Lane:
    """One speaker's sound on a tape at 24 kHz.

    `slack_ms` is how late a piece may come and still follow the one before without a gap (a microphone's jitter).
    Of the parts that were placed, the last 256 can still be cut.
    """

    def __init__(self, *, slack_ms: int = 0) -> None:
        self.tape = Tape(PCM.pcm)
        self._slack = PCM.pcm.samples_in_ms(slack_ms)
        self._run: _Run | None = None
        self._spots: OrderedDict[PartKey, _Spot] = OrderedDict()
        self._floor = 0
        self.end: int = 0
        self.cuts: list[tuple[PartKey, int, int]] = []
        """(part, ms heard, ms placed) of each part that was cut short."""

    def place(self, key: PartKey, sound: bytes, wire: WireFormat, at: int) -> None:
        """Put a piece of the part `key`, cut anywhere, at sample `at` or behind the last one; not if it was cut."""
        spot = self._spot(key, wire)
        whole = spot.joiner.feed(sound)
        if spot.cut or not whole:
            return
        run = self._run_at(wire, at)
        start = self.end
        self._write(run, whole)
        if spot.stretches and sum(spot.stretches[-1]) == start:
            start = spot.stretches.pop()[0]
        spot.stretches.append((start, self.end - start))

    def heard(self, key: PartKey, heard_ms: int) -> None:
        """The part was heard as far as this, by what is known so far."""
        spot = self._spots.get(key)
        if spot is not None:
            spot.heard_ms = max(heard_ms, spot.heard_ms or 0)

    def keys_of(self, item_id: str) -> list[PartKey]:
        """The parts that are known of an item."""
        return [key for key in self._spots if key[0] == item_id]

    def is_reported(self, key: PartKey) -> bool:
        """Whether `heard` was said of this part."""
        spot = self._spots.get(key)
        return spot is not None and spot.heard_ms is not None

    def placed_ms(self, key: PartKey) -> int | None:
        """How much of the part was placed; None if nothing of it is known."""
        spot = self._spots.get(key)
        return None if spot is None else PCM.pcm.ms_in_samples(sum(count for _, count in spot.stretches))

    def elapsed_ms(self, key: PartKey, at: int) -> int:
        """How much of the part had sounded by sample `at`."""
        spot = self._spots.get(key)
        stretches = spot.stretches if spot else []
        return PCM.pcm.ms_in_samples(sum(min(max(at - start, 0), count) for start, count in stretches))

    def cut(self, key: PartKey, heard_ms: int) -> None:
        """Silence the part from `heard_ms` after its beginning, and leave out what still comes of it."""
        spot = self._spots.get(key)
        if spot is None:
            return
        if heard_ms < (placed_ms := self.placed_ms(key) or 0):
            self.cuts.append((key, heard_ms, placed_ms))
        self._end_run()
        spot.cut = True
        left = PCM.pcm.samples_in_ms(heard_ms)
        kept: list[tuple[int, int]] = []
        for start, count in spot.stretches:
            stays = min(count, left)
            left -= stays
            self.tape.silence(start + stays, start + count)
            if stays:
                kept.append((start, stays))
        spot.stretches = kept
        self.end = max((start + count for each in self._spots.values() for start, count in each.stretches), default=0)
        self.end = max(self.end, self._floor)

    def finish(self) -> None:
        """Write what is still on its way. With `heard` known of a part, what was not heard of it goes."""
        self._end_run()
        for key in list(self._spots):
            self.settle(key)
        self.tape.trim(self.end)

    def settle(self, key: PartKey) -> None:
        """Nothing more will be heard of this part: cut it where it was last heard, if that was reported."""
        spot = self._spots[key]
        if spot.heard_ms is not None and not spot.cut and spot.heard_ms < (self.placed_ms(key) or 0):
            self.cut(key, spot.heard_ms)

    def _spot(self, key: PartKey, wire: WireFormat) -> _Spot:
        spot = self._spots.get(key)
        if spot is None:
            if len(self._spots) >= _REMEMBERED:
                self._forget_oldest()
            spot = self._spots[key] = _Spot(Joiner(wire.sample_size), wire)
        return spot

    def _forget_oldest(self) -> None:
        oldest = next(iter(self._spots))
        self.settle(oldest)
        stretches = self._spots.pop(oldest).stretches
        self._floor = max([self._floor, *(start + count for start, count in stretches)])

    def _run_at(self, wire: WireFormat, at: int) -> _Run:
        if self._run is None or self._run.wire != wire or at > self.end + self._slack:
            self._end_run()
            self._run = _Run(wire, max(at, self.end), recoder=_recoder(wire))
            self.end = self._run.start
        return self._run

    def _write(self, run: _Run, whole: bytes) -> None:
        run.taken += len(whole) // run.wire.sample_size
        self._give(run, whole if run.recoder is None else run.recoder.feed(whole))
        self.end = run.start + run.taken * PCM.rate_hz // run.wire.rate_hz

    def _give(self, run: _Run, pcm: bytes) -> None:
        self.tape.write(run.start + run.given, pcm)
        run.given += len(pcm) // PCM.sample_size

    def _end_run(self) -> None:
        run, self._run = self._run, None
        if run is not None and run.recoder is not None:
            self._give(run, run.recoder.finish())


def _recoder(wire: WireFormat) -> Recoder | None:
    """None for the tape's own format: the core install is enough for it."""
    if wire == PCM:
        return None
    from realtime_sdk.audio.resample import Recoder

    return Recoder(wire, PCM)

"""What was heard of what was said, to the millisecond. Counting only: no clock, no device, no thread, no numpy.

Sound goes through three counts: received (`feed`), queued (`take`: handed to a device or a line) and heard (`tick`,
`played` or `reached`, whichever the outlet can tell). heard ≤ queued ≤ received holds for every item after every call.
"""

from collections import deque
from dataclasses import dataclass

from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pcm import Joiner

__all__ = ["Mark", "PlaybackBuffer", "Position"]

_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Position:
    """How far one content part of an item is: whole milliseconds, counted from its beginning.

    `cut` says that an interruption took some of it away: what was not heard by then never will be.
    """

    item_id: str
    content_index: int
    received_ms: int
    queued_ms: int
    heard_ms: int
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the line to an outlet that says when it came by; void after an interruption."""

    life: int
    taken: int


@dataclass(slots=True)
class _Part:
    """The counts of one content part, in bytes, and the pieces that are not taken yet, the first from `offset` on."""

    order: int
    item_id: str
    content_index: int
    life: int
    joiner: Joiner
    received: int = 0
    queued: int = 0
    heard: int = 0
    reported_ms: int = 0
    waiting: deque[bytes] | None = None
    offset: int = 0

    def keep(self, piece: bytes) -> None:
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(piece)

    def next(self, size: int) -> bytes:
        """Up to `size` bytes of the first piece that waits. There must be one."""
        assert self.waiting
        first = self.waiting[0]
        piece = first[self.offset : self.offset + size]
        self.offset += len(piece)
        if self.offset == len(first):
            self.waiting.popleft()
            self.offset = 0
        if not self.waiting:
            self.waiting = None
        return piece


@dataclass(slots=True)
class _Stretch:
    """Bytes of one part between queue and ear."""

    part: _Part
    size: int


class PlaybackBuffer:
    """The assistant's sound in the order in which it plays, and how much of each item was heard.

    An outlet takes: `take` gives it bytes; it tells what was heard with `played` or `reached`, or the clock does with
    `tick`. With `direct` there is no outlet: sound counts as queued when it is fed and is not kept, and `tick` hears it
    in real time, or in virtual time: any clock that counts nanoseconds.
    `latency_ms` is how long after it was queued sound is heard, for `tick`.
    """

    def __init__(self, wire: WireFormat = PCM, *, direct: bool = False, latency_ms: int = 0) -> None:
        self._wire = wire
        self._direct = direct
        self._latency_ns = latency_ms * 1_000_000
        self._parts: dict[tuple[str, int], _Part] = {}
        # Each interruption ends a life; of an item, only what is fed in the life it began in is played.
        self._lives: dict[str, int] = {}
        # Of all parts, those with something unheard, and those that were heard further since their last report: what
        # is asked often looks at these alone, however long the conversation.
        self._unheard: dict[int, _Part] = {}
        self._news: dict[int, _Part] = {}
        self._current: _Part | None = None
        self._line: deque[_Stretch] = deque()
        self._life = 0
        self._taken = 0
        self._heard = 0
        self._now_ns: int | None = None
        self._anchor: tuple[int, int] | None = None

    @property
    def wire(self) -> WireFormat:
        """The format of what is fed and taken."""
        return self._wire

    @property
    def playing(self) -> bool:
        """Whether anything is unheard, be it less than a millisecond."""
        return bool(self._unheard)

    @property
    def waiting_ms(self) -> int:
        """Sound that was fed and not yet taken."""
        return self._wire.ms_in_bytes(sum(part.received - part.queued for part in self._unheard.values()))

    @property
    def unheard_ms(self) -> int:
        """Sound that was fed and not yet heard: what an interruption now would cut off."""
        return self._wire.ms_in_bytes(sum(part.received - part.heard for part in self._unheard.values()))

    def feed(self, item_id: str, content_index: int, sound: bytes, *, at_ns: int | None = None) -> bool:
        """Take in a delta, cut anywhere; False if its item began before an interruption: it will not be played.

        `at_ns` ticks first: without it, a pause before this delta may be counted as heard sound.
        """
        self._tick_to(at_ns)
        part = self._part(item_id, content_index)
        whole = part.joiner.feed(sound)
        part.received += len(whole)
        if part.life < self._life or not whole:
            return part.life == self._life
        self._unheard[part.order] = part
        if self._direct:
            self._send(part, len(whole))
        else:
            part.keep(whole)
        return True

    def take(self, size: int, *, at_ns: int | None = None) -> bytes:
        """Up to `size` bytes to play now, whole samples; fewer if no more are there.

        Items play in the order of their first delta; one that runs dry lets the next one play.
        """
        self._tick_to(at_ns)
        left = size - size % self._wire.sample_size
        taken: list[bytes] = []
        while left > 0 and (part := self._next_part()) is not None:
            piece = part.next(left)
            self._send(part, len(piece))
            taken.append(piece)
            left -= len(piece)
        return b"".join(taken)

    def mark(self) -> Mark:
        """The place behind everything taken so far."""
        return Mark(self._life, self._taken)

    def reached(self, mark: Mark) -> None:
        """All that was taken before `mark` has been heard. A mark from before an interruption says nothing."""
        if mark.life == self._life:
            self._hear(mark.taken - self._heard)

    def played(self, size: int) -> None:
        """`size` more bytes of what was taken have been heard."""
        self._hear(size)

    def tick(self, at_ns: int) -> None:
        """It is `at_ns`: what was queued was playing in real time until now. A clock that goes back changes nothing."""
        if self._now_ns is not None and at_ns <= self._now_ns:
            return
        self._now_ns = at_ns
        if not self._line:
            return
        anchor_ns, anchor_heard = self._anchor = self._anchor or self._anchored(at_ns)
        samples = max(at_ns - anchor_ns, 0) * self._wire.rate_hz // _NS
        self._hear(anchor_heard + samples * self._wire.sample_size - self._heard)

    def clear(self, *, at_ns: int | None = None) -> tuple[Position, ...]:
        """Stop at once: nothing unheard will be played. What was cut, in playing order; empty if all was heard.

        One with `heard_ms` 0 was not heard at all. Deltas that still come are not played, be it of an item that was
        heard as far as it had come.
        """
        self._tick_to(at_ns)
        cut = sorted(self._unheard.values(), key=lambda part: part.order)
        for part in cut:
            part.queued = part.heard
            part.waiting, part.offset = None, 0
            self._news[part.order] = part
        self._unheard.clear()
        self._line.clear()
        self._current, self._anchor = None, None
        self._life, self._taken, self._heard = self._life + 1, 0, 0
        return tuple(map(self._position, cut))

    def position(self, item_id: str, content_index: int = 0) -> Position | None:
        """How far this part is; None if no sound of it came."""
        part = self._parts.get((item_id, content_index))
        return None if part is None else self._position(part)

    def positions(self) -> tuple[Position, ...]:
        """All parts, in the order of their first delta."""
        return tuple(map(self._position, self._parts.values()))

    def reports(self, *, step_ms: int = 1) -> tuple[Position, ...]:
        """The parts that were heard `step_ms` further than last reported, or by less to their end or their cut."""
        news = self._news.values()
        ripe = [part for part in news if self._gained_ms(part) >= (1 if self._is_over(part) else step_ms)]
        for part in ripe:
            part.reported_ms += self._gained_ms(part)
        self._news = {order: part for order, part in self._news.items() if self._gained_ms(part) > 0}
        return tuple(map(self._position, sorted(ripe, key=lambda part: part.order)))

    def _part(self, item_id: str, content_index: int) -> _Part:
        part = self._parts.get((item_id, content_index))
        if part is None:
            life = self._lives.setdefault(item_id, self._life)
            part = _Part(len(self._parts), item_id, content_index, life, Joiner(self._wire.sample_size))
            self._parts[item_id, content_index] = part
        return part

    def _position(self, part: _Part) -> Position:
        ms = self._wire.ms_in_bytes
        received_ms, queued_ms, heard_ms = ms(part.received), ms(part.queued), ms(part.heard)
        return Position(part.item_id, part.content_index, received_ms, queued_ms, heard_ms, cut=self._is_cut(part))

    def _gained_ms(self, part: _Part) -> int:
        """How much further the part was heard than reported."""
        return self._wire.ms_in_bytes(part.heard) - part.reported_ms

    def _is_cut(self, part: _Part) -> bool:
        return part.life < self._life and part.heard < part.received

    def _is_over(self, part: _Part) -> bool:
        """Whether nothing more is to be heard of the part as it is now."""
        return part.life < self._life or part.heard == part.received

    def _next_part(self) -> _Part | None:
        if self._current is None or not self._current.waiting:
            ready = (part for part in self._unheard.values() if part.waiting)
            self._current = min(ready, key=lambda part: part.order, default=None)
        return self._current

    def _send(self, part: _Part, size: int) -> None:
        part.queued += size
        self._taken += size
        if not self._line and self._now_ns is not None:
            self._anchor = self._anchored(self._now_ns)
        if self._line and self._line[-1].part is part:
            self._line[-1].size += size
        else:
            self._line.append(_Stretch(part, size))

    def _hear(self, size: int) -> None:
        while size > 0 and self._line:
            stretch = self._line[0]
            gone = min(size, stretch.size)
            stretch.part.heard += gone
            stretch.size -= gone
            self._heard += gone
            size -= gone
            self._note(stretch.part)
            if stretch.size == 0:
                self._line.popleft()
        if not self._line:
            self._anchor = None

    def _note(self, part: _Part) -> None:
        self._news[part.order] = part
        if part.heard == part.received:
            self._unheard.pop(part.order, None)

    def _anchored(self, at_ns: int) -> tuple[int, int]:
        """Sound on a line that was dry plays from now on, and what was heard before stays heard."""
        return at_ns + self._latency_ns, self._heard

    def _tick_to(self, at_ns: int | None) -> None:
        if at_ns is not None:
            self.tick(at_ns)

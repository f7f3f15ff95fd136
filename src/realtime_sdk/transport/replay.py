"""A transport that speaks a log: it says what the server said, and checks that the client says what it said.

Knows records (seq, time, sender, frame) and no events but the local one that tells how the connection ended.
The clock is anyio's, so virtual time works.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TypeVar

import anyio
from anyio.lowlevel import checkpoint

from realtime_sdk.errors import ConnectionClosed, ReplayMismatch
from realtime_sdk.transport.closing import ABNORMAL, NORMAL, Close, closed_by_peer, closed_here
from realtime_sdk.transport.script import Check, Record, Script, event_of

__all__ = ["ReplayTransport", "connections"]

R = TypeVar("R", bound=Record)

CLOSED = "local.connection_closed"


def connections(records: Iterable[R]) -> Iterator[tuple[R, ...]]:
    """The records connection by connection: each part ends with its `local.connection_closed`, but perhaps the last.

    A log of a session that reconnected holds several; one ReplayTransport speaks one.
    """
    part: list[R] = []
    for record in records:
        part.append(record)
        if _recorded_close(record) is not None:
            yield tuple(part)
            part = []
    if part:
        yield tuple(part)


class ReplayTransport:
    """A `Transport` over the records of one connection (of the first, where there are more; see `connections`).

    `check`: "strict" wants the client's frames as recorded and in order (the same JSON value, leaving aside
    what was redacted and, unless `event_ids`, the `event_id`); "lenient" wants the same types, in order for each
    type, with audio appends cut in any way; "off" takes anything. Server frames wait until the client's frames
    that stand before them were sent, unless `check` is "off".

    `speed`: 1 as recorded, 2 twice as fast, None (default) without waiting. Records without a time do not wait.

    At the end `receive` raises as the recorded close says, ConnectionClosed with 1000 where none is recorded. Where it
    was the client that closed, `receive` waits for `aclose`, and gives what was received before that close until then.
    """

    def __init__(
        self,
        records: Iterable[Record],
        *,
        check: Check = "strict",
        speed: float | None = None,
        event_ids: bool = False,
    ) -> None:
        if speed is not None and not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        played = next(connections(records), ())
        self._script = Script(played, check=check, event_ids=event_ids)
        self._strict = check == "strict"
        self._cues = tuple(_cues(played, gated=check != "off"))
        self._said = 0
        self._pace = _Pace(speed, next((record.at_ns for record in played if record.at_ns is not None), None))
        self._closed: ConnectionClosed | None = None
        self._ended: ConnectionClosed | None = None
        self._reported = False
        self._changed = anyio.Event()
        self._reading = anyio.ResourceGuard("receiving from")

    def __repr__(self) -> str:
        state = "open" if self._end is None else "closed"
        return f"<ReplayTransport {state}, {self._said} of {len(self._cues) - 1} server frames said>"

    @property
    def unmatched(self) -> tuple[Record, ...]:
        """The client's records that nothing was sent for (empty when `check` is "off"), in the log's order."""
        return self._script.unmatched

    @property
    def waiting_for(self) -> Record | None:
        """The first of the client's records that is still to come: what a `receive` that does not return waits for."""
        return self._script.next

    async def send(self, frame: bytes) -> None:
        """Check a frame against the log. Raises ReplayMismatch(seq, expected, got) where they differ."""
        await checkpoint()
        self._raise_if_ended()
        try:
            self._script.take(frame)
        except ReplayMismatch:
            self._reported = True
            raise
        self._pace.heard(self._script.matched)
        self._tell()

    async def receive(self) -> bytes:
        """The next server frame, once the client's frames before it were sent and its time has come."""
        with self._reading:
            await checkpoint()
            cue = self._cues[self._said]
            while self._script.matched < cue.gate or cue.is_ours:
                await self._change()
            while (wait_s := self._pace.wait_s(cue)) > 0:
                with anyio.move_on_after(wait_s):
                    await self._change()
            if not self._cues[-1].is_ours:  # else what came before the client's close comes before this one too
                self._ended = self._end or cue.end
                self._raise_if_ended()
            self._said += 1
            self._pace.said(cue)
            return cue.frame or b""

    async def aclose(self, code: int = 1000, reason: str = "") -> None:
        """End the replay. Raises ReplayMismatch once when `check` is "strict" and client frames are left over."""
        if self._end is None:
            self._closed = closed_here(Close(code, reason))
            self._tell()
        await checkpoint()
        left, reported, self._reported = self.unmatched, self._reported, True
        if self._strict and left and not reported:
            raise ReplayMismatch(
                f"the client closed with {len(left)} of the log's frames unsent, from record {left[0].seq} on",
                seq=left[0].seq,
                expected=event_of(left[0].frame),
            )

    async def _change(self) -> None:
        self._raise_if_ended()
        await self._changed.wait()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def _end(self) -> ConnectionClosed | None:
        return self._ended or self._closed

    def _raise_if_ended(self) -> None:
        if self._end is not None:
            raise copy(self._end)


@dataclass(frozen=True, slots=True)
class _Cue:
    """What the server says next, or (without a frame) how it ends the connection; with neither the client ends it.

    `gate` client records stand before it; `gate_at_ns` is the time of the last of them.
    """

    frame: bytes | None
    at_ns: int | None
    gate: int
    gate_at_ns: int | None
    end: ConnectionClosed | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the server says nothing more, and the client ends the connection."""
        return self.frame is None and self.end is None


def _cues(records: Sequence[Record], *, gated: bool) -> Iterator[_Cue]:
    gate, gate_at_ns = 0, None
    for record in records:
        if record.sender == "client" and gated:
            gate, gate_at_ns = gate + 1, record.at_ns
        elif record.sender == "server":
            yield _Cue(record.frame, record.at_ns, gate, gate_at_ns)
        elif (close := _recorded_close(record)) is not None:
            end = None if close.get("by") == "client" else _end_of(close)
            yield _Cue(None, record.at_ns, gate, gate_at_ns, end)
            return
    yield _Cue(None, None, gate, gate_at_ns, closed_by_peer(Close()))


def _recorded_close(record: Record) -> Mapping[str, object] | None:
    """The end of a connection as an event, None for any other record."""
    event = event_of(record.frame) if record.sender == "local" else None
    return event if event is not None and event.get("type") == CLOSED else None


def _end_of(close: Mapping[str, object]) -> ConnectionClosed:
    code, reason = close.get("code"), close.get("reason")
    known = code if isinstance(code, int) else ABNORMAL if close.get("by") == "network" else NORMAL
    return closed_by_peer(Close(known, reason if isinstance(reason, str) else ""))


class _Pace:
    """When a cue is due: as long after the frames before it as in the log, divided by the speed."""

    def __init__(self, speed: float | None, start_ns: int | None) -> None:
        self._speed = speed
        self._last_at_ns = start_ns
        self._last_s: float | None = None
        self._heard_s: list[float] = []

    def heard(self, matched: int) -> None:
        """Note the time at which the client's records up to `matched` were sent."""
        if self._speed is not None:
            now_s = self._started()
            self._heard_s.extend(now_s for _ in range(matched - len(self._heard_s)))

    def said(self, cue: _Cue) -> None:
        """Note that the server said a cue now."""
        if self._speed is not None and cue.at_ns is not None:
            self._last_s, self._last_at_ns = anyio.current_time(), cue.at_ns

    def wait_s(self, cue: _Cue) -> float:
        """Seconds until a cue whose gate is open is due; 0 when it is due, or has no time."""
        if self._speed is None:
            return 0
        now_s = self._started()
        after_last_s = self._after_s(self._last_s, self._last_at_ns, cue)
        after_heard_s = self._after_s(self._heard_s[cue.gate - 1] if cue.gate else None, cue.gate_at_ns, cue)
        return max(0, after_last_s - now_s, after_heard_s - now_s)

    def _started(self) -> float:
        now_s = anyio.current_time()
        if self._last_s is None:
            self._last_s = now_s
        return now_s

    def _after_s(self, then_s: float | None, then_ns: int | None, cue: _Cue) -> float:
        if self._speed is None or then_s is None or then_ns is None or cue.at_ns is None:
            return 0
        return then_s + (cue.at_ns - then_ns) / 1e9 / self._speed

"""How a session goes on when its connection does not: what is chosen, and what is kept meanwhile. Pure.

The server keeps nothing (DOSSIER §4.9). A new connection is a new session there, to which everything is said again.
"""

import random
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from realtime_sdk.session.requests import Ticket

__all__ = ["Continuity", "Gap", "KeptSettings"]


@dataclass(frozen=True, kw_only=True)
class Continuity:
    """What to do about a connection that breaks, or that reaches its longest duration.

    After a break, up to `attempts` connections are tried, after `first_delay_s`, then twice that, …, at most
    `longest_delay_s`; `jitter` is the share of a delay that is left to chance. `rollover_before_s`: so long before the
    session expires a new one is made ready, which takes over at the next quiet moment; None waits for the break.
    Audio that the server had not taken as a turn yet is sent again, and what is appended in between is kept, up to
    `gap_audio_bytes`, the oldest is lost first. `answer_again`: have
    the assistant answer what the user said last, if nobody has. `timeout`: seconds for a new session to stand.
    """

    attempts: int = 6
    first_delay_s: float = 0.25
    longest_delay_s: float = 8.0
    jitter: float = 0.5
    rollover_before_s: float | None = 120.0
    gap_audio_bytes: int = 10 * 48_000
    answer_again: bool = False
    timeout: float = 30.0
    chance: Callable[[], float] = field(default=random.random, repr=False)
    wall_s: Callable[[], float] = field(default=time.time, repr=False)

    def delay_s(self, attempt: int) -> float:
        """How long to wait before the nth attempt (from 0)."""
        whole = min(self.first_delay_s * float(2**attempt), self.longest_delay_s)
        return whole * (1 - self.jitter * self.chance())


class Gap:
    """Audio that came while there was no connection, oldest first, within a bound."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self.lost_bytes = 0
        """How much did not fit, since it was last asked for."""

    def add(self, sound: bytes) -> None:
        """Keep a piece; what is too much goes, oldest first."""
        self._pieces.append(sound)
        self._size += len(sound)
        while self._size > self._limit_bytes:
            dropped = self._pieces.popleft()
            self._size -= len(dropped)
            self.lost_bytes += len(dropped)

    def put_back(self, pieces: Sequence[bytes], *, unsent_bytes: int) -> None:
        """Older pieces, to be sent again before the others; `unsent_bytes` of still older ones are not there."""
        later = tuple(self._pieces)
        self._pieces.clear()
        self._size = 0
        self.lost_bytes += unsent_bytes
        for piece in (*pieces, *later):
            self.add(piece)

    def take(self) -> bytes | None:
        """The oldest piece, None if there is no more."""
        if not self._pieces:
            return None
        piece = self._pieces.popleft()
        self._size -= len(piece)
        return piece

    def take_lost(self) -> int:
        """How many bytes were lost; they are told of once."""
        lost, self.lost_bytes = self.lost_bytes, 0
        return lost


class KeptSettings:
    """The settings that a server took, all updates in one: what a new session begins with."""

    def __init__(self) -> None:
        self._session: dict[str, Any] = {}

    @property
    def session(self) -> Mapping[str, Any]:
        """The body of one `session.update` that says it all; empty if nothing was ever set."""
        return self._session

    def settled(self, ticket: Ticket) -> None:
        """An update was answered: taken, it counts; refused, it does not."""
        if ticket.answer is not None:
            session = ticket.question.session
            said = session.raw if hasattr(session, "raw") else session.model_dump(mode="json", exclude_unset=True)
            self._session = merged(self._session, said)


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Two settings as a server takes them one after the other: objects are merged, all else is replaced."""
    result = dict(old)
    for key, value in new.items():
        result[key] = _merged_value(result.get(key), value)
    return result


def _merged_value(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        before, after = cast("dict[str, Any]", old), cast("dict[str, Any]", new)
        return merged(before, after) if before.get("type") == after.get("type", before.get("type")) else after
    return new

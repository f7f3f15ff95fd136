"""What was appended to a server's input buffer and is gone with its connection, since it became no turn. Pure.

Without voice detection that is all since the last commit; with it what belongs to the speech that goes on, and after
one the last second, in which another may have begun.
"""

from collections import deque
from typing import Final, NamedTuple

from realtime_sdk.state import RealtimeState
from realtime_sdk.state.reducers.wire_items import bytes_per_ms
from realtime_sdk.state.values import PCM_BYTES_PER_MS

__all__ = ["Owed", "SentAudio", "owed"]

_UNDECIDED_MS: Final = 1_000


class Owed(NamedTuple):
    """Audio that a new server should get again: the pieces, and how many bytes before them are not kept any more."""

    pieces: tuple[bytes, ...]
    unsent_bytes: int


class SentAudio:
    """The audio that was sent last, within a bound; each piece with how much had been sent when it was."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._pieces: deque[tuple[int, bytes]] = deque()
        self._size = 0

    def add(self, sound: bytes, *, total_bytes: int) -> None:
        """A piece was sent, and `total_bytes` with it in all."""
        self._pieces.append((total_bytes, sound))
        self._size += len(sound)
        while self._size > self._limit_bytes:
            self._size -= len(self._pieces.popleft()[1])

    def since(self, start: int) -> tuple[bytes, ...]:
        """What was sent after the first `start` bytes; the piece in which that is, is cut."""
        found = ((total - len(sound), sound) for total, sound in self._pieces if total > start)
        return tuple(sound[max(0, start - began) :] for began, sound in found)


def owed(state: RealtimeState, sent: SentAudio, *, opened_at: int) -> Owed:
    """What the connection that broke took with it; it was opened when `opened_at` bytes had been sent."""
    start, is_known = _start(state, opened_at)
    pieces = sent.since(start)
    unsent = state.sent_audio_bytes - start - sum(map(len, pieces))
    return Owed(pieces, unsent if is_known else 0)


def _start(state: RealtimeState, opened_at: int) -> tuple[int, bool]:
    """Where in all that was sent the lost audio begins, and whether it is known that there was something in it."""
    audio = state.input_audio
    emptied_at = max(audio.emptied_at, opened_at)
    given = getattr(getattr(state.session, "audio", None), "input", None)
    if getattr(given, "turn_detection", None) is None:
        return emptied_at, True
    rate = bytes_per_ms(getattr(given, "format", None)) or PCM_BYTES_PER_MS
    speech = audio.speech
    if speech is None:
        return emptied_at, False
    if speech.start_ms is not None and speech.item_id not in tuple(audio.commits[-8:]):
        return min(max(opened_at + speech.start_ms * rate, emptied_at), state.sent_audio_bytes), True
    return max(emptied_at, state.sent_audio_bytes - _UNDECIDED_MS * rate), False

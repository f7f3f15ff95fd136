"""The sound of a session as Kani's users have it: mono PCM16 at 24 kHz, whatever goes over the wire. No device."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from realtime_sdk.audio.formats import PCM, WireFormat, wire_format
from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.errors import AudioFormatError
from realtime_sdk.state import InputAudio, RealtimeState

__all__ = ["MicrophoneTape", "Sound24k", "Voices", "input_wire", "output_wire"]

_LONGEST_S: Final = 300


@dataclass(frozen=True, slots=True)
class Sound24k:
    """A piece of an item's sound, as a player takes it."""

    item_id: str
    content_index: int
    pcm: bytes


def input_wire(state: RealtimeState) -> WireFormat:
    """The format in which the session takes the user's sound."""
    return _wire(state, "input")


def output_wire(state: RealtimeState) -> WireFormat:
    """The format in which the session gives the assistant's."""
    return _wire(state, "output")


def _wire(state: RealtimeState, direction: str) -> WireFormat:
    given = getattr(getattr(getattr(state.session, "audio", None), direction, None), "format", None)
    try:
        return wire_format(getattr(given, "type", None))
    except AudioFormatError:
        return PCM


class Voices:
    """The assistant's sound, item by item: each delta as 24 kHz PCM16, and all of an item kept, up to five minutes."""

    def __init__(self, *, keep: bool = True) -> None:
        self._keep = keep
        self._recoders: dict[str, Recoder] = {}
        self._pieces: dict[str, list[bytes]] = {}
        self._sizes: dict[str, int] = {}

    def take(self, delta: Any, state: RealtimeState) -> bytes:
        """The sound of a delta."""
        wire = output_wire(state)
        sound: bytes = delta.pcm
        if wire != PCM:
            recoder = self._recoders.get(delta.item_id) or self._recoders.setdefault(delta.item_id, Recoder(wire))
            sound = recoder.feed(sound)
        size = self._sizes.get(delta.item_id, 0)
        if self._keep and size < _LONGEST_S * PCM16_24K.bytes_per_second:
            self._pieces.setdefault(delta.item_id, []).append(sound)
            self._sizes[delta.item_id] = size + len(sound)
        return sound

    def of(self, item_id: str) -> bytes:
        """All that came of an item, which is forgotten then."""
        recoder = self._recoders.pop(item_id, None)
        rest = recoder.finish() if recoder is not None else b""
        self._sizes.pop(item_id, None)
        return b"".join([*self._pieces.pop(item_id, ()), rest])


class MicrophoneTape:
    """What the microphone gave, at the session's own count of time; the last five minutes of it."""

    def __init__(self, begins_ms: int) -> None:
        self._pcm = bytearray()
        self._begins = PCM16_24K.bytes_in_ms(begins_ms)

    def add(self, pcm: bytes) -> None:
        """Sound that was sent."""
        self._pcm += pcm
        surplus = len(self._pcm) - _LONGEST_S * PCM16_24K.bytes_per_second
        if surplus > 0:
            del self._pcm[:surplus]
            self._begins += surplus

    def of(self, item_id: str, audio: InputAudio, ms_of: Callable[[int], int]) -> bytes:
        """The sound that became an item; empty where nobody knows which it was. `ms_of` counts bytes of the wire."""
        for speech in (*audio.speeches, *([audio.speech] if audio.speech else ())):
            if speech.item_id == item_id and speech.start_ms is not None and speech.end_ms is not None:
                return self._between(speech.start_ms, speech.end_ms)
        length_ms = audio.lengths.get(item_id)
        end_ms = ms_of(audio.emptied_at)
        return b"" if length_ms is None else self._between(end_ms - length_ms, end_ms)

    def _between(self, start_ms: int, end_ms: int) -> bytes:
        first, last = (PCM16_24K.bytes_in_ms(max(ms, 0)) - self._begins for ms in (start_ms, end_ms))
        return bytes(self._pcm[max(first, 0) : max(last, 0)])

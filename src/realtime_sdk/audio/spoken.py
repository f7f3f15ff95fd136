"""The sound of a session's items as mono PCM16 at 24 kHz, whatever goes over the wire; five minutes of each are kept.

For whoever wants the sound of an item beside its words. Bounded; no device, no clock.
"""

from dataclasses import dataclass
from typing import Any, Final

from realtime_sdk.audio.formats import PCM
from realtime_sdk.audio.pcm import PCM16_24K
from realtime_sdk.audio.resample import Recoder
from realtime_sdk.audio.wires import input_wire, output_wire
from realtime_sdk.state import RealtimeState

__all__ = ["MicrophoneTape", "Sound24k", "Voices"]

_LONGEST: Final = 300 * PCM16_24K.bytes_per_second


@dataclass(frozen=True, slots=True)
class Sound24k:
    """A piece of an item's sound as a player takes it, in place of the delta that it came in."""

    item_id: str
    content_index: int
    pcm: bytes


class Voices:
    """The assistant's sound, item by item: each delta as 24 kHz PCM16, and with `keep` all of an item."""

    def __init__(self, *, keep: bool = True) -> None:
        self._keep = keep
        self._recoders: dict[str, Recoder] = {}
        self._kept: dict[str, bytearray] = {}

    def take(self, delta: Any, state: RealtimeState) -> bytes:
        """The sound of a `response.output_audio.delta` of a session in this state."""
        wire = output_wire(state)
        sound: bytes = delta.pcm
        if wire != PCM:
            recoder = self._recoders.get(delta.item_id) or self._recoders.setdefault(delta.item_id, Recoder(wire))
            sound = recoder.feed(sound)
        kept = self._kept.setdefault(delta.item_id, bytearray())
        if self._keep and len(kept) < _LONGEST:
            kept += sound
        return sound

    def of(self, item_id: str) -> bytes:
        """All that came of an item, which is forgotten then."""
        recoder = self._recoders.pop(item_id, None)
        rest = recoder.finish() if recoder is not None else b""
        return bytes(self._kept.pop(item_id, b"") + rest)


class MicrophoneTape:
    """What a microphone gave, at the session's own count of time; the last five minutes of it.

    Begins where the session is in `state`. Add what is sent from then on, as 24 kHz PCM16.
    """

    def __init__(self, state: RealtimeState) -> None:
        self._pcm = bytearray()
        self._begins = PCM16_24K.bytes_in_ms(input_wire(state).ms_in_bytes(state.sent_audio_bytes))

    def add(self, pcm: bytes) -> None:
        """Sound that was sent."""
        self._pcm += pcm
        surplus = len(self._pcm) - _LONGEST
        if surplus > 0:
            del self._pcm[:surplus]
            self._begins += surplus

    def of(self, item_id: str, state: RealtimeState) -> bytes:
        """The sound that became an item; empty where nobody knows which it was."""
        audio = state.input_audio
        for speech in (*audio.speeches, *([audio.speech] if audio.speech else ())):
            if speech.item_id == item_id and speech.start_ms is not None and speech.end_ms is not None:
                return self._between(speech.start_ms, speech.end_ms)
        length_ms = audio.lengths.get(item_id)
        end_ms = input_wire(state).ms_in_bytes(audio.emptied_at)
        return b"" if length_ms is None else self._between(end_ms - length_ms, end_ms)

    def _between(self, start_ms: int, end_ms: int) -> bytes:
        first, last = (PCM16_24K.bytes_in_ms(max(ms, 0)) - self._begins for ms in (start_ms, end_ms))
        return bytes(self._pcm[max(first, 0) : max(last, 0)])

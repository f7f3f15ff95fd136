"""Sound on the wire ↔ sound inside. Inside all of it is mono PCM16 at 24 kHz, 48 bytes a millisecond.

G.711 is widened by saying each sample three times, and narrowed by the mean of three: what a client sent comes back
to it as it was.
"""

from array import array

from realtime_sdk.audio.g711 import alaw_to_pcm16, pcm16_to_alaw, pcm16_to_ulaw, ulaw_to_pcm16
from realtime_sdk.audio.pcm import PCM16_24K, pcm16

__all__ = ["BYTES_PER_MS", "CODECS", "from_wire", "ms_of", "to_wire"]

BYTES_PER_MS = PCM16_24K.bytes_in_ms(1)
_TIMES = 3  # 24 kHz inside, 8 kHz in G.711


def ms_of(size: int) -> int:
    """Whole milliseconds in so many bytes of inner sound."""
    return size // BYTES_PER_MS


def from_wire(sound: bytes, kind: str) -> bytes:
    """Inner sound from bytes in an audio format (`audio/pcm`, `audio/pcmu`, `audio/pcma`)."""
    match kind:
        case "audio/pcmu":
            return _widen(ulaw_to_pcm16(sound))
        case "audio/pcma":
            return _widen(alaw_to_pcm16(sound))
        case _:
            return sound


def to_wire(pcm: bytes, kind: str) -> bytes:
    """Inner sound as bytes in an audio format."""
    match kind:
        case "audio/pcmu":
            return pcm16_to_ulaw(_narrow(pcm))
        case "audio/pcma":
            return pcm16_to_alaw(_narrow(pcm))
        case _:
            return pcm


CODECS = ("audio/pcm", "audio/pcmu", "audio/pcma")


def _widen(pcm_8k: bytes) -> bytes:
    samples = pcm16(pcm_8k)
    wide = array("h", bytes(2 * _TIMES * len(samples)))
    for place in range(_TIMES):
        wide[place::_TIMES] = samples
    return _little_endian(wide)


def _narrow(pcm: bytes) -> bytes:
    samples = pcm16(pcm)
    whole = len(samples) - len(samples) % _TIMES
    first, second, third = (samples[place:whole:_TIMES] for place in range(_TIMES))
    return _little_endian(array("h", [(a + b + c) // _TIMES for a, b, c in zip(first, second, third, strict=True)]))


def _little_endian(samples: "array[int]") -> bytes:
    # pcm16 swaps on big-endian machines, and swapping twice is none
    return pcm16(samples.tobytes()).tobytes()

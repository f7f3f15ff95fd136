"""The protocol's audio formats by their wire names, each with its size a millisecond and its way to PCM16 and back.

A table, no numpy. The GA names (`audio/pcm`, `audio/pcmu`, `audio/pcma`) and the beta names (`pcm16`, `g711_ulaw`,
`g711_alaw`) mean the same three formats.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from realtime_sdk.audio.g711 import (
    ALAW_SILENCE,
    ULAW_SILENCE,
    alaw_to_pcm16,
    pcm16_to_alaw,
    pcm16_to_ulaw,
    ulaw_to_pcm16,
)
from realtime_sdk.audio.pcm import PcmFormat
from realtime_sdk.errors import AudioFormatError

__all__ = ["PCM", "PCMA", "PCMU", "WIRE_FORMATS", "WireFormat", "wire_format"]


def _same(sound: bytes) -> bytes:
    return sound


@dataclass(frozen=True, slots=True)
class WireFormat:
    """One mono format of the wire: `name` as in the GA protocol, rate in Hz, bytes a sample.

    `to_pcm16` and `from_pcm16` keep the rate; both want whole samples (see `Joiner`).
    """

    name: str
    rate_hz: int
    sample_size: int
    silent_byte: int = 0
    to_pcm16: Callable[[bytes], bytes] = field(default=_same, repr=False, compare=False)
    from_pcm16: Callable[[bytes], bytes] = field(default=_same, repr=False, compare=False)

    @property
    def layout(self) -> PcmFormat:
        """Sizes and durations of the bytes on the wire (for G.711 one byte a sample)."""
        return PcmFormat(self.rate_hz, 1, self.sample_size)

    @property
    def pcm(self) -> PcmFormat:
        """The PCM16 that `to_pcm16` gives and `from_pcm16` takes."""
        return PcmFormat(self.rate_hz)

    @property
    def bytes_per_ms(self) -> int:
        """48 for PCM16 at 24 kHz, 8 for G.711."""
        return self.rate_hz * self.sample_size // 1_000

    def bytes_in_ms(self, ms: int) -> int:
        """The size of `ms` on the wire."""
        return self.layout.bytes_in_ms(ms)

    def ms_in_bytes(self, size: int) -> int:
        """Whole milliseconds in `size` bytes of the wire."""
        return self.layout.ms_in_bytes(size)

    def silence(self, ms: int) -> bytes:
        """`ms` of silence, coded for the wire."""
        return bytes([self.silent_byte]) * self.bytes_in_ms(ms)


PCM = WireFormat("audio/pcm", 24_000, 2)
PCMU = WireFormat("audio/pcmu", 8_000, 1, ULAW_SILENCE, ulaw_to_pcm16, pcm16_to_ulaw)
PCMA = WireFormat("audio/pcma", 8_000, 1, ALAW_SILENCE, alaw_to_pcm16, pcm16_to_alaw)

WIRE_FORMATS: Mapping[str, WireFormat] = MappingProxyType(
    {
        "audio/pcm": PCM,
        "audio/pcmu": PCMU,
        "audio/pcma": PCMA,
        "pcm16": PCM,
        "g711_ulaw": PCMU,
        "g711_alaw": PCMA,
    }
)


def wire_format(name: str | None, *, rate_hz: int | None = None) -> WireFormat:
    """The format of a wire name, GA or beta; None means `audio/pcm`, as on the wire.

    `rate_hz` changes the rate of `audio/pcm` (servers that take 16 kHz); G.711 is 8 kHz always.
    Raises AudioFormatError for an unknown name, or another rate for G.711.
    """
    known = WIRE_FORMATS.get(name or "audio/pcm")
    if known is None:
        raise AudioFormatError(f"unknown audio format {name!r}; known are {', '.join(WIRE_FORMATS)}")
    if rate_hz is None or rate_hz == known.rate_hz:
        return known
    if known is not PCM:
        raise AudioFormatError(f"{known.name} has 8000 Hz, not {rate_hz}")
    return replace(known, rate_hz=PcmFormat(rate_hz).rate_hz)

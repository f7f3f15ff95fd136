"""Sounds for the tests of this room."""

import math
import struct

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat


def tone(ms: int, pcm_format: PcmFormat = PCM16_24K, *, hz: int = 440, amplitude: int = 12_000) -> bytes:
    """A sine in PCM16, alike on all channels."""
    count = pcm_format.samples_in_ms(ms)
    wave = [round(amplitude * math.sin(2 * math.pi * hz * n / pcm_format.rate_hz)) for n in range(count)]
    spread = [value for value in wave for _ in range(pcm_format.channels)]
    return struct.pack(f"<{len(spread)}h", *spread)

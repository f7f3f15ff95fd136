"""Sounds for the tests of this room."""

import math
import struct
from importlib.resources import files

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat
from realtime_sdk.audio.wav import read_wav


def tone(ms: int, pcm_format: PcmFormat = PCM16_24K, *, hz: int = 440, amplitude: int = 12_000) -> bytes:
    """A sine in PCM16, alike on all channels."""
    count = pcm_format.samples_in_ms(ms)
    wave = [round(amplitude * math.sin(2 * math.pi * hz * n / pcm_format.rate_hz)) for n in range(count)]
    spread = [value for value in wave for _ in range(pcm_format.channels)]
    return struct.pack(f"<{len(spread)}h", *spread)


def clip(name: str) -> bytes:
    """What is spoken in a shipped clip, PCM16 at 24 kHz."""
    with (files("realtime_sdk") / "simulator" / "clips" / f"{name}.wav").open("rb") as file:
        return read_wav(file).pcm

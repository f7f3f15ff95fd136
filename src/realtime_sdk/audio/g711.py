"""G.711 µ-law and A-law ↔ PCM16, bit-exact for every value (ITU-T G.711, 8 kHz telephony). Tables only, no numpy.

A byte of G.711 is one sample. Decoding splits the table into low and high bytes, so that `bytes.translate` does
the work; encoding looks every sample up in a table of 65,536 entries, which is built at its first use.
"""

from functools import cache
from itertools import chain
from struct import pack

from realtime_sdk.audio.pcm import pcm16

__all__ = ["ALAW_SILENCE", "ULAW_SILENCE", "alaw_to_pcm16", "pcm16_to_alaw", "pcm16_to_ulaw", "ulaw_to_pcm16"]

ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5

_ULAW_BIAS = 33  # G.711 table 2, in 14-bit units
_ULAW_CLIP = 8_158


def ulaw_to_pcm16(ulaw: bytes) -> bytes:
    """Little-endian PCM16, twice as long as `ulaw`."""
    return widened(ulaw, *_ULAW_BYTES)


def alaw_to_pcm16(alaw: bytes) -> bytes:
    """Little-endian PCM16, twice as long as `alaw`."""
    return widened(alaw, *_ALAW_BYTES)


def pcm16_to_ulaw(pcm: bytes) -> bytes:
    """One byte for each sample of little-endian PCM16; a torn sample at the end is left out."""
    codes = _ulaw_codes()
    return bytes([codes[sample] for sample in pcm16(pcm)])


def pcm16_to_alaw(pcm: bytes) -> bytes:
    """One byte for each sample of little-endian PCM16; a torn sample at the end is left out."""
    codes = _alaw_codes()
    return bytes([codes[sample] for sample in pcm16(pcm)])


def widened(codes: bytes, low: bytes, high: bytes) -> bytes:
    """Little-endian PCM16 by two tables: the low and the high byte of each code's sample."""
    pcm = bytearray(2 * len(codes))
    pcm[0::2] = codes.translate(low)
    pcm[1::2] = codes.translate(high)
    return bytes(pcm)


def _ulaw_sample(code: int) -> int:
    code ^= 0xFF
    segment, step = code >> 4 & 7, code & 0x0F
    magnitude = ((2 * step + _ULAW_BIAS) << segment) - _ULAW_BIAS
    return 4 * (-magnitude if code & 0x80 else magnitude)


def _alaw_sample(code: int) -> int:
    code ^= 0x55
    segment, step = code >> 4 & 7, code & 0x0F
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return 8 * (magnitude if code & 0x80 else -magnitude)


def _ulaw_code(sample: int) -> int:
    value = sample >> 2
    sign, magnitude = (0x80, -value) if value < 0 else (0, value)
    biased = min(magnitude, _ULAW_CLIP) + _ULAW_BIAS
    segment = biased.bit_length() - 6
    return (sign | segment << 4 | biased >> (segment + 1) & 0x0F) ^ 0xFF


def _alaw_code(sample: int) -> int:
    value = sample >> 3
    sign, magnitude = (0, ~value) if value < 0 else (0x80, value)
    segment = max(magnitude.bit_length() - 5, 0)
    return (sign | segment << 4 | magnitude >> max(segment, 1) & 0x0F) ^ 0x55


# Indexed by the sample itself: the negative half stands at the end, where Python's negative indices find it.
@cache
def _ulaw_codes() -> bytes:
    return bytes(map(_ulaw_code, chain(range(32_768), range(-32_768, 0))))


@cache
def _alaw_codes() -> bytes:
    return bytes(map(_alaw_code, chain(range(32_768), range(-32_768, 0))))


def low_and_high(samples: list[int]) -> tuple[bytes, bytes]:
    """The tables for `widened`, out of the samples of all codes in order."""
    table = pack(f"<{len(samples)}h", *samples)
    return table[0::2], table[1::2]


_ULAW_BYTES = low_and_high([_ulaw_sample(code) for code in range(256)])
_ALAW_BYTES = low_and_high([_alaw_sample(code) for code in range(256)])

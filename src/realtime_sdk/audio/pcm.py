"""Linear PCM as bytes: sizes, durations, silence, chunks. Integers only: no numpy, no clock, no I/O.

One *sample* is one moment of all channels (`channels * sample_width` bytes). Milliseconds round up to
samples and samples round down to milliseconds, so `ms → samples → ms` gives back the same number at
every rate from 1 kHz up.
"""

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from realtime_sdk.errors import AudioFormatError

__all__ = ["PCM16_8K", "PCM16_16K", "PCM16_24K", "PCM16_48K", "Chunker", "Joiner", "PcmFormat", "chunks", "pcm16"]


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """Interleaved signed little-endian PCM: rate in Hz, channels, bytes a sample of one channel (1 to 4).

    Raises AudioFormatError on a rate below 1 kHz, no channel, or a width outside 1 to 4.
    """

    rate_hz: int = 24_000
    channels: int = 1
    sample_width: int = 2

    def __post_init__(self) -> None:
        if self.rate_hz < 1_000 or self.channels < 1 or not 1 <= self.sample_width <= 4:
            raise AudioFormatError(f"no PCM format: {self.rate_hz} Hz, {self.channels} channels, {self.sample_width} B")

    @property
    def sample_size(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.sample_width

    @property
    def bytes_per_second(self) -> int:
        """Bytes of one second of sound."""
        return self.rate_hz * self.sample_size

    def samples_in_ms(self, ms: int) -> int:
        """The fewest samples that last `ms`; exact at 8, 16, 24 and 48 kHz."""
        return -(-ms * self.rate_hz // 1_000)

    def bytes_in_ms(self, ms: int) -> int:
        """The size of `samples_in_ms(ms)`: 48 a millisecond at 24 kHz mono PCM16."""
        return self.samples_in_ms(ms) * self.sample_size

    def samples_in_bytes(self, size: int) -> int:
        """Whole samples in `size` bytes; a torn sample at the end does not count."""
        return size // self.sample_size

    def ms_in_samples(self, samples: int) -> int:
        """Whole milliseconds that `samples` last."""
        return samples * 1_000 // self.rate_hz

    def ms_in_bytes(self, size: int) -> int:
        """Whole milliseconds that `size` bytes last."""
        return self.ms_in_samples(self.samples_in_bytes(size))

    def seconds_in_bytes(self, size: int) -> Fraction:
        """Exactly how long the whole samples in `size` bytes last."""
        return Fraction(self.samples_in_bytes(size), self.rate_hz)

    def silence(self, ms: int) -> bytes:
        """`ms` of silence (zeros)."""
        return bytes(self.bytes_in_ms(ms))


PCM16_8K = PcmFormat(8_000)
PCM16_16K = PcmFormat(16_000)
PCM16_24K = PcmFormat(24_000)
PCM16_48K = PcmFormat(48_000)


def pcm16(pcm: bytes) -> "array[int]":
    """The numbers in little-endian PCM16, -32768 to 32767. A torn sample at the end is left out."""
    samples = array("h", pcm[: len(pcm) & ~1])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def chunks(pcm: bytes, size: int) -> Iterator[bytes]:
    """`pcm` in pieces of `size` bytes; the last one may be shorter. Nothing for no bytes."""
    return (pcm[start : start + size] for start in range(0, len(pcm), size))


class Joiner:
    """Whole samples out of pieces cut anywhere: an odd byte waits for its other half.

    The outputs of `feed`, joined, are the joined inputs up to the last whole sample.
    """

    __slots__ = ("_rest", "_sample_size")

    def __init__(self, sample_size: int = 2) -> None:
        self._sample_size = sample_size
        self._rest = b""

    @property
    def waiting(self) -> int:
        """Bytes of the torn sample that waits, fewer than one sample."""
        return len(self._rest)

    def feed(self, piece: bytes) -> bytes:
        """All samples that are whole now; may be empty."""
        joined = self._rest + piece if self._rest else piece
        whole = len(joined) - len(joined) % self._sample_size
        self._rest = joined[whole:]
        return joined if whole == len(joined) else joined[:whole]

    def finish(self) -> bytes:
        """The bytes of a sample that never became whole (empty if the stream was sound), and starts anew."""
        rest, self._rest = self._rest, b""
        return rest


class Chunker:
    """Pieces of exactly `size` bytes out of pieces of any size."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._rest = b""

    @property
    def waiting(self) -> int:
        """Bytes that wait for a full piece."""
        return len(self._rest)

    def feed(self, piece: bytes) -> list[bytes]:
        """All pieces that are full now, oldest first; may be empty."""
        joined = self._rest + piece if self._rest else piece
        full = len(joined) - len(joined) % self._size
        self._rest = joined[full:]
        return [joined[start : start + self._size] for start in range(0, full, self._size)]

    def finish(self) -> bytes:
        """What waits, shorter than a piece, and starts anew."""
        rest, self._rest = self._rest, b""
        return rest

"""A long stretch of mono PCM16, written anywhere and read in blocks. In memory up to a bound, then in a temporary file.

What was never written is silence. No numpy, no clock.
"""

from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Self

from realtime_sdk.audio.pcm import PCM16_24K, PcmFormat

__all__ = ["Tape"]

_IN_MEMORY = 8 << 20
_PIECE_MS = 1_000


class Tape:
    """Sound on a time line of samples, which starts at 0. Close it: its temporary file goes with it."""

    def __init__(self, pcm_format: PcmFormat = PCM16_24K, *, in_memory: int = _IN_MEMORY) -> None:
        self.pcm_format = pcm_format
        self.samples: int = 0
        self._file = SpooledTemporaryFile(in_memory)  # noqa: SIM115 - it lives as long as its tape

    @property
    def duration_ms(self) -> int:
        """From 0 to the end of the last sound written, in whole milliseconds."""
        return self.pcm_format.ms_in_samples(self.samples)

    def write(self, at: int, pcm: bytes) -> None:
        """Put whole samples at sample `at`, over what is there."""
        if not pcm:
            return
        self._file.seek(2 * at)
        self._file.write(pcm)
        self.samples = max(self.samples, at + len(pcm) // 2)

    def silence(self, start: int, end: int) -> None:
        """Make it silent from sample `start` to before sample `end`. The length stays."""
        end = min(end, self.samples)
        step = self.pcm_format.samples_in_ms(_PIECE_MS)
        for at in range(start, end, step):
            self.write(at, bytes(2 * (min(at + step, end) - at)))

    def trim(self, end: int) -> None:
        """End the tape at sample `end`, if it is longer."""
        if end < self.samples:
            self._file.truncate(2 * end)
            self.samples = end

    def read(self, start: int, count: int) -> bytes:
        """`count` samples from sample `start`, silence beyond the end."""
        self._file.seek(2 * start)
        return self._file.read(2 * count).ljust(2 * count, b"\0")

    def blocks(self, samples: int, *, end: int | None = None) -> Iterator[bytes]:
        """The whole tape in blocks of `samples`, up to sample `end` (its own end if None); the last may be shorter."""
        end = self.samples if end is None else end
        for start in range(0, end, samples):
            yield self.read(start, min(samples, end - start))

    def close(self) -> None:
        """Give back memory and file; closing twice does nothing."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

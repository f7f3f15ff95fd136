"""How loud a piece of sound is, for level meters: peak and RMS. No numpy, no state."""

from dataclasses import dataclass
from math import log10, sqrt
from operator import mul

from realtime_sdk.audio.pcm import pcm16

__all__ = ["Level", "level"]

_FULL_SCALE = 32_768
FLOOR_DBFS = -96.0


@dataclass(frozen=True, slots=True)
class Level:
    """Loudness of a piece of sound, 0 (silence) to 1 (full scale)."""

    peak: float = 0.0
    rms: float = 0.0

    @property
    def peak_dbfs(self) -> float:
        """The peak in decibels below full scale, -96 at the least."""
        return _dbfs(self.peak)

    @property
    def rms_dbfs(self) -> float:
        """The RMS in decibels below full scale, -96 at the least."""
        return _dbfs(self.rms)


def level(pcm: bytes) -> Level:
    """Peak and RMS of PCM16 of any channel count; a torn sample at the end is left out."""
    samples = pcm16(pcm)
    if not samples:
        return Level()
    peak = max(max(samples), -min(samples))
    power = sum(map(mul, samples, samples)) / len(samples)
    return Level(peak / _FULL_SCALE, sqrt(power) / _FULL_SCALE)


def _dbfs(value: float) -> float:
    return max(20 * log10(value), FLOOR_DBFS) if value > 0 else FLOOR_DBFS

"""Other rates and channel counts, streaming. soxr in float32, quantised here, so that the same sound gives the same
bytes however it was cut, and all at once. Needs the `audio` extra.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Literal, Protocol

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.floats import from_floats, to_channels, to_floats
from realtime_sdk.audio.formats import PCM, WireFormat
from realtime_sdk.audio.pcm import PCM16_24K, Joiner, PcmFormat

if TYPE_CHECKING:
    import numpy as np

    from realtime_sdk.audio.floats import Floats
else:
    np = Extra("numpy", extra="audio")

__all__ = ["FloatResampler", "FloatsToPcm", "Quality", "Recoder", "Resampler", "resample"]

soxr = Extra("soxr", extra="audio")

Quality = Literal["QQ", "LQ", "MQ", "HQ", "VHQ"]


class _Stream(Protocol):
    def resample_chunk(self, x: Floats, last: bool = ...) -> Floats: ...  # noqa: FBT001 - soxr's


class FloatResampler:
    """Floats of shape (samples, channels) from one rate to another; equal to one call over the whole sound."""

    def __init__(self, from_hz: int, to_hz: int, *, channels: int = 1, quality: Quality = "HQ") -> None:
        self._rates = (from_hz, to_hz)
        self._channels = channels
        self._quality = quality
        self._stream: _Stream | None = self._fresh()
        self._taken = 0
        self._given = 0

    @property
    def delay_ms(self) -> int:
        """Sound that was fed and is still inside, in whole milliseconds."""
        from_hz, to_hz = self._rates
        return int((Fraction(self._taken, from_hz) - Fraction(self._given, to_hz)) * 1_000)

    def feed(self, samples: Floats) -> Floats:
        """What is ready at the new rate; may be empty, comes later by `delay_ms`."""
        return self._step(samples, last=False)

    def finish(self) -> Floats:
        """What was still inside, and starts anew."""
        rest = self._step(np.zeros((0, self._channels), np.float32), last=True)
        self._stream, self._taken, self._given = self._fresh(), 0, 0
        return rest

    def _step(self, samples: Floats, *, last: bool) -> Floats:
        ready = samples if self._stream is None else self._stream.resample_chunk(samples, last)
        self._taken += len(samples)
        self._given += len(ready)
        return ready

    def _fresh(self) -> _Stream | None:
        from_hz, to_hz = self._rates
        if from_hz == to_hz:
            return None
        stream: _Stream = soxr.ResampleStream(from_hz, to_hz, self._channels, "float32", self._quality)
        return stream


class FloatsToPcm:
    """Floats of one rate and channel count to PCM of another; the end of every way into a session and into a file."""

    def __init__(self, from_hz: int, channels: int, target: PcmFormat, *, quality: Quality = "HQ") -> None:
        self._target = target
        # Several channels become one before they are resampled, and one becomes several after.
        self._channels = channels if channels == target.channels else 1
        self._rates = FloatResampler(from_hz, target.rate_hz, channels=self._channels, quality=quality)

    @property
    def delay_ms(self) -> int:
        """Sound that was fed and is still inside, in whole milliseconds."""
        return self._rates.delay_ms

    def feed(self, samples: Floats) -> bytes:
        """What is ready in the target format; may be empty."""
        return self._pcm(self._rates.feed(to_channels(samples, self._channels)))

    def finish(self) -> bytes:
        """What was still inside, and starts anew."""
        return self._pcm(self._rates.finish())

    def _pcm(self, samples: Floats) -> bytes:
        return from_floats(to_channels(samples, self._target.channels), sample_width=self._target.sample_width)


class Resampler:
    """PCM of one format to PCM of another: rate, channels, width. Pieces may be cut anywhere.

    Several channels become one as their mean. Equal formats pass through untouched. The sound lasts as long as before,
    to the sample.
    """

    def __init__(self, source: PcmFormat, target: PcmFormat = PCM16_24K, *, quality: Quality = "HQ") -> None:
        self._source = source
        self._target = target
        self._joiner = Joiner(source.sample_size)
        self._stream = FloatsToPcm(source.rate_hz, source.channels, target, quality=quality)

    @property
    def delay_ms(self) -> int:
        """Sound that was fed and is still inside, in whole milliseconds."""
        return self._stream.delay_ms

    def feed(self, pcm: bytes) -> bytes:
        """What is ready in the target format; may be empty."""
        whole = self._joiner.feed(pcm)
        return whole if self._source == self._target else self._stream.feed(to_floats(whole, self._source))

    def finish(self) -> bytes:
        """What was still inside, and starts anew. A torn sample at the end of the source is left out."""
        self._joiner.finish()
        return b"" if self._source == self._target else self._stream.finish()


class Recoder:
    """From one wire format to another: telephony into a 24 kHz session and back."""

    def __init__(self, source: WireFormat, target: WireFormat = PCM, *, quality: Quality = "HQ") -> None:
        self._source = source
        self._target = target
        self._joiner = Joiner(source.sample_size)
        self._resampler = Resampler(source.pcm, target.pcm, quality=quality)

    @property
    def delay_ms(self) -> int:
        """Sound that was fed and is still inside, in whole milliseconds."""
        return self._resampler.delay_ms

    def feed(self, sound: bytes) -> bytes:
        """What is ready in the target format; may be empty. Equal formats pass through untouched."""
        whole = self._joiner.feed(sound)
        if self._source == self._target:
            return whole
        return self._target.from_pcm16(self._resampler.feed(self._source.to_pcm16(whole)))

    def finish(self) -> bytes:
        """What was still inside, and starts anew."""
        self._joiner.finish()
        return self._target.from_pcm16(self._resampler.finish())


def resample(pcm: bytes, source: PcmFormat, target: PcmFormat = PCM16_24K, *, quality: Quality = "HQ") -> bytes:
    """All of `pcm` in the target format, as long as before; the same bytes as a Resampler's, joined."""
    stream = Resampler(source, target, quality=quality)
    return stream.feed(pcm) + stream.finish()

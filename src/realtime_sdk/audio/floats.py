"""PCM ↔ float32 between -1 and 1, and what is done to floats: channels, gain, mixing. Needs numpy (`audio` extra).

Arrays have the shape (samples, channels). PCM up to 24 bits comes back from floats bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias

from realtime_sdk.audio.extras import Extra
from realtime_sdk.audio.pcm import PcmFormat

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float32]
else:
    np = Extra("numpy", extra="audio")

__all__ = ["from_floats", "gain", "mix", "to_channels", "to_floats"]

_WIDE = 4


def to_floats(pcm: bytes, pcm_format: PcmFormat) -> Floats:
    """Shape (samples, channels), full scale ±1. A torn sample at the end is left out."""
    whole = pcm[: len(pcm) - len(pcm) % pcm_format.sample_size]
    full_scale = np.float32(1 << (8 * pcm_format.sample_width - 1))
    return (_integers(whole, pcm_format.sample_width) / full_scale).reshape(-1, pcm_format.channels)


def from_floats(samples: Floats, *, sample_width: int = 2) -> bytes:
    """Interleaved PCM, rounded to the nearest, halves to even; beyond full scale is clipped, NaN is silence."""
    full_scale = 1 << (8 * sample_width - 1)
    scaled = np.rint(np.nan_to_num(samples.astype(np.float64 if sample_width == _WIDE else np.float32)) * full_scale)
    integers = np.clip(scaled, -full_scale, full_scale - 1)
    pcm: bytes = integers.astype("<i2").tobytes() if sample_width == 2 else _low_bytes(integers, sample_width)
    return pcm


def to_channels(samples: Floats, channels: int) -> Floats:
    """Shape (samples, channels). One channel is spread to all; several become one as their mean, then are spread."""
    present = samples.shape[1]
    if present == channels:
        return samples
    mono = samples if present == 1 else samples.mean(axis=1, dtype=np.float32, keepdims=True)
    return np.repeat(mono, channels, axis=1)


def gain(pcm: bytes, db: float) -> bytes:
    """PCM16 made louder by `db` decibels (softer below 0), clipped at full scale."""
    return from_floats(to_floats(pcm, PcmFormat()) * np.float32(10 ** (db / 20)))


def mix(sounds: Sequence[bytes]) -> bytes:
    """The sum of several PCM16 sounds of one format from one beginning, as long as the longest; clipped."""
    total = np.zeros(max((len(sound) // 2 for sound in sounds), default=0), np.int32)
    for sound in sounds:
        samples = np.frombuffer(sound, "<i2", len(sound) // 2)
        total[: len(samples)] += samples
    return np.clip(total, -32_768, 32_767).astype("<i2").tobytes()


def _integers(pcm: bytes, width: int) -> npt.NDArray[np.float32]:
    if width in (1, 2):
        return np.frombuffer(pcm, f"<i{width}").astype(np.float32)
    # Three bytes go to the upper end of four, so that the sign is in place; the shift brings the value back.
    wide = np.zeros((len(pcm) // width, _WIDE), np.uint8)
    wide[:, _WIDE - width :] = np.frombuffer(pcm, np.uint8).reshape(-1, width)
    return (wide.view("<i4").reshape(-1) >> 8 * (_WIDE - width)).astype(np.float32)


def _low_bytes(integers: npt.NDArray[np.floating], width: int) -> bytes:
    wide = integers.astype("<i4").view(np.uint8).reshape(-1, _WIDE)
    low: bytes = wide[:, :width].tobytes()
    return low

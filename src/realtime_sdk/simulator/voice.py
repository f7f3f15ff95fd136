"""The simulator's voice: tones that last as long as speech would, the same bytes on every machine. Pure.

A character takes 62.5 ms; letters sound, blanks and signs are silent; each voice has its own pitch.
"""

from array import array
from functools import cache, lru_cache
from math import pi, sin

from realtime_sdk.audio.pcm import pcm16

__all__ = ["MS_PER_CHARACTER", "speech", "speech_size"]

MS_PER_CHARACTER = 62.5
_RATE_HZ = 24_000
_SAMPLES = 1_500  # of a character at speed 1; a third of it is whole at 8 kHz too
_FADE_S = 0.006
_VOWELS = frozenset("aeiouyäöüåéèáíóú")


def samples_per_character(speed: float = 1.0) -> int:
    """How many samples at 24 kHz a character takes, when it is spoken `speed` times as fast; divisible by three."""
    return max(round(_SAMPLES / speed / 3), 1) * 3


def speech_size(text: str, *, speed: float = 1.0) -> int:
    """The bytes of PCM16 at 24 kHz that `speech` makes of a text."""
    return 2 * samples_per_character(speed) * len(text)


def speech(text: str, *, voice: str = "alloy", speed: float = 1.0) -> bytes:
    """A text as sound: mono PCM16 at 24 kHz, 62.5 ms a character at speed 1."""
    samples = samples_per_character(speed)
    pitch_hz = 120 + sum(voice.encode()) % 12 * 8
    return b"".join([_sound(character.lower(), pitch_hz, samples) for character in text])


@lru_cache(maxsize=2_048)
def _sound(character: str, pitch_hz: int, samples: int) -> bytes:
    if not character.isalnum():
        return bytes(2 * samples)
    vowel = character in _VOWELS
    formant_hz = 400 + ord(character) % 26 * (40 if vowel else 70)
    loud = 8_000 if vowel else 5_000
    wave = [_moment(place / _RATE_HZ, pitch_hz, formant_hz) for place in range(samples)]
    return _bytes([round(loud * value * edge) for value, edge in zip(wave, _edges(samples), strict=True)])


def _moment(at_s: float, pitch_hz: int, formant_hz: int) -> float:
    return 0.7 * sin(2 * pi * pitch_hz * at_s) + 0.3 * sin(2 * pi * formant_hz * at_s)


@cache
def _edges(samples: int) -> tuple[float, ...]:
    """Fade in and out, so that a character does not click."""
    fade = min(int(_FADE_S * _RATE_HZ), samples // 2) or 1
    return tuple(min(place / fade, (samples - 1 - place) / fade, 1.0) for place in range(samples))


def _bytes(samples: list[int]) -> bytes:
    return pcm16(array("h", samples).tobytes()).tobytes()
